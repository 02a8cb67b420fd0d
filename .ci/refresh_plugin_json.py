"""Write cli/gfplug/bundle/rules/plugin_json.json again: the keys of Grafana's plugin.json, and their types.

python .ci/refresh_plugin_json.py                # @grafana/runtime, as npm serves it
python .ci/refresh_plugin_json.py FILE...        # without a network: any of the forms below

| form           | is                                                                                            |
| -------------- | --------------------------------------------------------------------------------------------- |
| `*.tgz`        | @grafana/runtime from 13.0 on, as `npm pack @grafana/runtime` saves it (Apache-2.0)             |
| `*.d.ts`       | its services/pluginMeta/types/meta/types.spec.gen.d.ts: the types of the interface `JSONData`   |
| `*.json`       | grafana/grafana, docs/sources/developers/plugins/plugin.schema.json: a JSON schema             |

Several files are joined: a key counts if one of them has it. Only names and types are taken, no text.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parents[1] / "cli" / "gfplug" / "bundle" / "rules" / "plugin_json.json"
_TYPES = "package/dist/types/services/pluginMeta/types/meta/types.spec.gen.d.ts"
_TOKEN = re.compile(r'"[^"]*"|[A-Za-z_$][\w$]*|\[\]|[{}:;?|<>,]')
_OPEN = {"keys": {}, "open": True}
_MORE: dict[str, Any] = {
    "$schema": "string",  # plugin.schema.json, properties
    "mixed": "boolean",  # @grafana/data 13.2.2, DataSourcePluginMeta
    "aliasIDs": {"list": "string"},  # @grafana/data 13.2.2, PluginMeta
    "hybridDatasource": "boolean",  # grafana/grafana v13.0.0, pkg/plugins/plugins.go, JSONData
    "docsPath": "string",  # grafana/plugin-tools: the folder of a plugin's documentation
    "dependencies": {
        "keys": {"plugins": {"list": {"keys": {"version": "string"}}}}
    },  # as `mixed`, PluginDependencyInfo
    "enterpriseFeatures": _OPEN,  # plugin.schema.json, as all below
    "routes": {"list": {"keys": {name: {"keys": {"params": _OPEN}} for name in ("tokenAuth", "jwtTokenAuth")}}},
    "extensions": "any",  # a list, until Grafana 11
}
"""Keys that Grafana reads but the types lack, or restrict although Grafana does not, each with its source."""


def main(names: list[str]) -> None:
    """Read the sources and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(name) for name in names] or [_pack(Path(folder))]
        keys: dict[str, Any] = {"keys": dict(_MORE)}
        sources = []
        for path in paths:
            name, tree = _read(path)
            keys = _join(keys, tree)
            sources.append(name)
    OUTPUT.write_text(json.dumps({"sources": sources, **keys}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{OUTPUT}: {len(keys['keys'])} keys from {', '.join(sources)}\n")


def _pack(folder: Path) -> Path:
    """Let npm download the package."""
    command = ["npm", "pack", "@grafana/runtime", "--silent"]
    files = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    return folder / files[-1]


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a source's name and its keys."""
    if path.suffix == ".tgz":
        with tarfile.open(path) as package:
            info = json.load(_member(package, "package/package.json"))
            text = _member(package, _TYPES).read().decode()
        return f"{info['name']} {info['version']}", _Types(text).read("JSONData")
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return path.name, _from_schema(json.loads(text))
    return path.name, _Types(text).read("JSONData")


def _member(package: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - a binary file
    stream = package.extractfile(name)
    if stream is None:
        raise SystemExit(f"{name} is no file of the package")
    return stream


def _from_schema(schema: dict[str, Any]) -> Any:  # noqa: ANN401 - a tree of texts
    """Read one part of a JSON schema."""
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        keys = {key: _from_schema(part) for key, part in schema["properties"].items()}
        return {"keys": keys, **({"open": True} if schema.get("additionalProperties") is True else {})}
    if kind == "array":
        return {"list": _from_schema(schema.get("items", {}))}
    if "enum" in schema:
        return {"values": schema["enum"]}
    return {"object": "object", "integer": "number", None: "any"}.get(kind, kind)


class _Types:
    """A reader of the few forms of TypeScript that the generated types use."""

    def __init__(self, text: str) -> None:
        """Split the text into tokens."""
        self._bodies = {
            match[1]: _TOKEN.findall(text[match.end() - 1 :])
            for match in re.finditer(r"export interface (\w+) \{", text)
        }

    def read(self, name: str) -> dict[str, Any]:
        """Read an interface."""
        words = list(reversed(self._bodies[name]))
        return self._object(words)

    def _object(self, words: list[str]) -> dict[str, Any]:
        words.pop()
        keys: dict[str, Any] = {}
        while words[-1] != "}":
            name = words.pop().strip('"')
            while words.pop() != ":":
                pass
            keys[name] = self._type(words)
            if words[-1] == ";":
                words.pop()
        words.pop()
        return {"keys": keys}

    def _type(self, words: list[str]) -> Any:  # noqa: ANN401 - as above
        values, kind = [], None
        while True:
            kind = self._object(words) if words[-1] == "{" else self._word(words)
            if isinstance(kind, str) and kind.startswith('"'):
                values.append(kind.strip('"'))
            while words[-1] == "[]":
                words.pop()
                kind = {"list": kind}
            if words[-1] != "|":
                return {"values": values} if values else kind
            words.pop()

    def _word(self, words: list[str]) -> Any:  # noqa: ANN401 - as above
        word = words.pop()
        if word == "Record":
            while words.pop() != ">":
                pass
            return "object"
        return self.read(word) if word in self._bodies else word


def _join(one: Any, other: Any) -> Any:  # noqa: ANN401 - trees of texts
    """Join two descriptions of the same value: the result allows all that one of them allows."""
    if one == other:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        if "keys" in one and "keys" in other:
            names = [*one["keys"], *other["keys"]]
            keys = {name: _join_key(one["keys"], other["keys"], name) for name in names}
            return {"keys": keys, **({"open": True} if one.get("open") or other.get("open") else {})}
        if "list" in one and "list" in other:
            return {"list": _join(one["list"], other["list"])}
        if "values" in one and "values" in other:
            return {"values": sorted({*one["values"], *other["values"]})}
    for closed, text in ((one, other), (other, one)):
        if isinstance(closed, dict) and "values" in closed and text == "string":
            return closed
    return "any"


def _join_key(one: dict[str, Any], other: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - as above
    return _join(one[name], other[name]) if name in one and name in other else one.get(name, other.get(name))


if __name__ == "__main__":
    main(sys.argv[1:])
