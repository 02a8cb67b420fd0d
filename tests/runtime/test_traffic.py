"""HAR documents of a call's requests: their form, their bounds, and their masked secrets."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from upstreams import Script, client

from gfruntime import AsyncHttpClient, DownstreamError, HttpClient, HttpSettings
from gfruntime.frames.data import Frame
from gfruntime.logs import capture, masking
from gfruntime.logs import traffic as traffics
from gfruntime.logs.redaction import address
from gfruntime.logs.traffic import Traffic, json_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")

SECRET = "quebec-Uniform/77"  # noqa: S105  # made up
URL = "http://127.0.0.1:1/x"


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    """Capture what the test sends."""
    recording = Traffic(uid="u1", plugin_id="acme-sample-datasource", name="n", most_body=10)
    token = capture.traffic.set(recording)
    yield recording
    capture.traffic.reset(token)


def entries(traffic: Traffic) -> list[dict[str, Any]]:
    """Read the document's entries."""
    log = json.loads(traffic.document())["log"]
    assert log["version"] == "1.2"
    return list(log["entries"])


def add(traffic: Traffic, body: bytes, *headers: tuple[str, str], request_body: bytes = b"") -> dict[str, Any]:
    """Add an exchange with this answer, and return its entry."""
    exchange = traffic.begin("POST", URL, [], request_body)
    exchange.answer(200, "OK", "HTTP/1.1", list(headers))
    exchange.end(body, list(headers))
    return entries(traffic)[-1]


def test_redirects_and_failures_are_entries(server: Server, traffic: Traffic) -> None:
    """Each request has an entry; one without an answer has no status, and a comment with the reason."""
    http = client(server, base="")
    http.get("/to/302/base/x", params={"a": "b"})
    with pytest.raises(DownstreamError):
        http.get("/cut")
    with pytest.raises(DownstreamError):
        HttpClient(HttpSettings(url="http://127.0.0.1:1")).post("/gone", body=b"1")
    first, second, partial, unreachable = entries(traffic)

    assert (first["response"]["status"], first["response"]["redirectURL"]) == (302, "/base/x")
    assert second["request"]["url"] == f"{server.url}/base/x"
    assert (partial["response"]["status"], partial["response"]["bodySize"]) == (200, -1)
    assert partial["comment"].startswith("the body was not read completely: ")
    assert (
        unreachable["response"]["status"],
        unreachable["response"]["bodySize"],
        unreachable["response"]["headers"],
    ) == (0, -1, [])
    assert unreachable["comment"] == "transport error: Connection refused"
    assert unreachable["request"]["postData"]["text"] == "1"


def test_a_client_of_async_handlers_is_captured(server: Server, traffic: Traffic) -> None:
    """The client sends requests in threads, which have the context of the call."""

    async def ask() -> None:
        http = AsyncHttpClient(client(server))
        await asyncio.gather(*(asyncio.create_task(http.get(f"/{name}")) for name in "ab"))

    asyncio.run(ask())

    assert {entry["request"]["url"][-2:] for entry in entries(traffic)} == {"/a", "/b"}


def test_answers_are_shown_decompressed(server: Server, traffic: Traffic) -> None:
    """As in Go, the headers about the compression are left out."""
    traffic.most_body = 10_000
    http = client(server)
    http.get("/x")
    [entry] = entries(traffic)

    assert json.loads(entry["response"]["content"]["text"])["path"] == "/base/x"
    names = [each["name"].lower() for part in ("request", "response") for each in entry[part]["headers"]]
    assert not {"accept-encoding", "content-encoding", "content-length"} & set(names)
    http.get("/x", headers={"Accept-Encoding": "br"})
    assert {"name": "Accept-Encoding", "value": "br"} in entries(traffic)[1]["request"]["headers"]


def test_headers_in_utf8_are_read_as_such(traffic: Traffic) -> None:
    """Python's http.client reads headers as Latin-1."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-City: " + "Zürich".encode() + b"\r\n\r\n"
    with Script(head) as upstream:
        HttpClient(HttpSettings(url=upstream.url)).get("/x")

    assert {"name": "X-City", "value": "Zürich"} in entries(traffic)[0]["response"]["headers"]


@pytest.mark.parametrize(
    ("body", "text", "encoding", "body_size"),
    [
        (b"0123456789", "0123456789", None, 10),
        (b"0123456789a", "0123456789", None, -1),
        ("01234567é!".encode(), "01234567é", None, -1),
        ("012345678é".encode(), base64.b64encode(b"012345678\xc3").decode(), "base64", -1),
        (b"\xff\x00", base64.b64encode(b"\xff\x00").decode(), "base64", 2),
    ],
)
def test_bodies_are_cut_at_the_bound(
    traffic: Traffic, body: bytes, text: str, encoding: str | None, body_size: int
) -> None:
    """Bodies of requests and responses are cut; a cut character makes the rest binary, as in Go."""
    entry = add(traffic, body, request_body=body)
    content, post_data = entry["response"]["content"], entry["request"]["postData"]

    assert (content["text"], content.get("encoding"), content["size"]) == (text, encoding, min(len(body), 10))
    assert (post_data["text"], post_data.get("encoding")) == (text, encoding)
    assert [entry[part]["bodySize"] for part in ("request", "response")] == [body_size, body_size]


def test_all_bodies_of_a_call_have_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body beyond the bound is replaced by its size; later smaller bodies are kept."""
    monkeypatch.setattr(traffics, "MOST_TOTAL", 40)
    bounded = Traffic(most_body=100)
    texts = [add(bounded, body)["response"]["content"]["text"] for body in (b"a" * 20, b"b" * 20, b"c" * 8)]

    assert texts == ["a" * 20, "", "c" * 8]
    assert [entry["response"]["bodySize"] for entry in entries(bounded)] == [20, 20, 8]


