"""Options, secrets and fields that a plugin does not read are refused, and the error lists those that it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from small_project import small_project

from gfplug.errors import ProjectError, UsageError
from gfplug.host import known_keys
from gfplug.host.known_keys import KnownKeys

if TYPE_CHECKING:
    from pathlib import Path

KEYS: dict[str, Any] = {
    "options": {"host": None, "port": None, "user": None, "tls": {"ca": None, "key_file": None}},
    "url": ["address"],
    "secrets": ["token"],
    "query": {"table": None, "rows": {"size": None}},
    "own": {"variable": {"of": None}},
}
KNOWN_KEYS = KnownKeys.from_json({"keys": KEYS}, None)


@pytest.mark.parametrize(
    ("assignments", "sentence", "hint"),
    [
        (["prot=1"], "--option: no option `prot`; there are host, port, user, tls", "did you mean port?"),
        (["tls.caa=1"], "--option: no option `tls.caa`; there are tls.ca, tls.key_file", "did you mean tls.ca?"),
        (['tls={"keyFile":1}'], "--option: no option `tls.keyFile`; there are tls.ca", "did you mean tls.key_file?"),
        (["Host=x"], "--option: no option `Host`; there are host, port, user, tls", "did you mean host?"),
        (["zzzz=1"], "--option: no option `zzzz`; there are host, port, user, tls", ""),
        (["token=hush"], "--option: `token` is a secret, not an option", "set it with --secret, or secureJsonData"),
        (["address=http://x"], "--option: `address` is the data source's URL, not an option", "set it with --url"),
    ],
)
def test_an_unknown_option_is_refused(assignments: list[str], sentence: str, hint: str) -> None:
    """The error lists the options and a suggestion, and shows no value."""
    with pytest.raises(UsageError) as excinfo:
        known_keys.require_typed(KNOWN_KEYS, options=assignments, secrets=[])

    assert excinfo.value.message.startswith(sentence)
    assert excinfo.value.hint.startswith(hint)
    assert "hush" not in excinfo.value.message + excinfo.value.hint


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("tokn=hush", "--secret: no secret `tokn`; there is token"),
        ("host=hush", "--secret: `host` is an option, not a secret"),
        ("aHVzaA==", "--secret: the given name is not a secret; there is token"),
        ("hush/hush+hush=hush", "--secret: the given name is not a secret; there is token"),
    ],
)
def test_an_unknown_secret_is_refused_without_its_value(assignment: str, sentence: str) -> None:
    """A pasted text without a key may be the whole secret, and is not shown either."""
    with pytest.raises(UsageError) as excinfo:
        known_keys.require_typed(KNOWN_KEYS, options=[], secrets=[assignment])

    assert excinfo.value.message == sentence
    assert "hush" not in excinfo.value.hint
    assert "aHVz" not in excinfo.value.message + excinfo.value.hint


@pytest.mark.parametrize(
    ("option", "secret"),
    [
        ("port=1", "token=x"),
        ("httpHeaderName1=X-Y", "httpHeaderValue1=x"),
        ("tlsAuth=true", "tlsClientKey=x"),
        ("serverName=x", "basicAuthPassword=x"),
        ("timeout=3", "password=x"),
        ("oauthPassThru=true", "sigV4SecretKey=x"),
        ("keepCookies=[]", "secureSocksProxyPassword=x"),
    ],
)
def test_grafanas_own_options_and_secrets_are_never_refused(option: str, secret: str) -> None:
    """Grafana and its SDKs read them from every data source."""
    known_keys.require_typed(KNOWN_KEYS, options=[option], secrets=[secret])


@pytest.mark.parametrize(
    ("model", "kind", "paths"),
    [
        ({"tabel": 1}, "", ["no field `tabel`; there are table, rows"]),
        ({"rows": [{"size": 1}, {"sise": 1}]}, "", ["no field `rows[1].sise`; there is rows[1].size"]),
        ({"table": 1}, "variable", ["no field `table`; there is of"]),
        ({"of": 1, "refId": "A", "queryType": "variable"}, "variable", []),
        ({"table": 1}, "other", []),
        ({"table": 1}, {"odd": 1}, []),
        ({"hide": True, "key": "x", "datasource": {}, "intervalMs": 1, "maxDataPoints": 2, "adhocFilters": []}, "", []),
    ],
)
def test_fields_are_checked_by_the_kind_of_query(model: dict[str, Any], kind: object, paths: list[str]) -> None:
    """Fields that Grafana adds to each query pass."""
    assert [each.sentence for each in KNOWN_KEYS.of_query(model, kind=kind)] == paths


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"version": 1, "config": {"fields": []}},
        {"keys": None},
        {"keys": {**KEYS, "options": 3}},
        {"keys": {**KEYS, "query": {"table": 1}}},
        {"keys": {**KEYS, "own": []}},
        {"keys": {**KEYS, "secrets": "token"}},
        {"keys": {**KEYS, "url": [1]}},
        {"keys": {"options": None, "url": [], "secrets": None, "query": None, "own": {}}},
        [1],
        "x",
    ],
)
def test_without_known_keys_no_key_is_refused(reply: object) -> None:
    """The runtime is older, the plugin uses another SDK, or its class takes dicts."""
    keys = KnownKeys.from_json(reply, None)
    known_keys.require_typed(keys, options=["x=1"], secrets=["y=1"])

    assert list(keys.of_query({"z": 1})) == []


def test_a_class_without_options_or_secrets_says_that_there_are_none() -> None:
    """A dataclass without fields accepts no key."""
    keys = KnownKeys.from_json({"keys": {**KEYS, "options": {}, "secrets": []}}, None)
    with pytest.raises(UsageError, match="no option `x`; there are none"):
        known_keys.require_typed(keys, options=["x=1"], secrets=[])
    with pytest.raises(UsageError, match="no secret `x`; there are none"):
        known_keys.require_typed(keys, options=[], secrets=["x=1"])


def test_unknown_provisioned_keys_are_refused_without_their_values() -> None:
    """They are options, secrets, and keys that resemble Grafana's."""
    source = {"name": "x", "urll": "y", "strange": 1, "jsonData": {"prot": "hush"}, "secureJsonData": {"tokn": "hush"}}
    with pytest.raises(ProjectError) as excinfo:
        known_keys.require(known_keys.of_source(KNOWN_KEYS, source), place="a.yaml", error=ProjectError)

    assert excinfo.value.message == (
        "a.yaml: Grafana does not read `urll` of a data source; no option `prot`; there are host, port, user, tls; "
        "no secret `tokn`; there is token"
    )
    assert excinfo.value.hint == "did you mean url?; did you mean port?; did you mean token?"


def test_keys_that_the_browser_or_the_proxy_reads_are_known(tmp_path: Path) -> None:
    """The routes of plugin.json name keys; hooks.js may read any word of its code, but not of its comments."""
    project = small_project(tmp_path / "project")
    manifest = (project.root / "plugin.json").read_text()
    routes = '"routes": [{"path": "x", "url": "{{ .JsonData.base }}", "body": "{{.SecureJsonData.pass}}"}], '
    (project.root / "plugin.json").write_text(manifest.replace("{", "{" + routes, 1))
    (project.root / "frontend" / "hooks.js").write_text("// legnd\nexports.query = ({ legend }) => legend;\n")
    keys = KnownKeys.from_json({"keys": KEYS}, project)

    known_keys.require_typed(keys, options=["base=1"], secrets=["pass=1"])
    assert [each.sentence[:16] for each in keys.of_query({"legend": 1, "legnd": 2})] == ["no field `legnd`"]
