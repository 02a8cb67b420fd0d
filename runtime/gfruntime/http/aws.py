"""AWS Signature Version 4 as an `auth`, with botocore, which the project must depend on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from gfruntime.errors import DownstreamError, QueryError
from gfruntime.http.adapters import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.http.middleware import Auth, HttpRequest
    from gfruntime.request.vocabulary import Settings

_UNRESERVED = "-_.~"


def aws_auth(settings: Settings[Any], service: str, *, region: str = "", credentials: object = None) -> Auth:
    """Return an `auth` that signs requests to an AWS service, such as `es`, `aps` or `execute-api`.

    `credentials` is an object of botocore; default: the credentials of Grafana's SigV4 settings (`sigV4AuthType`,
    `sigV4AccessKey`, `sigV4AssumeRoleArn`, ...), which default to the machine's credentials, as in the AWS CLI.
    Raises: ModuleNotFoundError if the project does not depend on botocore; QueryError without a region.

    >>> client = HttpClient.of(settings, auth=aws_auth(settings, "es"))  # doctest: +SKIP
    """
    try:
        from botocore import auth, awsrequest, exceptions  # noqa: PLC0415  # takes long, and few need it
    except ModuleNotFoundError as error:
        raise missing("botocore") from error
    region = region or str(settings.json_data.get("sigV4Region") or "")
    if not region:
        raise QueryError("the data source's settings have no AWS region (sigV4Region)")
    source: Any = credentials or _credentials(settings, region)
    signer: Callable[..., Any] = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth

    def sign(request: HttpRequest) -> dict[str, str] | None:
        if request.has_user_token:
            return None
        try:
            keys = source.get_frozen_credentials()
        except exceptions.BotoCoreError as error:
            raise DownstreamError(f"no AWS credentials: {error}") from error
        signed = {name: value for name, value in request.headers.items() if _is_signed(name)}
        url = _canonical(request.url, is_s3=service == "s3")
        whole = awsrequest.AWSRequest(method=request.method.upper(), url=url, data=request.body, headers=signed)
        signer(keys, service, region).add_auth(whole)
        return {name: value for name, value in whole.headers.items() if name not in signed}

    return sign


def _credentials(settings: Settings[Any], region: str) -> Any:  # noqa: ANN401  # botocore has no types
    """Return botocore's credentials for Grafana's SigV4 settings, if Grafana allows them.

    Source: grafana-aws-sdk, commit 0459cc0dc961, pkg/sigv4/sigv4.go.
    """
    from botocore import credentials, session  # noqa: PLC0415

    data, secrets = settings.json_data, settings.secrets
    kind, role = str(data.get("sigV4AuthType") or "default"), data.get("sigV4AssumeRoleArn")
    if kind not in _allowed(settings, "AWS_AUTH_AllowedAuthProviders", "default,keys,credentials").split(","):
        raise QueryError(f"Grafana does not allow the AWS authentication {kind[:100]!r}; see allowed_auth_providers")
    if role and _allowed(settings, "AWS_AUTH_AssumeRoleEnabled", "true") != "true":
        raise QueryError("Grafana does not allow assuming an AWS role; see assume_role_enabled")
    own = session.Session(profile=(data.get("sigV4Profile") or None) if kind == "credentials" else None)
    if kind == "keys":
        own.set_credentials(
            secrets.get("sigV4AccessKey", ""), secrets.get("sigV4SecretKey", ""), secrets.get("sigV4SessionToken")
        )
    source = own.get_credentials()
    if source is None:
        raise QueryError("no AWS credentials: neither the data source's settings nor this machine have any")
    if not role:
        return source
    more = {"ExternalId": data["sigV4ExternalId"]} if data.get("sigV4ExternalId") else {}

    def create_client(name: str, **options: Any) -> Any:  # noqa: ANN401
        return own.create_client(name, **{"region_name": region, **options})

    fetcher = credentials.AssumeRoleCredentialFetcher(create_client, source, role, extra_args=more)
    return credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def _allowed(settings: Settings[Any], name: str, default: str) -> str:
    return settings.config.get(name) or os.environ.get(name) or default


def _is_signed(name: str) -> bool:
    """Tell whether a header is part of the signature; proxies may change other headers."""
    return name.lower() == "content-type" or name.lower().startswith("x-amz-")


def _canonical(url: str, *, is_s3: bool) -> str:
    """Write an address in AWS's canonical form, which the signature covers.

    Source: AWS, Signature Version 4, "Create a canonical request": names and values of the query encoded strictly, the
    path of S3 encoded once, the path of other services as it is sent, which botocore encodes once more.
    """
    parts = urlsplit(url)
    path = quote(unquote(parts.path), safe=f"/{_UNRESERVED}") if is_s3 else parts.path
    pairs = [
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))
