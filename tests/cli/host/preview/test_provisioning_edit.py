"""Writing settings back: only changed values change in the author's file, and no secret is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from small_preview import DATASOURCE, ID, SECRET

from gfplug.errors import ConflictError
from gfplug.host.preview import provisioning_edit

if TYPE_CHECKING:
    from pathlib import Path

OLD = {
    "name": "Sales",
    "uid": "sales",
    "isDefault": True,
    "url": "http://127.0.0.1:9",
    "jsonData": {"timeout": 10},
    "secureJsonData": {"token": SECRET},
}


def write_change(folder: Path, new: dict[str, Any], text: str = DATASOURCE, old: dict[str, Any] = OLD) -> str:
    """Write a change into a file, and return the file's text."""
    path = folder / "one.yaml"
    path.write_bytes(text.encode())
    provisioning_edit.write(path, plugin_id=ID, old=old, new={**old, **new})
    return path.read_bytes().decode()


def test_an_edit_of_a_setting_changes_only_its_value_in_the_file(tmp_path: Path) -> None:
    """Comments, quotes and order stay."""
    text = write_change(tmp_path, {"url": "http://other:8000", "jsonData": {"timeout": 3}})

    assert text == DATASOURCE.replace("url: http://127.0.0.1:9", 'url: "http://other:8000"').replace(
        "timeout: 10  # seconds", "timeout: 3  # seconds"
    )


def test_options_are_added_and_removed(tmp_path: Path) -> None:
    """A new option comes after the last one, with its indentation."""
    text = write_change(tmp_path, {"jsonData": {"timeout": 10, "table": "a: b", "more": {"x": [1, True, None]}}})

    assert yaml.safe_load(text)["datasources"][0]["jsonData"] == {
        "timeout": 10, "table": "a: b", "more": {"x": [1, True, None]}
    }  # fmt: skip
    assert "timeout: 10  # seconds\n      more:" in text
    source = yaml.safe_load(write_change(tmp_path, {"jsonData": {}}))["datasources"][0]
    assert not source["jsonData"]
    assert source["secureJsonData"] == {"token": SECRET}


def test_a_secret_becomes_a_variable(tmp_path: Path) -> None:
    """Neither the file nor the diff has its value; the variable's name is returned."""
    path = tmp_path / "one.yaml"
    path.write_text(DATASOURCE, encoding="utf-8")
    new = {**OLD, "secureJsonData": {"token": "n3w-s3cret", "apiKey": "k3y-s3cret"}}

    result = provisioning_edit.write(path, plugin_id=ID, old=OLD, new=new)

    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["datasources"][0]["secureJsonData"] == {
        "token": "$ACME_SALES_TOKEN", "apiKey": "$ACME_SALES_API_KEY"
    }  # fmt: skip
    assert result.variables == {"token": "ACME_SALES_TOKEN", "apiKey": "ACME_SALES_API_KEY"}
    assert "s3cret" not in text.replace(SECRET, "")
    assert "s3cret" not in result.diff.replace(SECRET, "")


def test_an_existing_variable_keeps_its_name(tmp_path: Path) -> None:
    """The file stays the same, and the result names the variable to set."""
    path = tmp_path / "one.yaml"
    text = DATASOURCE.replace(SECRET, "$MY_TOKEN")
    path.write_bytes(text.encode())
    result = provisioning_edit.write(path, plugin_id=ID, old=OLD, new={**OLD, "secureJsonData": {"token": "other"}})

    assert (result.diff, result.variables) == ("", {"token": "MY_TOKEN"})
    assert path.read_bytes().decode() == text
    with pytest.raises(ConflictError, match="nothing was written"):
        write_change(tmp_path, {}, text)


@pytest.mark.parametrize(
    "token", ["old-l1teral", '"old-l1teral"  # mine', "|\n        old-l1teral\n        second-l1teral"]
)
def test_a_secret_in_the_file_is_not_in_the_diff(tmp_path: Path, token: str) -> None:
    """A secret of another data source in a neighbouring line is not in the diff, either."""
    others = "  - type: other\n    secureJsonData: { key: other-l1teral }\n"
    path = tmp_path / "one.yaml"
    path.write_bytes((DATASOURCE.replace(SECRET, token) + others).encode())
    new = {**OLD, "secureJsonData": {"token": "n3w"}}
    result = provisioning_edit.write(path, plugin_id=ID, old={**OLD, "secureJsonData": {"token": "old"}}, new=new)

    assert '+      token: "$ACME_SALES_TOKEN"' in result.diff
    assert "-      token: ***" in result.diff
    assert "l1teral" not in result.diff
    assert "old-l1teral" not in path.read_text(encoding="utf-8")
    assert "other-l1teral" in path.read_text(encoding="utf-8")


def test_a_dollar_sign_is_escaped(tmp_path: Path) -> None:
    """Grafana would read it as a variable."""
    assert 'url: "http://x/$$1"' in write_change(tmp_path, {"url": "http://x/$1"})


@pytest.mark.parametrize(
    "text",
    [
        DATASOURCE.replace("\n", "\r\n"),
        DATASOURCE.replace("    jsonData:\n      timeout: 10  # seconds\n", "    jsonData: { timeout: 10 }  # flow\n"),
        DATASOURCE.replace("    jsonData:\n      timeout: 10  # seconds\n", "    jsonData:\n"),
        DATASOURCE.replace("    jsonData:\n      timeout: 10  # seconds\n", ""),
        DATASOURCE.replace("timeout: 10", 'timeout:\n        "10"'),
        DATASOURCE + "  - name: Other\n    type: other\n    url: http://keep\n",
        DATASOURCE.rstrip("\n"),
        "# é ü 漢\n" + DATASOURCE,
    ],
)
def test_settings_are_changed_in_any_style_of_yaml(tmp_path: Path, text: str) -> None:
    """The result has the new values, and everything else stays."""
    output = write_change(tmp_path, {"url": "http://new", "jsonData": {"timeout": 99}, "basicAuth": True}, text)

    before, after = (yaml.safe_load(each) for each in (text, output))
    assert after["datasources"][0] | {"jsonData": 0} == before["datasources"][0] | {
        "url": "http://new", "basicAuth": True, "jsonData": 0
    }  # fmt: skip
    assert after["datasources"][0]["jsonData"] == {"timeout": 99}
    assert after["datasources"][1:] == before["datasources"][1:]
    assert ("\r\n" in output) == ("\r\n" in text)
    assert [line for line in output.splitlines() if line.lstrip().startswith("#")] == [
        line for line in text.splitlines() if line.lstrip().startswith("#")
    ]


def test_a_setting_behind_a_yaml_alias_is_not_changed(tmp_path: Path) -> None:
    """The values are in another place; the error shows the text to write by hand."""
    source = f"  - type: {ID}\n    jsonData: *shared\n    other: *shared\n"
    text = f"x: &shared {{ timeout: 10 }}\napiVersion: 1\ndatasources:\n{source}"
    with pytest.raises(ConflictError, match="can't be changed in place") as excinfo:
        write_change(tmp_path, {"jsonData": {"timeout": 3}}, text)

    assert (tmp_path / "one.yaml").read_text(encoding="utf-8") == text
    assert "timeout: 3" in excinfo.value.hint
