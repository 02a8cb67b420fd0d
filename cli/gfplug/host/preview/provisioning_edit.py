"""Write the changed values of a data source to its provisioning file, and change no other text.

Comments, order and variables stay. The new text is parsed again; if it does not give the intended values, nothing is
written. A secret is never written: the file names an environment variable instead.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from gfplug import files
from gfplug.errors import ConflictError, ProjectError
from gfplug.host.preview.data_source import SWITCHES, TEXTS
from gfplug.untrusted import documents, yaml_loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"\$__env\{\w+\}|\$\{\w+\}|\$\w+|\$__file\{[^}]+\}")
_LINE_WIDTH = 1_000_000
_DELETE = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The changes to the file: their diff, and the variables that replace secrets, by the secrets' keys."""

    diff: str
    variables: Mapping[str, str]


def write(path: Path, *, plugin_id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> WriteResult:
    """Write the differences between two states of a data source, with the keys of provisioning files, to its file.

    Raises: ProjectError if the file can't be read; ConflictError if it can't be changed in place, or nothing differs.
    """
    raw = documents.read_bytes(path)
    text = documents.read_text(path)
    edits = changes(old, new, provisioned=_source(text, plugin_id, path), prefix=plugin_id)
    new_text = _edit_text(text, plugin_id, edits, path)
    names = {key: value[1:] for key, value in edits.get("secureJsonData", {}).items() if value is not _DELETE}
    if new_text == text and not names:
        raise ConflictError(f"{path.name} has these values already: nothing was written")
    newline = b"\r\n" if b"\r\n" in raw else b"\n"
    files.write_atomic(path, new_text.encode().replace(b"\n", newline))
    before, after = (mask_secrets(each).splitlines(keepends=True) for each in (text, new_text))
    diff = difflib.unified_diff(before, after, path.name, path.name, n=1)
    return WriteResult(diff="".join(diff), variables=names)


def mask_secrets(text: str) -> str:
    """Return a provisioning file's text with `***` for each secret that is written as text."""
    places: dict[int, int] = {}
    for source in _source_nodes(text):
        secrets = _value_of(source, "secureJsonData")
        for _, value in secrets.value if isinstance(secrets, yaml.MappingNode) else []:
            if not (isinstance(value, yaml.ScalarNode) and _VARIABLE.fullmatch(value.value)):
                places[value.start_mark.index] = _end(text, value)
    for start, end in sorted(places.items(), reverse=True):
        text = f"{text[:start]}***{text[end:]}"
    return text


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any], *, provisioned: Mapping[str, Any], prefix: str
) -> dict[str, Any]:
    """Return the values to write, as they will be read; `_DELETE` for a key to remove.

    `provisioned` is the data source in its file: a secret that is a variable there keeps the variable's name.
    """
    edits: dict[str, Any] = {
        key: _escape(new.get(key))
        for key in (*TEXTS, *SWITCHES)
        if key in new and new.get(key) != old.get(key) and (new.get(key) or old.get(key))
    }
    options_old, options_new = (each.get("jsonData") or {} for each in (old, new))
    options = {
        key: _escape(options_new[key]) if key in options_new else _DELETE
        for key in sorted(options_old.keys() | options_new.keys())
        if options_old.get(key, _DELETE) != options_new.get(key, _DELETE)
    }
    secrets_old, secrets_new = (each.get("secureJsonData") or {} for each in (old, new))
    secrets_now = provisioned.get("secureJsonData") or {}
    secrets = {
        key: _variable(secrets_now.get(key), prefix, key) if secrets_new.get(key) else _DELETE
        for key in sorted(secrets_old.keys() | secrets_new.keys())
        if secrets_old.get(key) != secrets_new.get(key)
    }
    return edits | ({"jsonData": options} if options else {}) | ({"secureJsonData": secrets} if secrets else {})


def _variable(value: object, prefix: str, key: str) -> str:
    if isinstance(value, str) and _VARIABLE.fullmatch(value) and "{" not in value:
        return value
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", f"{prefix}_{key}".removeprefix("-").replace("-datasource", ""))
    return "$" + re.sub(r"\W+", "_", words, flags=re.ASCII).upper()


def _escape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with escaped dollar signs, so that none begins a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escape(item) for key, item in value.items()}
    return [_escape(item) for item in value] if isinstance(value, list) else value


def _edit_text(text: str, plugin_id: str, edits: Mapping[str, Any], path: Path) -> str:
    """Return the text with the edits.

    Raises: ConflictError if the edited text has other values than intended.
    """
    goal = _merge_edits(_source(text, plugin_id, path), edits)
    node = _node(text, plugin_id)
    splices = sorted(_splices(text, node, edits), key=lambda each: each[0])
    parts, at = [], 0
    for start, end, new in splices:
        parts += [text[at:start], new]
        at = end
    new_text = "".join([*parts, text[at:]])
    try:
        is_right = _without_empty(_source(new_text, plugin_id, path)) == _without_empty(goal)
    except (ProjectError, yaml.YAMLError, ValueError):
        is_right = False
    if not is_right:
        yaml_text = yaml.safe_dump(to_json(edits), allow_unicode=True, sort_keys=False, width=_LINE_WIDTH)
        raise ConflictError(f"{path.name} can't be changed in place", hint=f"write these by hand:\n{yaml_text}")
    return new_text


