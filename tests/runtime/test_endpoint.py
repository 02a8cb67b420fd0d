"""Behaviour that all methods share: the request, the user, the log lines, and the instance that answers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from calls import Plain, Services, queries, run
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Query, wire
from gfruntime.calls import endpoint
from gfruntime.logs import log, masking
from gfruntime.serving.methods import Call, CallError


class Failing(Plain):
    """Answers query A only."""

    def query(self, query: Query[dict[str, Any]]) -> Any:
        return Frame.of(v=[1]) if query.ref_id == "A" else None


class Slow(Plain):
    """Never answers."""

    async def query(self, query: Query[dict[str, Any]]) -> Frame:  # type: ignore[override]  # async
        await asyncio.sleep(60)
        return super().query(query)


def ends(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """List status and level of each log line about the end of a request."""
    records = [record for record in caplog.records if record.message == "Plugin Request Completed"]
    return [(vars(record)["status"], record.levelname) for record in records]


def test_requests_are_logged_as_the_go_sdk_does(caplog: pytest.LogCaptureFixture) -> None:
    """Each request ends with one line; a failed query has its own."""
    with caplog.at_level(logging.INFO):
        Services(Failing).query(queries({}, {}))

    partial = [vars(record) for record in caplog.records if record.message == "Partial data response error"]
    assert ends(caplog) == [("error", "ERROR")]
    assert [(entry["refID"], entry["statusSource"]) for entry in partial] == [("B", "plugin")]


@pytest.mark.shows("protocol 59")
def test_cancelled_calls_are_logged_as_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """A call that its caller left ends as `cancelled`, at level info (item 59)."""
    handler = Services(Slow).application.unary["/pluginv2.Data/QueryData"]

    async def main() -> None:
        task = asyncio.ensure_future(handler(queries({}).SerializeToString(), Call()))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with caplog.at_level(logging.INFO):
        asyncio.run(main())

    assert ends(caplog) == [("cancelled", "INFO")]


@pytest.mark.shows("protocol 44")
def test_log_lines_name_their_request() -> None:
    """Each line has the user, the request, the trace, and the pairs that the host sends (item 44)."""
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


@pytest.mark.shows("protocol 10")
def test_unknown_variables_and_configuration_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown variables and configuration keys change nothing (item 10)."""
    monkeypatch.setenv("GF_SOMETHING_NEW", "\x01")
    request = queries({})
    request.pluginContext.grafanaConfig.update({"GF_SOMETHING_NEW": "{", "": "x"})

    assert Services(Plain).query(request)["A"].status == 200


def test_malformed_requests_are_distinguished_from_failures() -> None:
    """Bytes that are not a message cause an INTERNAL error without a traceback."""
    handler: Any = Services(Plain).application.unary["/pluginv2.Data/QueryData"]
    with pytest.raises(CallError, match="malformed QueryDataRequest") as failure:
        asyncio.run(handler(b"\xff", Call()))

    assert failure.value.code == "INTERNAL"


def _request_of(uid: str = "u1", org: int = 1) -> pb.QueryDataRequest:
    request = queries({})
    request.pluginContext.CopyFrom(context(uid=uid))
    request.pluginContext.orgId = org
    return request


@pytest.mark.shows("protocol 80")
def test_data_sources_and_tenants_have_separate_instances() -> None:
    """Calls with another uid, org or tenant never share an instance; calls with the same do."""
    instances: list[object] = []

    class Source(Plain):
        def __init__(self, settings: Any) -> None:
            instances.append(settings)

    services = Services(Source)
    for uid, org, tenant in (("u1", 1, []), ("u1", 1, []), ("u2", 1, []), ("u1", 2, []), ("u1", 1, ["t"])):
        services.query(_request_of(uid, org), Call(metadata={"tenantid": tenant}))

    assert len(instances) == 4


@pytest.mark.shows("protocol 81", "faults: A caller knows a data source's id")
@pytest.mark.parametrize(
    "change",
    [
        {"decryptedSecureJsonData": {"token": "other", "b": "2"}},
        {"decryptedSecureJsonData": {}},
        {"decryptedSecureJsonData": {"token": "", "b": "2"}},
        {"jsonData": b'{"marker": "x"}'},
        *({name: "other"} for name in ("url", "user", "database", "basicAuthUser", "name")),
        {"basicAuthEnabled": True},
    ],
    ids=",".join,
)
def test_a_caller_with_other_settings_never_gets_the_instance(change: dict[str, Any]) -> None:
    """A caller with the right id, uid and time of change, but other settings, never gets the instance."""
    services = Services(Identity)
    honest = _request_of()
    settings = honest.pluginContext.dataSourceInstanceSettings
    settings.decryptedSecureJsonData.update({"token": "sesame", "b": "2"})
    other = pb.QueryDataRequest.FromString(honest.SerializeToString())
    settings = other.pluginContext.dataSourceInstanceSettings
    for name, value in change.items():
        settings.ClearField(name)  # type: ignore[arg-type]
        settings.MergeFrom(pb.DataSourceInstanceSettings(**{name: value}))
    births = [_birth(services, request) for request in (honest, other, honest, other)]

    assert births[:2] == births[2:]
    assert births[0] != births[1]


