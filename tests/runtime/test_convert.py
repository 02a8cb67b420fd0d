"""Protobuf becomes the runtime's types, and JSON the author's."""

from __future__ import annotations

import base64
import datetime as dt
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pluginv2 import backend_pb2 as pb

from gfruntime.author.ui import Secret, Ui
from gfruntime.calls import convert
from gfruntime.errors import DecodeError
from gfruntime.logs import masking
from gfruntime.request.config import GrafanaConfig
from gfruntime.request.incoming import Incoming
from gfruntime.request.vocabulary import User

if TYPE_CHECKING:
    from gfruntime.request.vocabulary import Query

UTC = dt.UTC


@dataclass(frozen=True)
class Model:
    """A query editor's model."""

    table: str = "sales"
    limit: int = 10
    kind: Literal["sum", "mean"] = "sum"
    tags: list[str] = field(default_factory=list)
    maybe: float | None = None


@dataclass(frozen=True)
class Strict:
    """A model with its own rule and a key without a default."""

    name: str
    size: int = 1

    def __post_init__(self) -> None:
        """Accept every value."""
        if self.size <= 0:
            raise ValueError("size must be positive")


@dataclass(frozen=True)
class Options:
    """A config page's options."""

    url: Annotated[str, Ui(store="url")] = "http://default"
    token: Secret = Secret("")  # noqa: RUF009  # immutable
    pin: Annotated[Secret, Ui(label="PIN")] = Secret("none")  # noqa: RUF009
    timeout: float = 10.0


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, dt.datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, dt.datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (2**63 - 1, dt.datetime.max.replace(tzinfo=UTC)),
        (-(2**63), dt.datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_times_are_aware_and_never_overflow(milliseconds: int, expected: dt.datetime) -> None:
    """Any number of epoch milliseconds becomes an aware UTC datetime."""
    assert convert.utc(milliseconds) == expected


def test_context_is_converted() -> None:
    """The context has the user, the Grafana instance, and its configuration."""
    message = pb.PluginContext(orgId=2, pluginId="p", pluginVersion="1", userAgent="Grafana/12", namespace="default")
    message.user.CopyFrom(pb.User(login="l", name="n", email="e", role="Admin"))
    message.grafanaConfig["GF_APP_URL"] = "http://g"
    result = convert.plugin_context(message)

    assert (result.org_id, result.plugin_id, result.plugin_version) == (2, "p", "1")
    assert (result.user_agent, result.namespace, result.config) == ("Grafana/12", "default", {"GF_APP_URL": "http://g"})
    assert result.user == User(login="l", name="n", email="e", role="Admin")


def test_settings_are_converted() -> None:
    """Times become aware datetimes, jsonData the author's options; no repr shows a secret."""
    message = pb.DataSourceInstanceSettings(
        name="n", url="u", user="w", database="d", basicAuthEnabled=True, basicAuthUser="b", uid="i", lastUpdatedMS=1000
    )
    message.jsonData = b'{"a":1}'
    message.decryptedSecureJsonData["token"] = "sesame-convert"  # noqa: S105  # made up
    settings = convert.settings(message, options_type=dict, config=GrafanaConfig())

    assert (settings.name, settings.url, settings.user, settings.database, settings.uid) == ("n", "u", "w", "d", "i")
    assert (settings.basic_auth_enabled, settings.basic_auth_user, settings.options) == (True, "b", {"a": 1})
    assert settings.updated == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert settings.secrets == {"token": "sesame-convert"}
    assert "sesame" not in repr(settings)
    assert masking.hide("sesame-convert") == "***"


@pytest.mark.shows("protocol 75")
def test_query_is_converted() -> None:
    """Times, durations and the alert flag become Python's types; FromAlert is a boolean (item 75)."""
    message = pb.DataQuery(refId="B", maxDataPoints=5, intervalMS=1500, json=b"{}", queryType="t")
    message.timeRange.CopyFrom(pb.TimeRange(fromEpochMS=1000, toEpochMS=2000))
    query = convert.query(
        message,
        decode_model=lambda text: text,
        call=Incoming(endpoint="queryData", headers={"FromAlert": "true"}),
        cancel=threading.Event(),
    )

    assert (query.ref_id, query.max_data_points, query.query_type, query.model) == ("B", 5, "t", b"{}")
    assert query.interval == dt.timedelta(seconds=1.5)
    assert query.time_range.duration == dt.timedelta(seconds=1)
    assert query.from_alert


@pytest.mark.parametrize(
    ("points", "expected"),
    [(2**62, 1_000_000), (1_000_001, 1_000_000), (43_200, 43_200), (0, 0), (-1, 0), (-(2**63), 0)],
)
def test_max_data_points_are_bounded(points: int, expected: int) -> None:
    """The number is at most a million, and never negative."""
    assert convert_query(pb.DataQuery(maxDataPoints=points)).max_data_points == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, dt.timedelta(seconds=1)),
        (-1, dt.timedelta(seconds=1)),
        (-(2**63), dt.timedelta(seconds=1)),
        (1, dt.timedelta(milliseconds=1)),
        (2**63 - 1, dt.timedelta(days=999_999_999)),
    ],
)
def test_intervals_are_positive(milliseconds: int, expected: dt.timedelta) -> None:
    """An author may divide by the interval; without one it is Grafana's default of a second."""
    assert convert_query(pb.DataQuery(intervalMS=milliseconds)).interval == expected


