"""The request and response headers of a web application behind call_resource."""

from __future__ import annotations

import json
from typing import Any

import pytest
from calls import Plain, Services
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Request, Response, call_asgi, call_wsgi


class Wsgi(Plain):
    """Mounts a WSGI application."""

    app: Any

    def call_resource(self, request: Request) -> Response:
        return call_wsgi(self.app, request)


class Asgi(Plain):
    """Mounts an ASGI application."""

    app: Any

    async def call_resource(self, request: Request) -> Response:
        return await call_asgi(self.app, request)


def call(kind: type, path: str, *, headers: dict[str, str], body: bytes = b"") -> list[pb.CallResourceResponse]:
    """Call a resource."""
    request = pb.CallResourceRequest(pluginContext=context(), path=path, url=path, method="POST", body=body)
    for name, value in headers.items():
        request.headers[name].values.append(value)
    return Services(kind).stream("Resource/CallResource", request, pb.CallResourceResponse)


def echo_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with the headers that the application gets."""
    start_response("200 OK", [])
    prefixes = ("HTTP_", "CONTENT_")
    return [json.dumps({key: value for key, value in environ.items() if key.startswith(prefixes)}).encode()]


async def echo_asgi(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Answer with the headers, spelled as WSGI does."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode().upper().replace("-", "_")
        key = key if key.startswith("CONTENT_") else f"HTTP_{key}"
        headers[key] = f"{headers[key]},{value.decode()}" if key in headers else value.decode()
    await send({"type": "http.response.body", "body": json.dumps(headers).encode()})


class EchoWsgi(Wsgi):
    """Echoes headers."""

    app: Any = staticmethod(echo_wsgi)


class EchoAsgi(Asgi):
    """Echoes headers."""

    app: Any = staticmethod(echo_asgi)


@pytest.mark.shows("faults: A header has a name that WSGI")
@pytest.mark.parametrize("kind", [EchoWsgi, EchoAsgi])
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X_Grafana_User": "evil", "X-Grafana-User": "me"}, {"HTTP_X_GRAFANA_USER": "me"}),
        ({"X-Grafana-User": "me", "X_GRAFANA-User": "evil"}, {"HTTP_X_GRAFANA_USER": "me"}),
        ({"x_grafana_user": "evil"}, {}),
        ({"x-grafana-user": "b", "X-Grafana-User": "a"}, {"HTTP_X_GRAFANA_USER": "a,b"}),
        ({"Content_Length": "1", "content-LENGTH": "9", "Content-length": "8"}, {}),
        ({"Content_Type": "evil", "content-type": "text/plain"}, {"CONTENT_TYPE": "text/plain"}),
        ({"X-One": "a\r\nX-Two: b", "X-Three": "c\n", "X-Four": "d\0"}, {}),
        ({"X-One: a\r\nX-Two": "b", "X One": "c", "": "d", "Größe": "e"}, {}),
        ({"Proxy": "http://evil"}, {}),
    ],
)
def test_a_header_cannot_be_replaced_by_another_spelling(
    kind: type, headers: dict[str, str], expected: dict[str, str]
) -> None:
    """Headers that a web server drops never reach the application; names in several spellings are one header."""
    (answer,) = call(kind, "x", body=b"1234", headers=headers)

    assert json.loads(answer.body) == {"CONTENT_LENGTH": "4", **expected}


@pytest.mark.parametrize("kind", [EchoWsgi, EchoAsgi])
def test_the_cookies_of_two_spellings_are_one_header(kind: type) -> None:
    """Cookies are joined by a semicolon, as WSGI has one text for them."""
    (answer,) = call(kind, "x", headers={"Cookie": "a=1", "cookie": "b=2"})

    assert json.loads(answer.body)["HTTP_COOKIE"].replace(",", "; ") == "a=1; b=2"


def breaking_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with a header that has a line break."""
    start_response("200 OK", [(environ["HTTP_X_NAME"], "a\r\nSet-Cookie: evil=1")])
    return [b"secret"]


async def breaking_asgi(_scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Answer with a header that has a line break."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"a\nSet-Cookie: evil=1")]})
    await send({"type": "http.response.body", "body": b"secret"})


class BreakingWsgi(Wsgi):
    """Answers with a header that has a line break."""

    app: Any = staticmethod(breaking_wsgi)


class BreakingAsgi(Asgi):
    """Answers with a header that has a line break."""

    app: Any = staticmethod(breaking_asgi)


class BreakingName(Plain):
    """Answers with a header whose name has a line break."""

    def call_resource(self, request: Request) -> Response:
        return Response(headers={"X-A\r\nSet-Cookie": ["evil"]})


@pytest.mark.shows("faults: A header has a name that WSGI")
@pytest.mark.parametrize("kind", [BreakingWsgi, BreakingAsgi, BreakingName])
def test_headers_of_two_lines_are_refused(kind: type, caplog: pytest.LogCaptureFixture) -> None:
    """An answer with a line break in a header is a failure, and the log names the header."""
    (answer,) = call(kind, "x", headers={"X-Name": "X-A"})

    assert answer.code == 500
    assert b"evil" not in answer.SerializeToString()
    assert "a header that HTTP does not allow" in caplog.text
