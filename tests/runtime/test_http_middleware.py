"""How authors change requests: authentication and middleware, for both clients."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from upstreams import settings

from gfruntime import AsyncHttpClient, HttpClient, HttpRequest, HttpResponse, QueryError
from gfruntime.logs import masking
from gfruntime.request.incoming import Incoming, enter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")

BASIC: dict[str, Any] = {"basic_auth_enabled": True, "basic_auth_user": "ada", "secrets": {"basicAuthPassword": "pw"}}
USER = {"Authorization": "Bearer of-ada", "X-Id-Token": "id-of-ada"}


def key(request: HttpRequest) -> dict[str, str]:
    """Sign with the contents of the request."""
    return {"X-Key": f"{request.method} {request.url.partition('/base')[2]} {request.body.decode()}"}


def bearer(_: HttpRequest) -> dict[str, str]:
    """Send the data source's token."""
    return {"Authorization": "Bearer own-token"}


def ask(client: HttpClient | AsyncHttpClient, method: str, url: str, **options: Any) -> HttpResponse:
    """Send a request with either client."""
    if isinstance(client, HttpClient):
        return client.request(method, url, **options)

    async def run() -> HttpResponse:
        return await client.request(method, url, **options)

    return asyncio.run(run())


@pytest.mark.parametrize("kind", [HttpClient, AsyncHttpClient])
def test_auth_gets_the_whole_request(server: Server, kind: Callable[..., Any]) -> None:
    """`auth` gets the address with its query, the body, and all headers."""
    history: list[HttpRequest] = []

    def auth(request: HttpRequest) -> dict[str, str]:
        history.append(request)
        return key(request)

    client = kind.of(settings(url=f"{server.url}/base", **BASIC), auth=auth)  # type: ignore[attr-defined]
    echo = ask(client, "POST", "x", params={"a": "b"}, json=[1], headers={"X-More": "1"}).json()

    assert echo["headers"]["x-key"] == "POST /x?a=b [1]"
    assert echo["headers"]["authorization"].startswith("Basic ")
    assert {"X-More", "Authorization", "Content-Type", "Accept-Encoding"} <= history[0].headers.keys()
    assert history[0].url == f"{server.url}/base/x?a=b"


@pytest.mark.parametrize(
    ("call_headers", "data", "forwarded", "expected"),
    [
        ({}, {}, {}, "Bearer own-token"),
        ({}, {}, USER, "Bearer of-ada"),
        ({}, {}, {"http_Authorization": "Bearer of-bob"}, "Bearer of-bob"),
        ({"authorization": "Bearer given"}, {}, USER, "Bearer given"),
        ({"authorization": "Bearer given"}, {"httpHeaderName1": "AUTHORIZATION"}, USER, "custom"),
    ],
    ids=["auth before basic", "the user's token", "the same by its other name", "the call's own", "the settings'"],
)
def test_the_precedence_of_authorization_headers(
    server: Server, call_headers: Any, data: Any, forwarded: Any, expected: str
) -> None:
    """The order is: custom headers of the settings, the call's headers, the user's token, `auth`, basic."""
    secrets = {"basicAuthPassword": "pw", "httpHeaderValue1": "custom"}
    own = settings(url=server.url, data=data, **{**BASIC, "secrets": secrets})
    enter(Incoming(endpoint="queryData", headers=forwarded))
    client = HttpClient.of(own, auth=bearer, forward_headers=True)

    assert client.get("x", headers=call_headers).json()["headers"]["authorization"] == expected


def test_the_forwarded_user_token_replaces_basic_authentication(server: Server) -> None:
    """The token is sent if the author forwards it; alert rules have no user; without forwarding, basic is sent."""
    own = settings(url=server.url, **BASIC)
    enter(Incoming(endpoint="queryData", headers=USER))
    forwarding = HttpClient.of(own, forward_headers=True)
    headers = forwarding.get("x").json()["headers"]
    plain = HttpClient.of(own).get("x").json()["headers"]
    enter(Incoming(endpoint="queryData", headers={"FromAlert": "true"}))
    alert = forwarding.get("x").json()["headers"]

    assert (headers["authorization"], headers["x-id-token"]) == ("Bearer of-ada", "id-of-ada")
    assert plain["authorization"].startswith("Basic ")
    assert "x-id-token" not in plain
    assert alert["authorization"].startswith("Basic ")


