"""Authentication for AWS, Azure and Google, with their own libraries and servers on this machine."""

from __future__ import annotations

import asyncio
import builtins
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

import loginserver
import pytest
from azure.core.credentials import AccessToken
from google.oauth2 import service_account
from upstreams import Script, settings

from gfruntime import AsyncHttpClient, DownstreamError, HttpClient, QueryError, aws_auth, azure_auth, gcp_auth
from gfruntime.logs import masking
from gfruntime.request.incoming import Incoming, enter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")

REGION, ACCESS, SECRET = "eu-north-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS: dict[str, Any] = {
    "data": {"sigV4Auth": True, "sigV4AuthType": "keys", "sigV4Region": REGION},
    "secrets": {"sigV4AccessKey": ACCESS, "sigV4SecretKey": SECRET},
}


@pytest.fixture(autouse=True)
def _no_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the credentials of this machine, and send no request to a cloud."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def expected_signature(request: Mapping[str, Any], secret: str, service: str) -> str:
    """Sign the request that a server received, as AWS documents it: Signature Version 4, "Create a signed request"."""
    headers = {name.lower(): " ".join(value.split()) for name, value in request["headers"].items()}
    fields = dict(part.strip().split("=", 1) for part in headers["authorization"].partition(" ")[2].split(","))
    _, day, region, _, _ = fields["Credential"].split("/")
    names = fields["SignedHeaders"].split(";")
    path, _, query = request["path"].partition("?")
    canonical_path = quote(unquote(path) if service == "s3" else path, safe="/-_.~")
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    digest = hashlib.sha256(request["body"].encode()).hexdigest()
    canonical = "\n".join(
        [
            *(request["method"], canonical_path, "&".join(f"{k}={v}" for k, v in pairs)),
            *(f"{name}:{headers[name]}" for name in names),
            *("", ";".join(names), headers.get("x-amz-content-sha256", digest)),
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    assert {"host", "x-amz-date"} <= set(names)
    return hmac.digest(key, text.encode(), "sha256").hex()


@pytest.mark.slow
@pytest.mark.parametrize("service", ["es", "s3"])
@pytest.mark.parametrize(
    ("method", "url", "options"),
    [
        ("GET", "x", {}),
        ("POST", "_search", {"json": {"query": "ä"}}),
        ("GET", "a b/ö:c@d", {"params": {"b": "1 2", "a": ["y/z", "x+y", ""], "ä": "*~'()"}}),
        ("GET", "%E2%82%AC,x", {"headers": {"X-Amz-Target": "t  u", "X-Other": "o"}}),
    ],
    ids=["plain", "a body", "what must be encoded", "headers"],
)
def test_aws_requests_are_signed(server: Server, service: str, method: str, url: str, options: dict[str, Any]) -> None:
    """A server that computes the signature of the received request gets the same one."""
    own = settings(url=f"{server.url}/base", **KEYS)
    request = HttpClient.of(own, auth=aws_auth(own, service)).request(method, url, **options).json()
    authorization = request["headers"]["authorization"]

    assert f"Credential={ACCESS}/" in authorization
    assert authorization.endswith(f"Signature={expected_signature(request, SECRET, service)}")
    assert "x-other" not in authorization


def test_async_aws_requests_are_signed(server: Server) -> None:
    """The signature is the same; session tokens are sent."""
    secrets = {**KEYS["secrets"], "sigV4SessionToken": "session-token-1"}
    own = settings(url=server.url, data=KEYS["data"], secrets=secrets)
    client = AsyncHttpClient.of(own, auth=aws_auth(own, "aps", region="us-east-1"))

    async def run() -> Any:
        return (await client.post("x", body=b"data")).json()

    request = asyncio.run(run())

    assert request["headers"]["x-amz-security-token"] == "session-token-1"
    assert f"Signature={expected_signature(request, SECRET, 'aps')}" in request["headers"]["authorization"]
    assert "/us-east-1/aps/" in request["headers"]["authorization"]


def test_credentials_of_the_machine_are_found_as_by_the_aws_cli(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Credentials are in the environment, and in a profile."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROMENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    file = tmp_path / "credentials"
    file.write_text(f"[ops]\naws_access_key_id = FROMFILE\naws_secret_access_key = {SECRET}\n", encoding="ascii")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def credential(**data: str) -> str:
        own = settings(url=server.url, data={"sigV4Region": REGION, **data})
        headers = HttpClient.of(own, auth=aws_auth(own, "es")).get("x").json()["headers"]
        return str(headers["authorization"]).partition("Credential=")[2].partition("/")[0]

    assert credential() == "FROMENV"
    assert credential(sigV4AuthType="credentials", sigV4Profile="ops") == "FROMFILE"


@pytest.mark.parametrize(
    ("data", "config", "sentence"),
    [
        ({"sigV4Region": ""}, {}, "no AWS region"),
        ({"sigV4AuthType": "ec2_iam_role"}, {}, "Grafana does not allow the AWS authentication 'ec2_iam_role'"),
        ({}, {"AWS_AUTH_AllowedAuthProviders": "default"}, "Grafana does not allow the AWS authentication 'keys'"),
        ({"sigV4AssumeRoleArn": "arn"}, {"AWS_AUTH_AssumeRoleEnabled": "false"}, "Grafana does not allow assuming"),
        ({"sigV4AuthType": "default"}, {}, "no AWS credentials"),
    ],
)
def test_missing_or_forbidden_settings_are_an_error(data: Any, config: Any, sentence: str) -> None:
    """An editor of data sources may use the machine's credentials only if Grafana allows it."""
    own = settings(data={**KEYS["data"], **data}, secrets=KEYS["secrets"], config=config)
    with pytest.raises(QueryError, match=sentence):
        aws_auth(own, "es")


def test_a_role_is_assumed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore's own STS client sends the request, here to an address of this machine."""
    reply = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>OFROLE</AccessKeyId>"
        f"<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>session-of-role</SessionToken>"
        "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    with upstream_that_says(reply, end=b"ExternalId=ext-1") as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        data = {**KEYS["data"], "sigV4AssumeRoleArn": "arn:aws:iam::1:role/r", "sigV4ExternalId": "ext-1"}
        own = settings(url=server.url, data=data, secrets=KEYS["secrets"])
        client = HttpClient.of(own, auth=aws_auth(own, "es"))
        request = [client.get("x").json()["headers"] for _ in range(2)][-1]

    assert "Credential=OFROLE/" in request["authorization"]
    assert request["x-amz-security-token"] == "session-of-role"
    assert len(sts.requests) == 1


def upstream_that_says(text: str, *, end: bytes) -> Script:
    """Run a server that answers every request with `text` once it has read the bytes `end`."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    return Script((head + text).encode(), head_end=end)


class Entra:
    """A credential like those of azure-identity."""

    def __init__(self, *, lifetime: float = 3600, failure: Exception | None = None) -> None:
        """Store the lifetime of tokens, or the failure."""
        self.scopes: list[str] = []
        self.lifetime, self.failure = lifetime, failure

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return the next token."""
        if self.failure is not None:
            raise self.failure
        time.sleep(0.1)
        self.scopes += scopes
        return AccessToken(f"entra-token-{len(self.scopes)}", int(time.time() + self.lifetime))


@pytest.mark.slow
def test_azure_tokens_are_shared(server: Server) -> None:
    """Sixteen threads share one token."""
    credential = Entra()
    client = HttpClient.of(settings(url=server.url), auth=azure_auth("https://a/.default", credential=credential))
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: client.get("x").json()["headers"]["authorization"], range(64)))

    assert (tokens, credential.scopes) == ({"Bearer entra-token-1"}, ["https://a/.default"])
    assert masking.hide("entra-token-1") == "***"


def test_a_failure_of_azure_is_a_downstream_error(server: Server) -> None:
    """The error is one line."""
    credential = Entra(failure=RuntimeError("AADSTS7000215:\nInvalid client secret"))
    client = HttpClient.of(settings(url=server.url), auth=azure_auth("s", credential=credential))
    with pytest.raises(DownstreamError, match="no token from Microsoft Entra ID: AADSTS7000215: Invalid client secret"):
        client.get("x")


def test_googles_own_library_gets_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service account sends a JWT bearer to a real OAuth2 server; threads share the token."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with loginserver.login() as login:
        account = {
            "client_email": loginserver.CLIENT,
            "private_key": loginserver.PRIVATE_KEY,
            "token_uri": login.token_url,
        }
        credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            account, scopes=["read"], subject=loginserver.USER
        )
        client = HttpClient.of(settings(url=f"{login.url}/api"), auth=gcp_auth(credentials=credentials))
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda _: client.get("x").status, range(64))) == {200}
        assert (login.token_requests, login.issued[0].scope) == (1, "")


