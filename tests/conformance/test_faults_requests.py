"""Requests that Grafana should not send: huge, malformed, random. Each is answered or refused."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format, message_factory
from hostclient import HostError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages import query, query_request
from messages import settings as source

from gfplug import sdk
from gfplug.host.messages import MessageFactory, protocol
from gfruntime.serving.methods import METHODS

if TYPE_CHECKING:
    from hostclient import Plugin

MIB = 1 << 20
OTHERS = ["/grpc.health.v1.Health/Check", "/plugin.GRPCStdio/StreamStdio", "/pluginv2.Data/Nothing", "/a/b", "/"]
fuzzed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def well(plugin: Plugin) -> bool:
    """Tell whether an ordinary query is answered."""
    return bool(plugin.query(query())["A"]["status"] == 200)


def raw_query(ref_id: str, text: bytes) -> dict[str, Any]:
    """Describe a query with any bytes as its model."""
    return {**query(ref_id), "json": base64.b64encode(text).decode()}


@pytest.mark.shows("protocol 48", "faults: A request has 64 MiB", 'errors: "received message larger than max"')
@pytest.mark.parametrize("size", [64 * MIB, 64 * MIB + 1])
def test_a_query_or_a_body_of_64_mib_arrives(running_python: Plugin, size: int) -> None:
    """The default limit of gRPC, 4 MiB, is off, and no other limit applies; a resource returns as many bytes."""
    empty = len(json.dumps({"refId": "A", "padding": ""}))
    answers = running_python.query(query(padding="x" * (size - empty)), query("B"))
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer = running_python.resource("bytes", method="POST", body=body)

    assert (answers["A"]["status"], answers["B"]["status"]) == (200, 200)
    assert (answer.code, answer.body == body) == (201, True)


@pytest.mark.shows("faults: Models, settings, headers")
@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        (b"", 200, ""),
        (b"null", 200, ""),
        (b'{"rows": null, "kind": null}', 200, ""),
        (b"{", 400, "the query: not JSON"),
        (b"[1, 2]", 400, "the query: expected an object, got list"),
        (b'"text"', 400, "the query: expected an object, got str"),
        (b"\xff\xfe\x00", 400, "the query: not JSON"),
        (b'{"rows": "many"}', 400, "the query: rows: expected int, got str"),
        (b'{"rows": 1e999}', 400, "the query: rows: expected int"),
        (b'{"rows": ' + b"9" * 5000 + b"}", 400, "the query: "),
        (b'{"kind": {"a": 1}}', 400, "the query: kind: expected str, got object"),
        (b'{"kind": "\\ud800"}', 400, "unknown kind"),
        (b"[" * 100_000, 400, "the query: nested too deeply"),
        (b'{"a": ' * 100_000, 400, "the query: nested too deeply"),
    ],
)
def test_a_malformed_model_is_its_querys_error(running_python: Plugin, text: bytes, status: int, message: str) -> None:
    """The message names the query, the key and the expected type; the other query is answered."""
    answers = running_python.query(raw_query("A", text), query("B"))

    assert (answers["A"]["status"], answers["B"]["status"]) == (status, 200)
    assert answers["A"]["error"].startswith(message)


@pytest.mark.shows("faults: Models, settings, headers")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "the data source's settings: not JSON"),
        (b"[]", "the data source's settings: expected an object, got list"),
        (b"\xff", "the data source's settings: not JSON"),
        (b'{"health": [5]}', "the data source's settings: health: expected str, got array [5]"),
        (b"[" * 100_000, "the data source's settings: nested too deeply"),
    ],
)
def test_malformed_settings_are_reported_by_health_and_queries(
    running_python: Plugin, text: bytes, message: str
) -> None:
    """Each message names the wrong settings; other data sources are not affected."""
    broken = {**source(uid=f"broken-{hash(text)}"), "jsonData": base64.b64encode(text).decode()}
    health, answers = running_python.health(broken), running_python.query(query("A"), query("B"), settings=broken)

    assert (health["status"], health["message"].startswith(message)) == ("ERROR", True)
    assert all(answers[ref]["error"].startswith(message) for ref in "AB")
    assert well(running_python)


@pytest.mark.shows("faults: Models, settings, headers")
@pytest.mark.parametrize(
    "headers",
    [
        {"": "", "http_": "x", "http_ bad name": "x", "FromAlert": "perhaps"},
        {"http_Cookie": ";;;===; =a; b=" + "c" * 100_000, "Authorization": "Bearer"},
        {"http_X-Größe": "☃\r\nX-More: injected", "X-Id-Token": "\x00\x01"},
        {f"http_X-{number}": "v" for number in range(5000)},
    ],
    ids=["empty", "cookie", "letters", "many"],
)
def test_odd_headers_do_not_affect_the_answer(running_python: Plugin, headers: dict[str, str]) -> None:
    """Only the handler reads odd headers."""
    assert running_python.query(query(), headers=headers)["A"]["status"] == 200
    assert well(running_python)


@pytest.mark.shows("faults: Models, settings, headers")
@pytest.mark.parametrize(
    "metadata",
    [
        {"traceparent": ["garbage"], "tracestate": [","], "baggage": ["=;="], "uber-trace-id": [":::"]},
        {"traceparent": ["00--", "01-x-y-z-w"], "tenantid": ["", "a, b"]},
        {"loggerparamsctxmetadata": [":::", "@level:::panic", "a", "@message:::5", "dsUid:::x"]},
        {"some-bin": ["\x00\x01"], "fromalert": ["true"]},
    ],
    ids=["trace", "tenant", "log", "binary"],
)
def test_odd_metadata_does_not_affect_the_answer(running_python: Plugin, metadata: dict[str, list[str]]) -> None:
    """Odd metadata can't forge a log line, either."""
    answer = running_python.ask("query", request=query_request(query()), metadata=metadata)

    assert answer["responses"]["A"]["status"] == 200
    assert all(entry["level"] != "panic" and isinstance(entry["message"], str) for entry in running_python.logs())
    assert well(running_python)


