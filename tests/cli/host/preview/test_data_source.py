"""Settings saved on the config page stay in memory, as in Grafana, and no secret is sent back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from small_preview import ID, SECRET, Small

from gfplug.errors import UsageError
from gfplug.host.preview.data_source import DataSource

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, Any]]

SOURCE = "api/datasources/uid/sales"


def test_the_page_gets_names_of_secrets_but_no_values(ask: Ask) -> None:
    """No response that describes the data source has a value."""
    status, answer = ask(SOURCE)

    assert status == 200
    assert answer["secureJsonFields"] == {"token": True}
    assert (answer["uid"], answer["type"], answer["url"]) == ("sales", ID, "http://127.0.0.1:9")
    assert answer["jsonData"] == {"timeout": 10}
    for path in (SOURCE, "preview/boot", "api/frontend/settings", "api/plugins/acme-sales-datasource/settings"):
        assert SECRET not in str(ask(path)), path


def test_the_plugin_gets_the_saved_settings(ask: Ask, small: Small) -> None:
    """The next call has them with a later time of change, so the plugin makes a new instance."""
    before = small.source.settings()
    _, old = ask(SOURCE)
    new = {**old, "url": "http://other", "jsonData": {"timeout": 3}, "secureJsonData": {"key": "k3y!"}}

    status, answer = ask(SOURCE, new, method="PUT")

    assert (status, answer["message"]) == (200, "Datasource updated")
    assert answer["datasource"]["version"] == old["version"] + 1
    assert answer["datasource"]["secureJsonFields"] == {"token": True, "key": True}
    after = small.source.settings()
    assert (after.url, after.options, after.secrets) == (
        "http://other", {"timeout": 3}, {"token": SECRET, "key": "k3y!"}
    )  # fmt: skip
    assert after.updated_ms > before.updated_ms
    assert "k3y!" not in str(answer)


@pytest.mark.parametrize(("sent", "read"), [(r"a\uD83D b", "a\ufffd b"), (r"a\ud83d\ude00 b", "a\U0001f600 b")])
def test_half_of_a_surrogate_pair_is_replaced_as_in_go(ask: Ask, small: Small, sent: str, read: str) -> None:
    """UTF-8 can't contain it, so neither the plugin nor an upstream could get it."""
    body = f'{{"name": "{sent}", "secureJsonData": {{"token": "{sent}"}}}}'.encode()

    assert ask(SOURCE, body, method="PUT")[0] == 200
    assert (small.source.settings().name, small.source.settings().secrets["token"]) == (read, read)


def test_a_secret_that_is_not_unicode_is_masked(ask: Ask, small: Small) -> None:
    """For example, an environment variable has bytes that are not UTF-8."""
    small.source.hide("t0ken\udcff")

    assert small.source.mask({"a": "t0ken\udcff!"}) == {"a": "***!"}
    assert ask("api/none")[0] == 404


def test_a_secret_is_cleared_by_an_empty_text(ask: Ask, small: Small) -> None:
    """The page's "Reset" button sends one."""
    assert ask(SOURCE, {"secureJsonData": {"token": ""}}, method="PUT")[0] == 200
    assert small.source.settings().secrets == {}
    assert ask(SOURCE)[1]["secureJsonFields"] == {}


@pytest.mark.parametrize(
    "change",
    [
        {"url": 1},
        {"jsonData": []},
        {"secureJsonData": "x"},
        {"secureJsonData": {"token": 1}},
        {"basicAuth": "yes"},
        {"name": {}},
    ],
)
def test_a_value_of_another_type_is_refused_and_nothing_changes(ask: Ask, small: Small, change: dict[str, Any]) -> None:
    """The error names the key."""
    before = small.source.value()
    status, answer = ask(SOURCE, change, method="PUT")

    assert status == 400
    assert next(iter(change)) in answer["message"]
    assert small.source.value() == before


def test_the_type_and_the_uid_cannot_be_changed(ask: Ask, small: Small) -> None:
    """The type and the uid stay as provisioned."""
    ask(SOURCE, {"uid": "other", "type": "other", "id": 9, "readOnly": True}, method="PUT")

    assert (small.source.uid, ask(SOURCE)[1]["type"], ask(SOURCE)[1]["readOnly"]) == ("sales", ID, False)


def test_secrets_are_masked_in_texts() -> None:
    """Lists and mappings are masked, longer secrets first; very short ones would mask ordinary words."""
    source = DataSource(
        {"secureJsonData": {"a": "abcd", "b": "abcdef", "c": "x"}}, plugin_id=ID, plugin_name="Sales", logo=""
    )

    assert source.mask({"m": ["abcdef abcd x", 1, None]}) == {"m": ["*** *** x", 1, None]}


def test_a_secret_is_masked_in_every_encoding() -> None:
    """It is masked in Python's and JSON's notation, in an address, and without the line break at its end."""
    secret = 'ab"c d\n'  # noqa: S105 - not a real one
    source = DataSource({"secureJsonData": {"a": secret}}, plugin_id=ID, plugin_name="Sales", logo="")

    for text in (secret, repr(secret.encode()), json.dumps(secret), f"?key={quote(secret)}", secret.strip()):
        assert "***" in source.mask(text), text
        assert "c d" not in source.mask(text), text


def test_a_replaced_secret_stays_masked(small: Small) -> None:
    """The previous instance may still log it."""
    small.source.update({"secureJsonData": {"token": "n3w-s3cret"}})
    small.source.update({"secureJsonData": {"token": ""}})

    assert small.source.mask(f"{SECRET} n3w-s3cret") == "*** ***"


def test_a_setting_removed_from_the_file_is_removed_from_the_data_source(small: Small) -> None:
    """The name becomes the plugin's, as after a restart."""
    before = {"name": "Mine", "url": "http://127.0.0.1:9", "jsonData": {"timeout": 10}}
    small.source.merge(before, {"jsonData": {"timeout": 10}})

    assert (small.source.settings().url, small.source.settings().name) == ("", "Sales")
    assert small.source.settings().secrets == {"token": SECRET}


def test_a_change_of_the_file_replaces_only_the_changed_values(small: Small) -> None:
    """Values typed on the page stay, and so does a secret whose variable is not set."""
    before = {"url": "http://a", "jsonData": {"one": 1, "two": 2}, "secureJsonData": {"token": SECRET}}
    small.source.update({"jsonData": {"one": 1, "two": 2, "typed": True}})
    small.source.merge(before, {"url": "http://b", "jsonData": {"one": 3}, "secureJsonData": {"token": ""}})

    after = small.source.settings()
    assert after.url == "http://b"
    assert after.options == {"one": 3, "typed": True}
    assert after.secrets == {"token": SECRET}


def test_a_provisioned_value_of_another_type_is_refused() -> None:
    """The error comes before the plugin starts."""
    with pytest.raises(UsageError, match="jsonData"):
        DataSource({"jsonData": "x"}, plugin_id=ID, plugin_name="Sales", logo="")