def test_googles_credentials_of_the_machine_are_found(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without credentials the error says so; a named file is read."""
    client = HttpClient.of(settings(url=server.url), auth=gcp_auth(scopes=["read"]))
    with pytest.raises(DownstreamError, match=r"no token from Google Cloud: .*none"):
        client.get("x")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with loginserver.login() as login:
        file = tmp_path / "account.json"
        account = {
            "type": "service_account",
            "client_email": loginserver.CLIENT,
            "private_key": loginserver.PRIVATE_KEY,
            "token_uri": login.token_url,
            "project_id": "p",
        }
        file.write_text(json.dumps(account), encoding="ascii")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
        own = settings(url=f"{login.url}/api")
        assert HttpClient.of(own, auth=gcp_auth(scopes=["read"])).get("x").status == 200


def test_the_forwarded_user_token_replaces_cloud_credentials(server: Server) -> None:
    """If Grafana forwards the user's token, nothing is signed or fetched."""
    enter(Incoming(endpoint="queryData", headers={"Authorization": "Bearer of-ada"}))
    own, credential = settings(url=server.url, **KEYS), Entra()
    for auth in (aws_auth(own, "es"), azure_auth("s", credential=credential)):
        headers = HttpClient.of(own, auth=auth, forward_headers=True).get("x").json()["headers"]
        assert headers["authorization"] == "Bearer of-ada"
        assert "x-amz-date" not in headers
    assert credential.scopes == []


@pytest.mark.parametrize(
    ("make", "package"),
    [
        (lambda: aws_auth(settings(**KEYS), "es"), "botocore"),
        (lambda: azure_auth("s"), "azure-identity"),
        (gcp_auth, "google-auth"),
    ],
)
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, make: Callable[[], object], package: str) -> None:
    """The error says what to install."""
    load = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith(("botocore", "azure.identity", "google.auth")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return load(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=f"add '{package}' to the dependencies"):
        make()