def convert_query(message: pb.DataQuery) -> Query[Any]:
    """Convert a query."""
    call = Incoming(endpoint="queryData")
    return convert.query(message, decode_model=lambda text: text, call=call, cancel=threading.Event())


def test_passwords_in_urls_and_headers_are_remembered() -> None:
    """These passwords are masked like secrets, also in the form that HTTP sends."""
    message = pb.DataSourceInstanceSettings(
        url="http://eve:sesame%40url@api.example/path",
        basicAuthUser="ada",
        decryptedSecureJsonData={"basicAuthPassword": "sesame-basic"},
    )
    settings = convert.settings(message, options_type=dict[str, str], config=GrafanaConfig())
    credentials = base64.b64encode(b"ada:sesame-basic").decode()

    assert masking.hide(f"{message.url} sesame@url {credentials}") == "http://eve:***@api.example/path *** ***"
    assert "sesame" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", Model()),
        (b"{}", Model()),
        (b"null", Model()),
        (b'{"table":"x","limit":"5","refId":"A","datasource":{"uid":"u"}}', Model(table="x", limit=5)),
        (b'{"table":null,"limit":null,"maybe":null}', Model()),
        (b'{"limit":null,"tags":["a"],"maybe":"1.5"}', Model(tags=["a"], maybe=1.5)),
    ],
)
def test_models_are_decoded_leniently(text: bytes, expected: Model) -> None:
    """Text is accepted for a number, null means the default, unknown keys are ignored."""
    assert convert.model_decoder(Model)(text) == expected


@pytest.mark.parametrize(
    ("model_type", "text", "message"),
    [
        (Model, b'{"limit":"many"}', "the query: limit: expected int, got str 'many'"),
        (Model, b'{"kind":"max"}', "the query: field 'kind': 'max' is not one of 'sum', 'mean'"),
        (Model, b'{"tags":["a",[1]]}', "the query: tags[1]: expected str, got array [1]"),
        (Model, b"{", "the query: not JSON: "),
        (Model, b"[1]", "the query: expected an object, got list"),
        (Strict, b"{}", "the query: object missing required field name"),
        (Strict, b'{"name":null}', "the query: name: expected str, got null"),
        (Strict, b'{"name":"a","size":0}', "the query: size must be positive"),
        (Model, b"\xff", "the query: not JSON: "),
    ],
)
def test_mismatches_name_the_key(model_type: type, text: bytes, message: str) -> None:
    """An error says which key is wrong, what was expected and what came."""
    with pytest.raises(DecodeError) as failure:
        convert.model_decoder(model_type)(text)

    assert str(failure.value).startswith(message)


def test_without_a_model_the_object_is_a_dict() -> None:
    """An author who annotates nothing gets the JSON object."""
    assert convert.model_decoder(dict[str, Any])(b'{"a":[1]}') == {"a": [1]}


def test_options_come_from_json_data_the_url_field_and_the_secure_store() -> None:
    """Secrets come from the secure store, the URL from the data source's field, the rest from jsonData."""
    secrets = {"token": "sesame", "other": "x"}
    options = convert.options(
        Options, json_data=b'{"timeout":"3","token":"fake","url":"fake"}', url="http://x", secrets=secrets
    )

    assert options == Options(url="http://x", token=Secret("sesame"), timeout=3.0)
    assert isinstance(options.token, Secret)
    assert "sesame" not in repr(options)


def test_options_without_values_are_the_defaults() -> None:
    """A data source that was never configured has the defaults."""
    assert convert.options(Options, json_data=b"", url="", secrets={}) == Options()


def test_pydantic_models_decode_themselves() -> None:
    """A pydantic model is asked to decode itself, and its refusal shows keys, never values."""
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("model", limit=(int, 3))
    decode = convert.model_decoder(model)

    assert decode(b'{"limit":"4"}').limit == 4
    with pytest.raises(DecodeError, match=r"the query: limit: .*integer") as failure:
        decode(b'{"limit":"sesame"}')
    assert "sesame" not in str(failure.value)
