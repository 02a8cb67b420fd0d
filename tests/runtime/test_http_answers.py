"""Answers of an upstream: an invalid one is its failure, and its explanation is in the error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from upstreams import Script, Server, client

from gfruntime import DownstreamError, HttpClient, HttpSettings, PluginContext, QueryError, UpstreamError
from gfruntime.errors import failure_of
from gfruntime.logs import masking
from gfruntime.request.incoming import Incoming, enter

pytestmark = pytest.mark.usefixtures("without_proxies")

OK = b"HTTP/1.1 200 OK\r\n"


def ask(upstream: Script, **options: Any) -> Any:
    """Request JSON from a scripted upstream."""
    options.setdefault("timeout", 3)
    return HttpClient(HttpSettings(url=upstream.url)).get("x", **options).raise_for_status().json()


@pytest.mark.shows("errors: invalid HTTP")
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n",
        b"what?\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 1000 OK\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
        b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
        OK + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        OK + b"X: y\r\n" * 200 + b"\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b": no name\r\n\r\n",
        OK + b"\xff\xfe: \x00\xff\r\n\r\n",
        OK + b"X: a\x00b\r\n\r\n",
        OK + b"X: \xe9\x80\r\n\r\n",
        OK + b"Content-Length: abc\r\n\r\n",
        OK + b"Content-Length: -5\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 99999999999999999999\r\n\r\n[]",
        OK + b"Content-Type: application/json; charset=\xff\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n[]\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n[]\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\n[]",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 200_000 + b"\r\n[]",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n",
        OK + b"Content-Encoding: gzip\r\n\r\nnot gzip",
        OK + b"Content-Length: 2\r\n\r\n[}",
        OK + b"\r\n" + b"[" * 200_000,
        OK + b"\r\n" + b'{"a":' * 200_000,
        OK + b"\r\n" + b"[" * 200_000 + b"]" * 200_000,
        OK + b"\r\n" + b"1" * 10_000,
        OK + b"\r\n\xff\xfe",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation:\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:99999/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe://\xff\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a\xff.example/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /" + b"x" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
)
def test_an_invalid_answer_is_the_upstreams_failure(answer: bytes) -> None:
    """The error is a downstream error with a sentence, never a ValueError, RecursionError or 500 of the plugin."""
    with Script(answer) as upstream, pytest.raises(DownstreamError) as refusal:
        ask(upstream)

    failure = failure_of(refusal.value)
    assert (failure.source, failure.status) in {("downstream", 502), ("downstream", 504)}
    assert failure.message.isprintable()
    assert len(failure.message) < 700
    assert "127.0.0.1" not in failure.message


@pytest.mark.parametrize(
    "body",
    [b"[1]", b" [1]\n", "[1]".encode("utf-16"), b"\xef\xbb\xbf[1]"],
)
def test_json_is_read_despite_invalid_headers(body: bytes) -> None:
    """The response has invalid headers, but a valid body."""
    with Script(OK + b"no colon\r\nX: \xff\r\nContent-Type: text/html; charset=none-such\r\n\r\n" + body) as upstream:
        assert ask(upstream) == [1]


def test_an_unknown_character_set_is_read_as_utf_8() -> None:
    """Python may not know the character set that the upstream names."""
    with Script(OK + b"Content-Type: text/plain; charset=none-such\r\n\r\n\xc3\xa9") as upstream:
        assert HttpClient(HttpSettings(url=upstream.url)).get("x").text == "é"


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET\r\nX: y", "x", {}),
        ("", "x", {}),
        ("GÉT", "x", {}),
        ("GET", "x", {"X": "a\r\nY: b"}),
        ("GET", "x", {"X": "a\nb"}),
        ("GET", "x", {"X\r\nY": "b"}),
        ("GET", "x", {"X Y": "b"}),
        ("GET", "x", {"": "b"}),
        ("GET", "x", {"é": "b"}),
        ("GET", "http://[", {}),
        ("GET", "http://127.0.0.1:99999/", {}),
    ],
)
def test_an_invalid_http_request_is_a_query_error(
    server: Server, method: str, url: str, headers: dict[str, str]
) -> None:
    """Nothing is sent, and no exception of the standard library is raised."""
    with pytest.raises(QueryError):
        client(server).request(method, url, headers=headers)

    assert server.requests == []


def test_any_text_can_be_in_a_request(server: Server) -> None:
    """Paths, parameters and header values are encoded."""
    request = client(server).get("é →", params={"ä": "ö \ud800"}, headers={"X-A": "é", "X-B": "→"}).json()

    assert request["path"] == "/base/%C3%A9%20%E2%86%92?%C3%A4=%C3%B6+%3F"
    assert (request["headers"]["x-a"], request["headers"]["x-b"].encode("latin-1").decode()) == ("é", "→")


@pytest.mark.shows("errors: an error status")
@pytest.mark.parametrize(
    ("body", "explanation"),
    [
        ({"message": "no such table"}, "no such table"),
        ({"error": "no such table"}, "no such table"),
        ({"error": {"message": "no such table", "code": 7}}, "no such table"),
        ({"detail": "no such table"}, "no such table"),
        ({"detail": [{"loc": ["q"], "msg": "no such table"}]}, "no such table"),
        ({"errors": [{"message": "no such table"}, {"message": "another"}]}, "no such table"),
        ({"errors": ["no such table"]}, "no such table"),
        ({"error": "invalid_grant", "error_description": "no such table"}, "invalid_grant"),
        ({"title": "no such table", "type": "about:blank"}, "no such table"),
        ({"message": "", "error": "no such table"}, "no such table"),
        ({"message": None, "detail": "no such table"}, "no such table"),
        ([{"message": "no such table"}], "no such table"),
        ("no such table", "no such table"),
        ({"message": {"a": 1}}, ""),
        ({"code": 7}, ""),
        ({}, ""),
        ([], ""),
        (None, ""),
        (7, ""),
        (b"no such table\nat line 7\n", "no such table"),
        (b"\n\n  no such table  \n", "no such table"),
        (b"<html><body>no</body></html>", ""),
        (b"", ""),
        (b"\x00\x01\x02", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 200_000, ""),
        (b'{"error":' * 200_000, ""),
        ({"message": "a\x1b[31mb\r\n\u202ec\x00"}, "a [31mb c"),
        ({"message": "x" * 5000}, "x" * 300 + "…"),
    ],
)
def test_the_apis_explanation_is_in_the_error(body: Any, explanation: str) -> None:
    """The error has the status and the explanation in one short line without control characters."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with Script(b"HTTP/1.1 422 Unprocessable\r\n\r\n" + content) as upstream, pytest.raises(DownstreamError) as refusal:
        ask(upstream)

    sentence = "/x answered 422 Unprocessable"
    assert failure_of(refusal.value).message == (f"{sentence}: {explanation}" if explanation else sentence)
    assert refusal.value.status == 422


