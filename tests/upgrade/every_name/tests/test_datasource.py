"""The data source as Grafana asks it: queries, resources, streams, objects; and what it learns of who asks."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import grpc
import pytest

import gfruntime
from gfruntime import (
    Admission,
    AdmissionRequest,
    ConversionRequest,
    DataOnly,
    Frame,
    FrameError,
    Health,
    HttpOptions,
    Incoming,
    PluginContext,
    PluginError,
    Query,
    QueryError,
    RawObject,
    Request,
    Response,
    Secret,
    Settings,
    StreamRequest,
    StreamResponse,
    TimeRange,
    Ui,
    User,
    current_call,
    get_logger,
    serve,
)
from gfruntime.calls.admission import Kind
from gfruntime.config import GrafanaConfig, SocksProxy, SqlDefaults, UserAgent
from gfruntime.errors import DecodeError
from gfruntime.testing import START, ask, call, packets, query, settings
from plugin.datasource import Datasource, Model, Names, Options

PROJECT = Path(__file__).parents[1]
HEADERS = {"FromAlert": "true", "http_X-Panel-Id": "7", "Cookie": "a=b"}
PROXY = "GF_SECURE_SOCKS_DATASOURCE_PROXY_"
CONFIG = GrafanaConfig(
    {
        "GF_APP_URL": "https://grafana.example",
        "GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "one,two",
        "GF_CONCURRENT_QUERY_COUNT": "10",
        "GF_USER_FACING_DEFAULT_ERROR": "ask us",
        "GF_SQL_ROW_LIMIT": "1",
        "GF_SQL_MAX_OPEN_CONNS_DEFAULT": "2",
        "GF_SQL_MAX_IDLE_CONNS_DEFAULT": "3",
        "GF_SQL_MAX_CONN_LIFETIME_SECONDS_DEFAULT": "4",
        "GF_RESPONSE_LIMIT": "1000",
        "GF_PLUGIN_APP_CLIENT_SECRET": "hush",
        "GF_LIVE_CLIENT_QUEUE_MAX_SIZE": "5",
        f"{PROXY}SERVER_ENABLED": "true",
        f"{PROXY}PROXY_ADDRESS": "proxy:1080",
        f"{PROXY}SERVER_NAME": "proxy",
        f"{PROXY}CLIENT_CERT": "cert.pem",
        f"{PROXY}CLIENT_KEY": "key.pem",
        f"{PROXY}ROOT_CA_CERT": "ca.pem",
        f"{PROXY}ALLOW_INSECURE": "true",
    }
)
ADMIN = User(login="ada", name="Ada", email="ada@example.com", role="Admin")
CONTEXT = PluginContext(
    org_id=1,
    plugin_id="acme-sales-datasource",
    plugin_version="1.2.3",
    user=ADMIN,
    config=CONFIG,
    namespace="org-1",
    user_agent="Grafana/12.0.0 (linux; amd64)",
    api_version="v1",
)


def make(url: str = "") -> Datasource:
    """Make a data source as its config page would."""
    return Datasource(settings(Options(url=url, token=Secret("t"), seed=2), secrets={"token": "t"}, url=url))


def test_a_query_is_answered() -> None:
    """By `ask`, with all that `query` can say, and the same in parts."""
    asked = query(
        Model(table="orders"),
        ref_id="B",
        start=START,
        end=START + timedelta(minutes=2),
        interval=timedelta(minutes=1),
        max_data_points=3,
        from_alert=True,
        headers=HEADERS,
    )
    north, south = ask(datasource=make(), asked=asked)
    whole = make().query(asked)

    assert (north["amount"].labels, north["amount"].to_list()) == ({"region": "north"}, [100.0, 102.0])
    assert south["amount"].to_list() == [60.0]  # the limit
    assert [frame for _, frame in make().query_chunked(asked)] == whole
    assert (asked.ref_id, asked.max_data_points, asked.interval) == ("B", 3, timedelta(minutes=1))
    assert asked.http_headers == {"X-Panel-Id": "7", "Cookie": "a=b"}
    with pytest.raises(QueryError, match="no table") as raised:
        ask(make(), query(Model(table="none")))
    assert raised.value.status == 400


def test_a_query_is_made_by_hand() -> None:
    """As the tests of the template did."""
    window = TimeRange(start=START, end=START + timedelta(minutes=1))
    asked = Query(
        model=Names("o"),
        time_range=window,
        ref_id="A",
        interval=timedelta(seconds=1),
        max_data_points=1,
        query_type="variable",
        from_alert=False,
        headers={"FromAlert": "false"},
        context=CONTEXT,
    )

    assert make().query_variable(asked)["text"].to_list() == ["orders"]
    assert make().query_annotation(asked)["time"].to_list() == [asked.time_range.start]
    assert (asked.query_type, asked.from_alert, asked.headers) == ("variable", False, {"FromAlert": "false"})
    assert not asked.cancel.is_set()
    assert asked.context.user == ADMIN
    assert Query(model=None, time_range=window, cancel=asked.cancel).cancel is asked.cancel


def test_resources_are_answered() -> None:
    """By routes, by a WSGI and by an ASGI application."""
    wanted = Request(path="tables", method="GET", url="tables?prefix=s", headers={"x-rows": ["3"]}, context=CONTEXT)
    echo = Request(path="asgi/a/b", method="POST", body=b'{"a": 1}', cancel=wanted.cancel)
    rows = call(make(), Request(path="tables/sales/rows", headers=wanted.headers))

    assert json.loads(call(datasource=make(), request=wanted).read()) == [{"value": "sales", "label": "Sales"}]
    assert (rows.headers, rows.read()) == ({"Content-Type": "text/csv"}, b"sales,0\nsales,1\nsales,2\n")
    assert call(make(), Request(path="a%20b", context=CONTEXT)).read() == b"GET /a b 1"
    assert call(make(), echo).headers["x-path"] == ["/asgi/a/b"]
    assert (echo.json(), echo.body, echo.url, wanted.header("X-Rows")) == ({"a": 1}, b'{"a": 1}', "", "3")
    assert Response.json(value=[1], status=201, headers={"X-A": "b"}).body == b"[1]"


def test_streams_are_sent() -> None:
    """With a schema, without, as JSON, as bytes; who may listen and send is asked."""
    asked = StreamRequest(path="sales", data=b'{"a": 1}', headers=HEADERS, context=CONTEXT)
    first, second, third, fourth = packets(datasource=make(), request=asked, count=0)
    welcome = make().subscribe_stream(asked)

    assert ("schema" in first, first["data"], third, fourth) == (True, second["data"], {"path": "sales"}, {"a": 1})
    assert asked.cancel.is_set()
    assert isinstance(welcome.data, Frame)
    assert DataOnly(frame=welcome.data).frame is welcome.data
    assert make().subscribe_stream(StreamRequest(path="x", cancel=asked.cancel)) == StreamResponse.not_found()
    assert make().publish_stream(asked) == StreamResponse(status="ok", data=asked.json())
    assert make().publish_stream(StreamRequest(path="sales")).status == StreamResponse.denied().status
    assert asked.http_headers == {"X-Panel-Id": "7", "Cookie": "a=b"}


def test_objects_are_admitted_and_converted() -> None:
    """As Kubernetes-style APIs ask it."""

    def admission(operation: Literal["create", "delete"], content: bytes) -> AdmissionRequest:
        kind = Kind(group="acme", version="v1", kind="Sale")
        stored = settings({"a": 1})
        return AdmissionRequest(
            operation=operation, kind=kind, object=content, old_object=b"{}", context=CONTEXT, settings=stored
        )

    asked = admission("create", b'{"name": "x"}')
    refused = Datasource.validate_admission(admission("create", b"{}"))
    objects = ConversionRequest(
        objects=[RawObject(raw=b"{}", content_type="application/json")],
        group="acme",
        version="v2",
        uid="u",
        context=CONTEXT,
        settings=asked.settings,
    )

    assert Datasource.validate_admission(asked) == Admission(allowed=True, warnings=["test"])
    assert refused == Admission(allowed=False, message="a Sale needs a name", reason="Invalid", code=422)
    assert Datasource.mutate_admission(asked) == Admission(allowed=True, object=b'{"name": "x", "group": "acme"}')
    assert Admission.allow(object=None) == Admission(allowed=True)
    assert Admission.deny(message="no").object is None
    assert Datasource.validate_admission(admission("delete", b"")).warnings == ["test"]
    assert [(each.raw, each.content_type) for each in Datasource.convert_objects(objects)] == [
        (b'{"version": "v2"}', "application/json")
    ]


def test_who_asks_is_known() -> None:
    """User, plugin, Grafana and its configuration, the call that is being answered."""
    metadata = {"tenantid": ["t"], "traceparent": ["00-abc-def-01"]}
    incoming = Incoming(
        endpoint="queryData", context=CONTEXT, headers=HEADERS, metadata=metadata, data_source="s", data_source_uid="u"
    )

    assert current_call() is None
    assert make().check_health() == Health(status="error", message="nobody asks", details={})
    assert CONTEXT.grafana == UserAgent(version="12.0.0", os="linux", arch="amd64")
    assert UserAgent.parse(text=CONTEXT.user_agent).os + CONTEXT.grafana.arch == "linuxamd64"
    assert (incoming.from_alert, incoming.tenant, incoming.trace_id) == (True, "t", "abc")
    assert incoming.propagated == {"traceparent": "00-abc-def-01"}
    assert incoming.http_headers == {"X-Panel-Id": "7", "Cookie": "a=b"}


def test_grafanas_configuration_is_read() -> None:
    """Each of its known settings."""
    assert CONFIG.socks_proxy == SocksProxy(
        address="proxy:1080",
        server_name="proxy",
        client_cert="cert.pem",
        client_key="key.pem",
        root_cas=("ca.pem",),
        allow_insecure=True,
    )
    assert CONFIG.sql == SqlDefaults(
        row_limit=1, max_open_connections=2, max_idle_connections=3, max_connection_lifetime=4
    )
    assert CONFIG.is_enabled(toggle="two")
    assert (CONFIG.app_url, sorted(CONFIG.feature_toggles)) == ("https://grafana.example", ["one", "two"])
    assert (CONFIG.concurrent_query_count, CONFIG.user_facing_default_error) == (10, "ask us")
    assert (CONFIG.response_limit, CONFIG.app_client_secret, CONFIG.live_client_queue_max_size) == (1000, "hush", 5)


def test_settings_and_fields_of_the_editors() -> None:
    """What a config page saves, and how a field looks there; secrets do not show."""
    stored = Settings(
        options=Options(),
        secrets={"token": "t"},
        uid="u",
        name="n",
        url="http://localhost",
        user="ada",
        database="db",
        basic_auth_enabled=True,
        basic_auth_user="ada",
        updated=START,
        json_data={"seed": 1},
        config=CONFIG,
        api_version="v1",
    )
    field = Ui(
        label="l",
        help="h",
        placeholder="p",
        section="s",
        widget="code",
        language="sql",
        rows=2,
        minimum=0,
        maximum=1,
        required=True,
        options_from="tables",
        show_if={"mode": ["sql"]},
        store="jsonData",
    )

    assert (stored.options.http, stored.config, field.options_from) == (HttpOptions(), CONFIG, "tables")
    assert "hush" not in repr((Secret("hush"), CONFIG))


def test_errors_say_who_is_to_blame(caplog: pytest.LogCaptureFixture) -> None:
    """With a status, and nothing but standard logging."""
    get_logger(name="sales").warning("careful", extra={"table": "sales"})

    assert [each.table for each in caplog.records if hasattr(each, "table")] == ["sales"]
    assert (PluginError("x", status=418).status, PluginError(message="x").source) == (418, "plugin")
    assert (DecodeError(message="x", status=422).status, QueryError(message="x", status=409).status) == (422, 409)
    assert FrameError(message="x", status=501).status == 501
    assert issubclass(DecodeError, QueryError)
    assert sorted(gfruntime.__all__)[-1] == "wide_to_long"


def run(*arguments: str) -> str:
    """Start the plugin by hand, and return what it prints."""
    command = [sys.executable, "-m", "plugin", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False).stdout  # noqa: S603


def test_the_executable_tells_its_version() -> None:
    """And what it was built from; without Grafana it prints nothing that Grafana would read."""
    assert run("-version") == "0.1.0\n"
    assert json.loads(run("-buildinfo"))["pluginID"] == "acme-sales-datasource"
    assert run() == ""


def test_the_plugin_runs_under_a_debugger() -> None:
    """It leaves its address in a file, and answers there, until it is ended."""
    note = PROJECT / "standalone.txt"
    with subprocess.Popen([sys.executable, "-m", "plugin", "-standalone"], cwd=PROJECT) as process:
        try:
            for _ in range(300):
                time.sleep(0.1)
                if note.exists() and note.read_text():
                    break
            with grpc.insecure_channel(note.read_text()) as channel:
                grpc.channel_ready_future(channel).result(timeout=30)
        finally:
            process.terminate()
    assert not note.exists()


def load() -> Callable[[Settings[Options]], Any]:
    """Give the class, as `__main__` does."""
    return Datasource


def test_serve_refuses_to_run_without_grafana() -> None:
    """It ends the process, and says why."""
    with pytest.raises(SystemExit) as ended:
        serve(load=load, threads=2)

    assert ended.value.code == 1