@cache
def pluginv2() -> MessageFactory:
    """Return the messages of the default proto."""
    return protocol(sdk.fetch(sdk.default(), offline=True).text)


@cache
def real(service: str, method: str) -> bytes:
    """Return the bytes of a request as Grafana sends it."""
    text = base64.b64encode(b"{}").decode()
    values = {
        **query_request(query("A", rows=2), query("B", rows=2)),
        "headers": {},
        "path": "three",
        "url": "three",
        "data": text,
        "objectBytes": text,
        "kind": {"kind": "Thing"},
        "objects": [{"raw": text, "contentType": "application/json"}],
    }
    request = message_factory.GetMessageClass(pluginv2().method(service, method).input_type)()
    json_format.ParseDict(values, request, ignore_unknown_fields=True)
    return request.SerializeToString()


PATHS = [(path, *path.removeprefix("/pluginv2.").split("/")) for path in METHODS]


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    """Change a real request: cut it, flip bits, double it, or insert bytes of another one."""
    path, service, method = draw(st.sampled_from(PATHS))
    message = bytearray(real(service, method))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(message) - 1, 0)))
        match draw(st.sampled_from(["cut", "flip", "insert", "append"])):
            case "cut":
                del message[at:]
            case "flip" if message:
                message[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                message[at:at] = draw(st.binary(max_size=20))
            case _:
                message += real(*draw(st.sampled_from([(service, method) for _, service, method in PATHS])))
    return path, bytes(message)


def outcome(plugin: Plugin, path: str, message: bytes, *, limit: int = 5, timeout_s: float = 10) -> tuple[str, str]:
    """Send bytes to a method, and return the code and the text of its failure, if any."""
    try:
        plugin.ask("raw", method=path, message=base64.b64encode(message).decode(), limit=limit, timeout_s=timeout_s)
    except HostError as failure:
        return failure.code, failure.message
    return "OK", ""


def survives(plugin: Plugin, path: str, message: bytes) -> None:
    """Send bytes to a method; check that an answer or a status arrives in time, and another query is answered."""
    code, failure = outcome(plugin, path, message)

    assert code not in {"", "Unavailable", "DeadlineExceeded"}, failure
    assert "Traceback" not in failure
    assert well(plugin)


@pytest.mark.shows("faults: Bytes are random")
@fuzzed
@given(st.sampled_from([path for path, *_ in PATHS]), st.binary(max_size=200))
def test_random_bytes_end_in_an_answer_or_a_status(running_python: Plugin, path: str, message: bytes) -> None:
    """Random bytes as a request to any method are answered in time, and do not affect other calls."""
    survives(running_python, path, message)


@pytest.mark.shows("faults: Bytes are random")
@fuzzed
@given(spoiled())
def test_broken_requests_get_an_answer_or_a_status(running_python: Plugin, spoiled: tuple[str, bytes]) -> None:
    """Each is a real request with bytes cut off, changed or exchanged."""
    survives(running_python, *spoiled)


@pytest.mark.parametrize("path", OTHERS)
def test_bytes_to_other_services_are_answered_or_refused(running_python: Plugin, path: str) -> None:
    """go-plugin's services and unknown methods get random bytes, too."""
    for message in (b"", b"\xff" * 50, b"\x0a\x06plugin", b"\x0a\xff"):
        assert outcome(running_python, path, message, limit=1, timeout_s=0.5)[0] not in {"", "Unavailable"}
    assert well(running_python)
