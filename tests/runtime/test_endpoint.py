"""What all methods have in common: the request, who asks, the log lines, and which instance answers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from calls import Plain, Services, queries

from gfruntime import Frame, Query
from gfruntime.calls import endpoint
from gfruntime.logs import log, masking
from gfruntime.serving.methods import Call, CallError


class Failing(Plain):
    """Answers no query but A."""

    def query(self, query: Query[dict[str, Any]]) -> Any:
        return Frame.of(v=[1]) if query.ref_id == "A" else None


class Slow(Plain):
    """Never answers."""

    async def query(self, query: Query[dict[str, Any]]) -> Frame:  # type: ignore[override]  # async
        await asyncio.sleep(60)
        return super().query(query)


def ends(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """List the status and the level of each line about the end of a request."""
    records = [record for record in caplog.records if record.message == "Plugin Request Completed"]
    return [(vars(record)["status"], record.levelname) for record in records]


def test_requests_are_logged_as_the_go_sdk_does(caplog: pytest.LogCaptureFixture) -> None:
    """Each request ends with one line; a failed query has its own."""
    with caplog.at_level(logging.INFO):
        Services(Failing).query(queries({}, {}))

    partial = [vars(record) for record in caplog.records if record.message == "Partial data response error"]
    assert ends(caplog) == [("error", "ERROR")]
    assert [(entry["refID"], entry["statusSource"]) for entry in partial] == [("B", "plugin")]


def test_cancelled_calls_are_logged_as_such(caplog: pytest.LogCaptureFixture) -> None:
    """A call whose caller is gone ends as `cancelled`, at level info (item 59)."""
    handler = Services(Slow).application.unary["/pluginv2.Data/QueryData"]

    async def main() -> None:
        task = asyncio.ensure_future(handler(queries({}).SerializeToString(), Call()))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level(logging.INFO):
        asyncio.run(main())

    assert ends(caplog) == [("cancelled", "INFO")]


def test_log_lines_know_their_request() -> None:
    """Who asks for what, the trace, and the pairs that the host sends along (item 44)."""
    fields: list[dict[str, str]] = []

    class Source(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            fields.append(dict(log.context.get()()))
            return super().query(query)

    request = queries({})
    request.pluginContext.user.name = "Ada"
    request.pluginContext.pluginVersion = "1.2.3"
    metadata = {
        "traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
        "loggerparamsctxmetadata": ["ruleUid:::r1", "@level:::bad", "odd"],
    }
    Services(Source).query(request, Call(metadata=metadata))

    assert fields == [
        {
            "pluginId": "acme-sample-datasource",
            "pluginVersion": "1.2.3",
            "endpoint": "queryData",
            "dsName": "my source",
            "dsUid": "u1",
            "uname": "Ada",
            "traceId": "0af7651916cd43dd8448eb211c80319c",
            "ruleUid": "r1",
        }
    ]


def test_unknown_surroundings_are_tolerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and configuration keys that nobody knows change nothing (item 10)."""
    monkeypatch.setenv("GF_SOMETHING_NEW", "\x01")
    request = queries({})
    request.pluginContext.grafanaConfig.update({"GF_SOMETHING_NEW": "{", "": "x"})

    assert Services(Plain).query(request)["A"].status == 200


def test_malformed_requests_are_told_from_failures() -> None:
    """Bytes that are no message are an INTERNAL error without a traceback."""
    handler: Any = Services(Plain).application.unary["/pluginv2.Data/QueryData"]
    with pytest.raises(CallError, match="malformed QueryDataRequest") as caught:
        asyncio.run(handler(b"\xff", Call()))

    assert caught.value.code == "INTERNAL"


def test_forwarded_credentials_are_remembered() -> None:
    """Authorization, cookies and tokens of a request are hidden in every later text."""
    endpoint.remember_secret_headers(
        {"Authorization": "Bearer sesame-auth", "http_Cookie": "theme=dark; s=sesame-cookie", "http_X-Other": "plain"}
    )

    assert masking.hide("Bearer sesame-auth; sesame-auth; sesame-cookie; plain; dark") == "***; ***; ***; plain; dark"


def test_proxy_keys_tell_instances_apart() -> None:
    """The end of the proxy's private key is part of the cache key; anything else is no key."""
    name = "GF_SECURE_SOCKS_DATASOURCE_PROXY_CLIENT_KEY_VAL"
    label = "PRIVATE KEY"

    assert endpoint.proxy_hash({name: f"-----BEGIN {label}-----\nQUJDREVG\n-----END {label}-----\n"}) == "REVG"
    assert endpoint.proxy_hash({name: "-----BEGIN CERTIFICATE-----\nQUJDREVG\n-----END CERTIFICATE-----\n"}) == ""
    assert endpoint.proxy_hash({name: f"-----BEGIN {label}-----\n!!!\n-----END {label}-----\n"}) == ""
    assert endpoint.proxy_hash({}) == ""