def _merge_edits(source: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(source)
    for key, value in edits.items():
        if key in ("jsonData", "secureJsonData"):
            merged = {**(result.get(key) or {}), **value}
            result[key] = {name: item for name, item in merged.items() if item is not _DELETE}
        else:
            result[key] = value
    return result


def _splices(text: str, node: yaml.MappingNode, edits: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Yield the start and end of each part of the text to replace, and its replacement."""
    for key, value in edits.items():
        mapping = _value_of(node, key)
        if key not in ("jsonData", "secureJsonData"):
            yield from _set(text, node, key, value)
        elif isinstance(mapping, yaml.MappingNode) and mapping.value:
            for name, item in value.items():
                yield from _set(text, mapping, name, item)
        else:
            whole = {name: item for name, item in value.items() if item is not _DELETE}
            yield from _set(text, node, key, whole)


def _set(text: str, node: yaml.MappingNode, key: str, value: Any) -> Iterator[tuple[int, int, str]]:  # noqa: ANN401 - JSON
    old = _value_of(node, key)
    if old is not None and value is _DELETE:
        yield _removal(text, node, key)
    elif isinstance(old, yaml.ScalarNode) and old.value == value:
        return  # the file already has this variable
    elif old is not None:
        start, end = old.start_mark.index, _end(text, old)
        gap = "" if start and text[start - 1].isspace() else " "
        yield start, end, gap + _flow(value)
    elif value is not _DELETE:
        yield _insertion(text, node, key, value)


def _insertion(text: str, node: yaml.MappingNode, key: str, value: Any) -> tuple[int, int, str]:  # noqa: ANN401 - JSON
    last = _end(text, node.value[-1][1])
    if node.flow_style:
        return last, last, f", {_flow(key)}: {_flow(value)}"
    line_end = text.find("\n", last)
    at = len(text) if line_end < 0 else line_end
    indent = " " * node.value[0][0].start_mark.column
    name = key if re.fullmatch(r"[A-Za-z_]\w*", key) else _flow(key)
    return at, at, f"\n{indent}{name}: {_flow(value)}"


def _removal(text: str, node: yaml.MappingNode, key: str) -> tuple[int, int, str]:
    position = next(at for at, (name, _) in enumerate(node.value) if name.value == key)
    name, value = node.value[position]
    start, end = name.start_mark.index, _end(text, value)
    if node.flow_style or position == 0:
        return start, end, f"{_flow(key)}: null" if node.flow_style else ""
    line_start = text.rfind("\n", 0, start)
    line_end = text.find("\n", end)
    return line_start, len(text) if line_end < 0 else line_end, ""


def _end(text: str, node: yaml.Node) -> int:
    """Return the end of a value: for a block, the parser's end is after the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start, end = node.start_mark.index, node.end_mark.index
    return int(start + len(text[start:end].rstrip()))


def _flow(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write a value on one line as JSON, which is valid YAML."""
    return json.dumps(value, ensure_ascii=False)


def _node(text: str, plugin_id: str) -> yaml.MappingNode:
    for each in _source_nodes(text):
        kind = _value_of(each, "type")
        if isinstance(each, yaml.MappingNode) and kind is not None and kind.value == plugin_id:
            return each
    raise ValueError(plugin_id)


def _source_nodes(text: str) -> list[yaml.Node]:
    sources = _value_of(yaml.compose(text, Loader=yaml.SafeLoader), "datasources")
    return list(sources.value) if isinstance(sources, yaml.SequenceNode) else []


def _value_of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _source(text: str, plugin_id: str, path: Path) -> dict[str, Any]:
    """Return the data source in a text; variables are not replaced.

    Raises: ConflictError if it has no data source of the plugin.
    """
    content = yaml_loader.load(text)
    sources = content.get("datasources") if isinstance(content, dict) else None
    for each in sources if isinstance(sources, list) else []:
        if isinstance(each, dict) and each.get("type") == plugin_id:
            return each
    raise ConflictError(f"{path.name} has no data source of type {plugin_id}")


def _without_empty(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a data source without its null options and secrets."""
    values: dict[str, Any] = to_json(source)
    for key in ("jsonData", "secureJsonData"):
        values[key] = {name: item for name, item in (values.get(key) or {}).items() if item is not None}
    return values


def to_json(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value as JSON, for comparison; a value to remove is null."""
    return json.loads(json.dumps(value, default=lambda _: None))