def test_auth_learns_whether_there_is_a_user_token(server: Server) -> None:
    """`auth` then needs no token; its other headers are still sent."""
    history: list[bool] = []

    def auth(request: HttpRequest) -> dict[str, str]:
        history.append(request.has_user_token)
        return {"Authorization": "mine", "X-Key": "k"}

    client = HttpClient.of(settings(url=server.url), auth=auth, forward_headers=True)
    enter(Incoming(endpoint="queryData", headers=USER))
    headers = client.get("x").json()["headers"]
    enter(Incoming(endpoint="queryData"))
    client.get("x")

    assert (headers["authorization"], headers["x-key"], history) == ("Bearer of-ada", "k", [True, False])


def test_another_host_gets_no_headers_of_auth(server: Server) -> None:
    """Neither another host in a request nor one in a redirect gets them; `auth` is not called for such a host."""
    history: list[str] = []

    def auth(request: HttpRequest) -> dict[str, str]:
        history.append(request.url)
        return key(request)

    with upstreams.server() as other:
        client = HttpClient.of(settings(url=server.url), auth=auth, allowed_hosts=[other.url])
        echo = client.get(f"{other.url}/x").json()["headers"]
        client.get(f"{server.url}/to/302", headers={"X-To": f"{other.url}/there"})

    assert history == [f"{server.url}/to/302"]
    assert "x-key" not in echo
    assert "x-key" not in other.requests[-1]["headers"]


def test_headers_from_auth_are_masked(server: Server) -> None:
    """Headers from `auth` are masked in errors and in logs."""
    client = HttpClient.of(settings(url=server.url), auth=lambda _: {"X-Key": "sesame-77"})
    client.get("x")

    assert masking.hide("it said sesame-77") == "it said ***"
    assert "sesame" not in repr(
        HttpRequest(method="GET", url="http://a/?sesame", headers={"a": "sesame"}, body=b"sesame")
    )


def test_a_header_that_http_does_not_allow_is_refused(server: Server) -> None:
    """A header of `auth` is refused, too."""
    client = HttpClient.of(settings(url=server.url), auth=lambda _: {"X-Key": "a\r\nX-Other: b"})
    with pytest.raises(QueryError, match="'X-Key' has a name or a value that HTTP does not allow"):
        client.get("x")


def test_auth_may_have_nothing_to_add(server: Server) -> None:
    """`auth` may return None or no headers."""
    nothing: tuple[dict[str, str] | None, ...] = (None, {})
    for each in nothing:
        HttpClient.of(settings(url=server.url), auth=lambda _, each=each: each).get("x")

    assert len(server.requests) == 2


class Renewable:
    """An `auth` with a token that the upstream refuses until it is renewed."""

    def __init__(self, *, can_renew: bool = True) -> None:
        """Start with the first token."""
        self.number = 1
        self.can_renew = can_renew

    def __call__(self, request: HttpRequest) -> dict[str, str]:
        """Send the current token."""
        return {"X-Number": str(self.number)}

    def renew(self, request: HttpRequest) -> bool:
        """Use the next token."""
        assert request.headers["X-Number"] == str(self.number)
        self.number += 1
        return self.can_renew


@pytest.mark.parametrize(("can_renew", "numbers"), [(True, ["1", "2"]), (False, ["1"])])
def test_a_refused_request_is_repeated_with_a_renewed_header(
    server: Server, numbers: list[str], *, can_renew: bool
) -> None:
    """The request is repeated once, and only if `renew` returns true."""
    client = HttpClient.of(settings(url=server.url), auth=Renewable(can_renew=can_renew))

    assert client.get(f"{server.url}/status/401").status == 401
    assert [echo["headers"]["x-number"] for echo in server.requests] == numbers


