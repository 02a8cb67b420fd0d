"""The data about keys of plugin.json, and the script that writes it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.bundle.rules import plugin_keys

if TYPE_CHECKING:
    import pytest

REFRESH = Path(__file__).parents[3] / ".ci" / "refresh_plugin_json.py"


def test_the_keys_of_plugin_json_are_generated_from_published_types_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come from TypeScript, from a JSON schema, or from both; the data contains no text of Grafana."""
    types = """
        export interface JSONData {
            id: string;
            state?: "alpha" | "beta";
            includes?: Include[];
            body?: Record<string, any>;
            languages?: string[];
        }
        export interface Include { type?: "page"; "addToNav"?: boolean; parts?: { name: string; }[]; }
    """
    schema = {
        "properties": {
            "id": {"type": "string", "description": "Unique name."},
            "state": {"type": "string", "enum": ["stable"]},
            "docsPath": {"type": "string"},
            "more": {"type": "object", "additionalProperties": True, "properties": {"a": {"type": "number"}}},
        },
        "type": "object",
    }
    (tmp_path / "types.d.ts").write_text(types)
    (tmp_path / "plugin.schema.json").write_text(json.dumps(schema))
    script = runpy.run_path(str(REFRESH))
    monkeypatch.setitem(script["main"].__globals__, "OUTPUT", tmp_path / "out.json")
    script["main"]([str(tmp_path / "types.d.ts"), str(tmp_path / "plugin.schema.json")])
    text = (tmp_path / "out.json").read_text()
    keys = json.loads(text)["keys"]

    assert json.loads(text)["sources"] == ["types.d.ts", "plugin.schema.json"]
    assert keys["state"] == {"values": ["alpha", "beta", "stable"]}
    assert keys["includes"]["list"]["keys"] == {
        "type": {"values": ["page"]},
        "addToNav": "boolean",
        "parts": {"list": {"keys": {"name": "string"}}},
    }
    assert (keys["body"], keys["languages"]) == ("object", {"list": "string"})
    assert keys["more"] == {"keys": {"a": "number"}, "open": True}
    assert "Unique" not in text


def test_the_shipped_data_names_its_source() -> None:
    """The source is a package and its version."""
    (source,) = plugin_keys._tree()["sources"]

    assert source.startswith("@grafana/runtime 13.")
