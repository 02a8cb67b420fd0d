"""The keys that the author's types read, and what is told of those that nothing reads."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence  # noqa: TC003 - evaluated as annotations
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from pluginv2 import backend_pb2 as pb

from gfruntime.author import keys, unread
from gfruntime.author.ui import HttpOptions, Secret, Ui
from gfruntime.calls import convert, unknown_keys
from gfruntime.request.config import GrafanaConfig


@dataclass(frozen=True)
class Tls:
    """A part of the options."""

    ca: str = ""


@dataclass
class Loop:
    """A class in itself."""

    inner: Loop | None = None
    name: str = ""


class Pair(TypedDict, total=False):
    """A typed dict."""

    left: int


@dataclass(frozen=True)
class Options:
    """What a config page saves."""

    host: str = "h"
    url: Annotated[str, Ui(store="url")] = ""
    token: Secret = Secret("")  # noqa: RUF009  # immutable
    tls: Tls = Tls()
    http: HttpOptions = HttpOptions()  # noqa: RUF009  # immutable


@dataclass(frozen=True)
class Model:
    """What a query editor sends, in every shape."""

    table: str = ""
    rows: list[Tls] = field(default_factory=list)
    more: Sequence[Tls] = ()
    maybe: Tls | None = None
    named: dict[str, Tls] = field(default_factory=dict)
    mapped: Mapping[str, Tls] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)
    pair: Pair = field(default_factory=Pair)
    late: str = field(default="", init=False)


def unknown(model: Any, value: object) -> dict[str, list[str]]:
    """Return what nothing reads of a query."""
    return dict(unread.unknown_of_query(value, keys.of(model)))


@pytest.mark.parametrize(
    ("value", "path", "names"),
    [
        ({"tabel": 1}, "tabel", ["table", "rows", "more", "maybe", "named", "mapped", "free", "pair"]),
        ({"late": 1}, "late", ["table", "rows", "more", "maybe", "named", "mapped", "free", "pair"]),
        ({"rows": [{"ca": 1}, {"caa": 1}]}, "rows[1].caa", ["rows[1].ca"]),
        ({"more": [{"caa": 1}]}, "more[0].caa", ["more[0].ca"]),
        ({"maybe": {"caa": 1}}, "maybe.caa", ["maybe.ca"]),
        ({"named": {"x": {"caa": 1}}}, "named.x.caa", ["named.x.ca"]),
        ({"mapped": {"x": {"caa": 1}}}, "mapped.x.caa", ["mapped.x.ca"]),
        ({"pair": {"rihgt": 1}}, "pair.rihgt", ["pair.left"]),
    ],
)
def test_unknown_keys_are_listed_with_the_known_ones(value: object, path: str, names: list[str]) -> None:
    """At every depth, also in lists and mappings."""
    assert unknown(Model, value) == {path: names}


@pytest.mark.parametrize(
    "value",
    [
        {"table": 1, "free": {"x": {"y": 1}}, "maybe": None, "rows": "$rows", "named": []},
        {"refId": "A", "hide": False, "key": "Q-1", "datasource": {"uid": "x"}, "queryType": "", "intervalMs": 1},
        {"maxDataPoints": 1, "timeRange": {}, "adhocFilters": [], "scopes": [], "$$hashKey": "object:1", "__x": 1},
    ],
)
def test_known_keys_and_grafanas_keys_are_not_unknown(value: object) -> None:
    """A dict takes any key, a wrong type is another error, and Grafana adds keys to each query."""
    assert unknown(Model, value) == {}


@pytest.mark.parametrize("model", [dict, dict[str, Any], dict[str, int], Any, Tls | dict[str, str]])
def test_a_dict_takes_every_key(model: Any) -> None:
    """Nothing is known of it."""
    assert keys.of(model) is None


def test_a_class_in_itself_ends() -> None:
    """Below the second time everything is taken."""
    assert keys.of(Loop) == {"inner": None, "name": None}


def test_models_of_pydantic_have_their_aliases() -> None:
    """What takes extra keys, or looks at them all itself, takes everything."""
    pydantic = pytest.importorskip("pydantic")
    named = pydantic.create_model("Named", size=(int, pydantic.Field(1, alias="count")))
    extra = pydantic.create_model("Extra", __config__=pydantic.ConfigDict(extra="allow"), size=(int, 1))
    before = pydantic.create_model(
        "Before", size=(int, 1), __validators__={"all": pydantic.model_validator(mode="before")(lambda value: value)}
    )

    assert keys.of(named) == {"count": None}
    assert (keys.of(extra), keys.of(before)) == (None, None)


def test_options_are_known_by_where_grafana_keeps_them() -> None:
    """The URL and the secrets are none of jsonData's; the HTTP settings have their usual names."""
    stores = keys.stores_of(Options)

    assert stores is not None
    assert {"host", "tls", "timeout", "tlsSkipVerify"} <= set(stores["jsonData"])
    assert not {"url", "token", "http"} & set(stores["jsonData"])
    assert {"url"} == set(stores["url"])
    assert {"token", "basicAuthPassword"} <= set(stores["secureJsonData"])


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Catch debug lines, in a process that has told nothing yet."""
    monkeypatch.setattr(unknown_keys, "_LOGGED", set())
    caplog.set_level(logging.DEBUG, logger="gfruntime")
    return caplog


@pytest.mark.shows("errors: a mistyped name in `--option`")
def test_an_ignored_key_of_a_query_is_logged_once(told: pytest.LogCaptureFixture) -> None:
    """With its kind and the keys there are; the number of an item is none of it, and no value is shown."""
    decode = convert.model_decoder(Model)
    text = json.dumps({"tabel": "hush-1", "refId": "A", "rows": [{"caa": "hush-2"}, {"caa": "hush-2"}]}).encode()
    models = [decode(text) for _ in range(3)]

    assert models == [Model(rows=[Tls(), Tls()])] * 3
    assert [record.levelname for record in told.records] == ["DEBUG", "DEBUG"]
    assert "the query (Model): no field reads 'tabel'; there are table, rows" in told.text
    assert "no field reads 'rows[].caa'; there are rows[].ca" in told.text
    assert "hush" not in told.text


def test_an_ignored_key_of_settings_is_logged_once_without_its_value(told: pytest.LogCaptureFixture) -> None:
    """Of secrets, the name alone; what Grafana itself keeps there is not told."""
    message = pb.DataSourceInstanceSettings(
        jsonData=json.dumps({"hots": "hush-3", "serverName": "x", "httpHeaderName1": "y", "tls": {"caa": 1}}).encode(),
        decryptedSecureJsonData={"tokn": "hush-4", "token": "t", "httpHeaderValue1": "hush-5", "tlsCACert": "x"},
    )
    for _ in range(2):
        convert.settings(message, options_type=Options, config=GrafanaConfig({}))

    lines = [record.getMessage() for record in told.records]
    assert len(lines) == 3
    assert any("no field reads 'hots'; there are host, tls" in line for line in lines)
    assert any("no field reads 'tls.caa'; there are tls.ca" in line for line in lines)
    assert any("the secrets: no field reads 'tokn'; there are token" in line for line in lines)
    assert "hush" not in told.text


def test_without_debug_lines_nothing_is_looked_at(told: pytest.LogCaptureFixture) -> None:
    """A query costs nothing more than before."""
    told.set_level(logging.INFO, logger="gfruntime")
    convert.model_decoder(Model)(b'{"tabel": 1}')

    assert told.records == []