def note(name: str, events: list[str]) -> Callable[..., HttpResponse]:
    """Make a middleware that records when it begins and ends."""

    def middleware(request: HttpRequest, send: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
        events.append(f"> {name}")
        answer = send(request.with_headers({"X-Trail": request.headers.get("X-Trail", "") + name}))
        events.append(f"< {name}")
        return answer

    return middleware


def note_async(name: str, events: list[str]) -> Callable[..., Awaitable[HttpResponse]]:
    """Make the same for the other client."""

    async def middleware(request: HttpRequest, send: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> HttpResponse:
        events.append(f"> {name}")
        answer = await send(request.with_headers({"X-Trail": request.headers.get("X-Trail", "") + name}))
        events.append(f"< {name}")
        return answer

    return middleware


@pytest.mark.parametrize("kind", [HttpClient, AsyncHttpClient])
def test_the_first_middleware_is_outermost_and_auth_is_last(server: Server, kind: Callable[..., Any]) -> None:
    """Each gets the changes of those before it; `auth` gets all of them."""
    events: list[str] = []

    def auth(request: HttpRequest) -> dict[str, str]:
        events.append("auth")
        return {"X-Signed": request.headers["X-Trail"]}

    make = note if kind is HttpClient else note_async
    client = kind.of(settings(url=server.url), auth=auth, middleware=[make("a", events), make("b", events)])  # type: ignore[attr-defined]
    headers = ask(client, "GET", "x").json()["headers"]

    assert events == ["> a", "> b", "auth", "< b", "< a"]
    assert (headers["x-trail"], headers["x-signed"]) == ("ab", "ab")


def test_sync_and_async_middleware_form_one_chain(server: Server) -> None:
    """The middleware of the inner client runs inside that of the outer one."""
    events: list[str] = []
    inner = HttpClient.of(settings(url=server.url), middleware=[note("inner", events)])
    client = AsyncHttpClient(inner, middleware=[note_async("outer", events)])

    assert ask(client, "GET", "x").json()["headers"]["x-trail"] == "outerinner"
    assert events == ["> outer", "> inner", "< inner", "< outer"]


def test_middleware_gets_the_authors_request_without_secrets(server: Server) -> None:
    """Otherwise a log of requests would show the data source's secrets; middleware may answer without a request."""
    history: list[HttpRequest] = []

    def cache(request: HttpRequest, send: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
        history.append(request)
        answer = send(request)
        return dataclasses.replace(answer, body=b"[]")

    client = HttpClient.of(settings(url=f"{server.url}/base", **BASIC), auth=bearer, middleware=[cache])

    assert client.post("x", params={"a": "b"}, json=1, headers={"X-A": "1"}).json() == []
    assert (history[0].method, history[0].url, history[0].body) == ("POST", f"{server.url}/base/x?a=b", b"1")
    assert history[0].headers == {"Content-Type": "application/json", "X-A": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [HttpClient, AsyncHttpClient])
def test_middleware_may_send_again(server: Server, kind: Callable[..., Any]) -> None:
    """Each sending has its own authentication; all share the time of the request."""
    numbers = iter(range(10))
    options = {"auth": lambda _: {"X-Number": str(next(numbers))}, "deadline": 1.2}

    def retry(request: HttpRequest, send: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
        send(request)
        return send(request)

    async def retry_async(request: HttpRequest, send: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> HttpResponse:
        await send(request)
        return await send(request)

    middleware = [retry if kind is HttpClient else retry_async]
    client = kind.of(settings(url=server.url), middleware=middleware, **options)  # type: ignore[attr-defined]
    ask(client, "GET", "x")
    assert [echo["headers"]["x-number"] for echo in server.requests] == ["0", "1"]

    with pytest.raises(Exception, match=r"did not answer within 1\.2 s"):
        ask(client, "GET", f"{server.url}/slow")  # 0.7 s, twice


def test_middleware_may_change_the_address_within_the_rules(server: Server) -> None:
    """The new address must have the data source's host and path, too."""

    def to(url: str) -> Callable[..., HttpResponse]:
        return lambda request, send: send(dataclasses.replace(request, url=url))

    own = settings(url=f"{server.url}/base")

    assert HttpClient.of(own, middleware=[to("y?c=d")]).get("x").json()["path"] == "/base/y?c=d"
    with pytest.raises(QueryError, match="leaves the data source's path"):
        HttpClient.of(own, middleware=[to("../y")]).get("x")
    with pytest.raises(QueryError, match="is not the data source's host"):
        HttpClient.of(own, middleware=[to("http://other.example/")]).get("x")


def test_a_middleware_of_the_wrong_kind_is_named(server: Server) -> None:
    """A middleware that forgets to return is named, too."""
    own, events = settings(url=server.url), list[str]()
    with pytest.raises(TypeError, match="is async; it is for AsyncHttpClient"):
        HttpClient.of(own, middleware=[note_async("a", events)]).get("x")  # type: ignore[list-item]
    with pytest.raises(TypeError, match="is not async; it is for HttpClient"):
        ask(AsyncHttpClient.of(own, middleware=[lambda _, __: None]), "GET", "x")
    with pytest.raises(TypeError, match="returned NoneType, not an HttpResponse"):
        HttpClient.of(own, middleware=[lambda _, __: None]).get("x")  # type: ignore[list-item,return-value]


def test_a_cancelled_request_ends_with_its_middleware(server: Server) -> None:
    """The request ends like one without middleware."""
    client = AsyncHttpClient.of(settings(url=server.url), middleware=[note_async("a", [])])

    async def run() -> None:
        await asyncio.wait_for(client.get(f"{server.url}/slow"), 0.3)

    with pytest.raises(TimeoutError):
        asyncio.run(run())
