"""The keys that the author's types read, and the log lines about unknown keys."""

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
    """A class that contains itself."""

    inner: Loop | None = None
    name: str = ""


class Pair(TypedDict, total=False):
    """A typed dict."""

    left: int


@dataclass(frozen=True)
class Options:
    """A config page's options."""

    host: str = "h"
    url: Annotated[str, Ui(store="url")] = ""
    token: Secret = Secret("")  # noqa: RUF009  # immutable
    tls: Tls = Tls()
    http: HttpOptions = HttpOptions()  # noqa: RUF009  # immutable


@dataclass(frozen=True)
class Model:
    """A query editor's model, in every shape."""

    table: str = ""
    rows: list[Tls] = field(default_factory=list)
    more: Sequence[Tls] = ()
    maybe: Tls | None = None
    by_name: dict[str, Tls] = field(default_factory=dict)
    by_mapping: Mapping[str, Tls] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)
    pair: Pair = field(default_factory=Pair)
    late: str = field(default="", init=False)


def unknown(model: Any, value: object) -> dict[str, list[str]]:
    """Return the unknown keys of a query."""
    return dict(unread.find_unknown_query_keys(value, keys.of(model)))


@pytest.mark.parametrize(
    ("value", "path", "names"),
    [
        ({"tabel": 1}, "tabel", ["table", "rows", "more", "maybe", "by_name", "by_mapping", "free", "pair"]),
        ({"late": 1}, "late", ["table", "rows", "more", "maybe", "by_name", "by_mapping", "free", "pair"]),
        ({"rows": [{"ca": 1}, {"caa": 1}]}, "rows[1].caa", ["rows[1].ca"]),
        ({"more": [{"caa": 1}]}, "more[0].caa", ["more[0].ca"]),
        ({"maybe": {"caa": 1}}, "maybe.caa", ["maybe.ca"]),
        ({"by_name": {"x": {"caa": 1}}}, "by_name.x.caa", ["by_name.x.ca"]),
        ({"by_mapping": {"x": {"caa": 1}}}, "by_mapping.x.caa", ["by_mapping.x.ca"]),
        ({"pair": {"rihgt": 1}}, "pair.rihgt", ["pair.left"]),
    ],
)
def test_unknown_keys_are_listed_with_the_known_ones(value: object, path: str, names: list[str]) -> None:
    """Unknown keys are found at every depth, also in lists and mappings."""
    assert unknown(Model, value) == {path: names}


@pytest.mark.parametrize(
    "value",
    [
        {"table": 1, "free": {"x": {"y": 1}}, "maybe": None, "rows": "$rows", "by_name": []},
        {"refId": "A", "hide": False, "key": "Q-1", "datasource": {"uid": "x"}, "queryType": "", "intervalMs": 1},
        {"maxDataPoints": 1, "timeRange": {}, "adhocFilters": [], "scopes": [], "$$hashKey": "object:1", "__x": 1},
    ],
)
def test_known_keys_and_grafanas_keys_are_not_reported(value: object) -> None:
    """A dict accepts any key, a wrong type is another error, and Grafana adds keys to each query."""
    assert unknown(Model, value) == {}


@pytest.mark.parametrize("model", [dict, dict[str, Any], dict[str, int], Any, Tls | dict[str, str]])
def test_a_dict_takes_every_key(model: Any) -> None:
    """The runtime does not know the keys of a dict."""
    assert keys.of(model) is None


def test_a_class_that_contains_itself_is_read_once() -> None:
    """Keys of the inner object are not checked."""
    assert keys.of(Loop) == {"inner": None, "name": None}


def test_models_of_pydantic_have_their_aliases() -> None:
    """A model that accepts extra keys, or validates the whole object itself, takes every key."""
    pydantic = pytest.importorskip("pydantic")
    with_alias = pydantic.create_model("Named", size=(int, pydantic.Field(1, alias="count")))
    extra = pydantic.create_model("Extra", __config__=pydantic.ConfigDict(extra="allow"), size=(int, 1))
    before = pydantic.create_model(
        "Before", size=(int, 1), __validators__={"all": pydantic.model_validator(mode="before")(lambda value: value)}
    )

    assert keys.of(with_alias) == {"count": None}
    assert (keys.of(extra), keys.of(before)) == (None, None)


def test_keys_of_options_are_listed_by_their_store() -> None:
    """The URL and the secrets are not in jsonData; the HTTP settings have their usual names."""
    stores = keys.stores_of(Options)

    assert stores is not None
    assert {"host", "tls", "timeout", "tlsSkipVerify"} <= set(stores["jsonData"])
    assert not {"url", "token", "http"} & set(stores["jsonData"])
    assert {"url"} == set(stores["url"])
    assert {"token", "basicAuthPassword"} <= set(stores["secureJsonData"])


@pytest.fixture
def debug_log(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Capture debug lines, as in a process that has logged nothing yet."""
    monkeypatch.setattr(unknown_keys, "_LOGGED", set())
    caplog.set_level(logging.DEBUG, logger="gfruntime")
    return caplog


@pytest.mark.shows("errors: a mistyped name in `--option`")
def test_an_ignored_key_of_a_query_is_logged_once(debug_log: pytest.LogCaptureFixture) -> None:
    """The line has the kind and the known keys, but no index of an item and no value."""
    decode = convert.model_decoder(Model)
    text = json.dumps({"tabel": "hush-1", "refId": "A", "rows": [{"caa": "hush-2"}, {"caa": "hush-2"}]}).encode()
    models = [decode(text) for _ in range(3)]

    assert models == [Model(rows=[Tls(), Tls()])] * 3
    assert [record.levelname for record in debug_log.records] == ["DEBUG", "DEBUG"]
    assert "the query (Model): no field reads 'tabel'; there are table, rows" in debug_log.text
    assert "no field reads 'rows[].caa'; there are rows[].ca" in debug_log.text
    assert "hush" not in debug_log.text


def test_an_ignored_key_of_settings_is_logged_once_without_its_value(debug_log: pytest.LogCaptureFixture) -> None:
    """Only the name of a secret is logged; Grafana's keys are not logged."""
    message = pb.DataSourceInstanceSettings(
        jsonData=json.dumps({"hots": "hush-3", "serverName": "x", "httpHeaderName1": "y", "tls": {"caa": 1}}).encode(),
        decryptedSecureJsonData={"tokn": "hush-4", "token": "t", "httpHeaderValue1": "hush-5", "tlsCACert": "x"},
    )
    for _ in range(2):
        convert.settings(message, options_type=Options, config=GrafanaConfig({}))

    lines = [record.getMessage() for record in debug_log.records]
    assert len(lines) == 3
    assert any("no field reads 'hots'; there are host, tls" in line for line in lines)
    assert any("no field reads 'tls.caa'; there are tls.ca" in line for line in lines)
    assert any("the secrets: no field reads 'tokn'; there are token" in line for line in lines)
    assert "hush" not in debug_log.text


def test_keys_are_not_checked_without_debug_lines(debug_log: pytest.LogCaptureFixture) -> None:
    """The check then costs a query no time."""
    debug_log.set_level(logging.INFO, logger="gfruntime")
    convert.model_decoder(Model)(b'{"tabel": 1}')

    assert debug_log.records == []