@pytest.mark.parametrize("text", ["a", '"\\\b\f\n\r\t', "<>&", "\x00\x1f\x7f", "é€𝄞", "\u2028\u2029", "\ufffd"])
def test_the_bound_counts_json_as_go_writes_it(text: str) -> None:
    """Go escapes more than Python; a replacement character counts as the escape that may replace it."""
    escaped = json.dumps(text, ensure_ascii=False)
    for letter in "<>&\u2028\u2029\ufffd":
        escaped = escaped.replace(letter, f"\\u{ord(letter):04x}")

    assert json_size(text) == len(escaped.encode())


def test_secret_headers_cookies_and_parameters_are_redacted(traffic: Traffic) -> None:
    """Secrets are redacted as in the SDK, and also in addresses, which the SDK shows unchanged."""
    headers = [
        ("authorization", "s-one"),
        ("X-API-Key", "s-two"),
        ("Cookie", "sid=s-three; theme=s-four"),
        ("X-A", "a"),
    ]
    exchange = traffic.begin("GET", f"{URL}?API_KEY=s-five&%74oken=s-six&page=1&sig=", headers, b"")
    answer = [("Set-Cookie", "sid=s-seven; Path=/"), ("Location", "http://x/y?Token=s-eight&a=1#access_token=s-nine")]
    exchange.answer(302, "Found", "HTTP/1.1", answer)
    exchange.end(b"", answer)
    [entry] = entries(traffic)

    assert "s-" not in json.dumps(entry)
    assert entry["request"]["url"] == f"{URL}?API_KEY=REDACTED&%74oken=REDACTED&page=1&sig=REDACTED"
    assert entry["request"]["queryString"][:3] == [
        {"name": "API_KEY", "value": "REDACTED"},
        {"name": "token", "value": "REDACTED"},
        {"name": "page", "value": "1"},
    ]
    assert entry["request"]["cookies"] == [{"name": name, "value": "REDACTED"} for name in ("sid", "theme")]
    assert entry["response"]["cookies"] == [{"name": "sid", "value": "REDACTED"}]
    assert entry["response"]["redirectURL"] == "http://x/y?Token=REDACTED&a=1#access_token=REDACTED"


@pytest.mark.parametrize("url", ["/x", "/x?a=1", "/x?token", "", "/x?tokens=1&a=token=2"])
def test_addresses_without_secrets_stay(url: str) -> None:
    """A name that only resembles a secret's name is kept."""
    assert address(url) == url


@pytest.mark.parametrize("text", ["?" * 200_000, "?a" * 100_000, "&a=" * 70_000, "#" * 200_000])
def test_a_long_address_is_redacted_in_little_time(text: str) -> None:
    """The search is linear: 16,000 question marks took 2 s."""
    began = time.process_time()

    assert address(text + "&token=x").endswith("&token=REDACTED")
    assert time.process_time() - began < 1


def test_known_secrets_are_hidden_everywhere(traffic: Traffic) -> None:
    """Secrets are hidden in names, values, addresses, bodies and reasons, also at the end of a cut body."""
    masking.remember([SECRET])
    traffic.most_body = 30
    exchange = traffic.begin("GET", f"{URL}/{SECRET}?q={SECRET}", [("X-A", SECRET), (SECRET, "1")], SECRET.encode())
    exchange.answer(200, SECRET, "HTTP/1.1", [("Content-Type", SECRET), ("Set-Cookie", f"{SECRET}=1")])
    exchange.end(b"\xff" + SECRET.encode() + b"\xff", [("Content-Type", SECRET)])
    add(traffic, b"0123456789" * 2 + SECRET.encode())
    second = traffic.begin("GET", URL, [], b"")
    second.fail(f"no {SECRET}")
    text = traffic.document()

    for spelling in (SECRET, SECRET.replace("/", "\\/"), SECRET.replace("/", "%2F"), SECRET[:10]):
        assert spelling not in text
    assert base64.b64decode(entries(traffic)[0]["response"]["content"]["text"]) == b"\xff***\xff"