def test_secrets_are_hidden_as_long_as_their_instance_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets are kept with the instance, and released when it is disposed of."""
    active: list[str] = []
    monkeypatch.setattr(masking, "keep", active.extend)
    monkeypatch.setattr(masking, "release", lambda secrets: active.__delitem__(slice(len(secrets))))
    services = Services(Identity)
    request = _request_of()
    request.pluginContext.dataSourceInstanceSettings.decryptedSecureJsonData.update({"token": "sesame-kept"})
    services.query(request)
    services.query(request)

    assert active.count("sesame-kept") == 1
    services.application.close()
    assert active == []


def test_settings_are_the_same_in_any_order() -> None:
    """Another order of secrets, or fields that this proto does not know, do not create another instance."""
    services = Services(Identity)
    births = set()
    for secrets in ({"a": "1", "b": "2", "c": "3"}, {"c": "3", "b": "2", "a": "1"}):
        request = _request_of()
        entries = [wire.length_delimited(9, wire.text(1, key) + wire.text(2, word)) for key, word in secrets.items()]
        unknown = wire.text(900, ",".join(secrets))
        whole = request.pluginContext.dataSourceInstanceSettings.SerializeToString() + b"".join(entries) + unknown
        request.pluginContext.dataSourceInstanceSettings.ParseFromString(whole)
        assert request.pluginContext.dataSourceInstanceSettings.decryptedSecureJsonData == secrets
        births.add(_birth(services, request))

    assert len(births) == 1


@pytest.mark.shows("faults: A caller knows a data source's id")
def test_a_stream_keeps_its_instance_during_other_calls() -> None:
    """A caller without the secrets neither sees the stream's instance nor ends it."""
    services = Services(Identity)
    words = "sesame"
    request = pb.RunStreamRequest(pluginContext=context(token=words), path="x")
    intruder = pb.QueryDataRequest(pluginContext=context(token=words), queries=[pb.DataQuery(refId="A")])
    intruder.pluginContext.dataSourceInstanceSettings.decryptedSecureJsonData.clear()
    packets: Any = services.application.streams["/pluginv2.Stream/RunStream"](request.SerializeToString(), Call())

    async def listen() -> tuple[bytes, bytes]:
        first = await anext(packets)
        await services.application.unary["/pluginv2.Data/QueryData"](intruder.SerializeToString(), Call())
        second = await anext(packets)
        await packets.aclose()
        return first, second

    first, second = run(listen())

    assert first == second


class Identity(Plain):
    """Answers with the id of the object."""

    def query(self, query: Any) -> Frame:
        return Frame.of(v=[id(self)])

    async def run_stream(self, request: Any) -> Any:
        while True:
            yield {"instance": id(self)}


def _birth(services: Services, request: pb.QueryDataRequest) -> int:
    """Return the id of the object that answers; objects live as long as their services, so that ids are unique."""
    frame = services.query(request)["A"].frames[0]
    return int(pa.ipc.open_file(frame).read_all().column("v")[0].as_py())


@pytest.mark.shows("protocol 45")
def test_forwarded_credentials_are_remembered() -> None:
    """Authorization, cookies and tokens of a request are masked in every later text."""
    endpoint.remember_secret_headers(
        {"Authorization": "Bearer sesame-auth", "http_Cookie": "theme=dark; s=sesame-cookie", "http_X-Other": "plain"}
    )

    assert masking.hide("Bearer sesame-auth; sesame-auth; sesame-cookie; plain; dark") == "***; ***; ***; plain; dark"


def test_the_proxys_key_is_part_of_the_cache_key() -> None:
    """The end of the proxy's private key is part of the cache key; anything else is not a key."""
    name = "GF_SECURE_SOCKS_DATASOURCE_PROXY_CLIENT_KEY_VAL"
    label = "PRIVATE KEY"

    assert endpoint.proxy_hash({name: f"-----BEGIN {label}-----\nQUJDREVG\n-----END {label}-----\n"}) == "REVG"
    assert endpoint.proxy_hash({name: "-----BEGIN CERTIFICATE-----\nQUJDREVG\n-----END CERTIFICATE-----\n"}) == ""
    assert endpoint.proxy_hash({name: f"-----BEGIN {label}-----\n!!!\n-----END {label}-----\n"}) == ""
    assert endpoint.proxy_hash({}) == ""