def test_a_plugin_error_has_the_apis_explanation_too() -> None:
    """The upstream does not know the method."""
    with (
        Script(b'HTTP/1.1 405 No\r\n\r\n{"message": "use POST"}') as upstream,
        pytest.raises(UpstreamError, match="/x answered 405 No: use POST"),
    ):
        ask(upstream)


def test_the_error_of_a_401_has_no_explanation() -> None:
    """An attribute has the explanation for the author."""
    with Script(b'HTTP/1.1 401 Unauthorized\r\n\r\n{"message": "no user for key abc"}') as upstream:
        answer = HttpClient(HttpSettings(url=upstream.url)).get("x")
        with pytest.raises(DownstreamError, match=r"/x answered 401 Unauthorized$"):
            answer.raise_for_status()

    assert answer.explanation == "no user for key abc"


ECHOES = [
    *("Bearer sesame-1", "sesame-1", "sesame-2", "YWRhOnNlc2FtZS0z", "sesame-3", "sesame-4", "sesame-5"),
    *("sesame-6", "bad token: sesame-1, key sesame-2"),
]
"""Secrets of a request that an upstream repeats, in headers of the call, of the settings and of Grafana."""


@pytest.mark.shows("errors: an error status")
@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize(
    "answer",
    [
        'HTTP/1.1 403 No\r\n\r\n{"message": "bad: %s"}',
        "HTTP/1.1 403 No\r\n\r\nbad: %s",
        "HTTP/1.1 403 No %s\r\n\r\n",
        "no HTTP: %s\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /%s\r\n\r\n",
    ],
    ids=["JSON", "text", "reason", "no HTTP", "encoding", "redirect"],
)
@pytest.mark.usefixtures("no_secrets_left")
def test_no_secret_of_the_request_is_in_the_error(answer: str, echo: str) -> None:
    """The upstream repeats the secret in any part of its answer."""
    forwarded = {"http_Cookie": "a=1; session=sesame-4", "http_X-Grafana-Id": "sesame-5"}
    enter(Incoming(endpoint="queryData", context=PluginContext(), headers=forwarded))
    with Script((answer % echo).encode()) as upstream:
        url = f"{upstream.url}/base"
        http = HttpSettings(url=url, headers={"X-Key": "sesame-2"}, user="ada", password="sesame-3")  # noqa: S106
        http_client = HttpClient(http, forward_headers=True)
        with pytest.raises(DownstreamError) as refusal:
            http_client.get("x", headers={"Authorization": "Bearer sesame-1", "Api-Key": "sesame-6"}).raise_for_status()

    assert "sesame" not in str(refusal.value)
    assert "YWRhOnNlc2FtZS0z" not in str(refusal.value)


@pytest.mark.usefixtures("no_secrets_left")
def test_words_that_are_not_secrets_stay() -> None:
    """The kind of a credential, the name of a cookie, and headers of all clients stay."""
    body = b'{"message": "Bearer of this session wants application/json"}'
    with Script(b"HTTP/1.1 403 No\r\n\r\n" + body) as upstream:
        http = HttpSettings(url=upstream.url, headers={"Accept": "application/json"})
        headers = {"Authorization": "Bearer sesame-1", "Cookie": "session=sesame-2"}
        answer = HttpClient(http).get("x", headers=headers)

    assert answer.explanation == "Bearer of this session wants application/json"


@pytest.fixture
def no_secrets_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the secrets of a test: other tests have the same words."""
    secrets = masking.Secrets()
    monkeypatch.setattr(masking, "remember", secrets.remember)
    monkeypatch.setattr(masking, "hide", secrets.hide)


def test_a_reason_has_no_control_characters() -> None:
    """The upstream also writes the status line."""
    with (
        Script(b"HTTP/1.1 500 a\x1b[31mb" + b"x" * 1000 + b"\r\n\r\n") as upstream,
        pytest.raises(DownstreamError) as refusal,
    ):
        ask(upstream)

    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 400