def test_a_later_known_token_is_hidden_in_earlier_entries(traffic: Traffic) -> None:
    """The token of an OAuth2 answer is not yet known when its entry is added."""
    traffic.most_body = 100
    add(traffic, f'{{"access_token": "{SECRET}"}}'.encode())
    masking.remember([SECRET])

    assert entries(traffic)[0]["response"]["content"]["text"] == '{"access_token": "***"}'


def test_a_compressed_body_is_left_out(traffic: Traffic) -> None:
    """The body may contain secrets that can't be masked."""
    entry = add(traffic, b"\x1f\x8b...", ("Content-Encoding", "br"))

    assert (entry["response"]["content"]["text"], entry["response"]["bodySize"]) == ("", 5)
    assert "compressed" in entry["comment"]


def test_times_are_not_broken_by_secrets_of_digits(traffic: Traffic) -> None:
    """A secret PIN may look like a year."""
    add(traffic, b"")
    masking.remember([entries(traffic)[0]["startedDateTime"][:4]])

    assert entries(traffic)[0]["startedDateTime"][:2] == "20"


def test_texts_that_are_not_unicode_are_written(traffic: Traffic) -> None:
    """A header may have half of a surrogate pair."""
    add(traffic, b"", ("X-A", "\ud800"))
    traffic.add_expanded("\ud800", ref_id="A")

    assert {"name": "X-A", "value": "?"} in entries(traffic)[0]["response"]["headers"]


def test_nothing_is_captured_after_the_call(server: Server, traffic: Traffic) -> None:
    """A task of the call may still run in its context."""
    client(server).get("/x")
    traffic.close()
    client(server).get("/x")

    assert len(traffic) == 0


class Driver:
    """A cursor of a driver that has its statement in an attribute."""

    def __init__(self, rows: list[tuple[object, ...]], **attributes: object) -> None:
        """Store the rows, and the statement."""
        self.rows, self.description = rows, [("v", None)]
        self.__dict__ |= attributes

    def fetchall(self) -> list[tuple[object, ...]]:
        if not self.rows:
            raise ValueError(f"no rows for {SECRET}")
        return self.rows


class WithAttributes:
    """Has attributes."""

    def __init__(self, **values: object) -> None:
        """Store the attributes."""
        self.__dict__ |= values


class Failing(Driver):
    """Fails when its statement is read."""

    @property
    def statement(self) -> str:
        raise RuntimeError("closed")


@pytest.mark.parametrize(
    ("cursor", "statement"),
    [
        (Driver([(1,)], query=b"SELECT 1"), "SELECT 1"),
        (Driver([(1,)], _query=WithAttributes(query=b"SELECT 2")), "SELECT 2"),
        (Driver([(1,)], statement="SELECT 3"), "SELECT 3"),
        (Driver([(1,)], _executed="SELECT 4"), "SELECT 4"),
        (Driver([(1,)], context=WithAttributes(statement="SELECT 5")), "SELECT 5"),
        (Driver([(1,)], get_query=lambda: "SELECT 6"), "SELECT 6"),
        (Driver([(1,)], query=lambda: "no"), ""),
        (Failing([(1,)]), ""),
    ],
)
def test_cursors_are_written_as_queries(traffic: Traffic, cursor: Driver, statement: str) -> None:
    """Queries have the SDK's form; a comment says if the driver does not report its statement."""
    token = capture.ref_id.set("A")
    Frame.from_cursor(cursor)
    capture.ref_id.reset(token)
    [entry] = entries(traffic)

    assert entry["request"]["method"] == "QUERY"
    assert entry["request"]["url"] == "sql://acme-sample-datasource/u1?refId=A"
    assert entry["request"]["postData"] == {"mimeType": "application/sql", "text": statement}
    assert json.loads(entry["response"]["content"]["text"]) == {"frameCount": 1, "rowCount": 1}
    source = {"datasourceUid": "u1", "datasourceType": "acme-sample-datasource", "datasourceName": "n"}
    counts = {"frameCount": 1, "rowCount": 1}
    assert entry["_query"] == {"version": 1, "kind": "sql.query", "refId": "A"} | source | counts
    assert entry.get("comment", "") == ("" if statement else "the driver does not provide the statement")


def test_the_entry_of_a_failed_query_has_the_reason(traffic: Traffic) -> None:
    """The entry has no status and no secrets; a long statement is cut."""
    masking.remember([SECRET])
    with pytest.raises(ValueError, match="no rows"):
        Frame.from_cursor(Driver([], statement="x" * 70_000))
    [entry] = entries(traffic)

    assert (entry["response"]["status"], entry["comment"]) == (0, "query error: no rows for ***")
    assert (entry["_query"]["error"], entry["_query"]["rowCount"]) == ("no rows for ***", -1)
    assert (len(entry["request"]["postData"]["text"]), entry["request"]["bodySize"]) == (65_536, -1)
    assert entry["_query"]["statementTruncated"]
