"""The templates in plugin.json's routes, filled from a data source's settings.

Source: grafana v13.0.0, pkg/api/pluginproxy/utils.go, interpolateString.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError
from gfplug.host.preview.upstream import split_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TEMPLATE = re.compile(r"\{\{(?P<inner>(?:(?!\{\{|\}\}).)*+)\}\}", re.DOTALL)
_NAME = re.compile(r"\s*\.(?P<path>\w+(?:\.\w+)*)\s*")
_MISSING = "<no value>"
_LONGEST_SHOWN = 80


def prefix(route: Mapping[str, Any]) -> str:
    """Return the prefix of the paths that a route applies to; empty for all paths."""
    return str(route.get("path") or "")


@contextmanager
def name_in_errors(route: Mapping[str, Any], problem: str) -> Iterator[None]:
    """Name the route and its problem in the errors of a `with` block."""
    try:
        yield
    except ToolError as error:
        raise ToolError(f"the route {prefix(route)!r} {problem}: {error.message}", hint=error.hint) from error


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Fill in the `{{ .JsonData.name }}` of a route's text; a missing value is `<no value>`, as in Grafana.

    Raises: ToolError for another template.
    """

    def write(match: re.Match[str]) -> str:
        item = _value(_path(match), values)
        if item is None:
            return _MISSING
        return str(item).lower() if isinstance(item, bool) else str(item)

    return _TEMPLATE.sub(write, text)


def fill_pairs(items: object, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fill a route's `headers` or `urlParams`, and yield their names and contents."""
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and isinstance(item.get("name"), str):
            yield item["name"], fill(str(item.get("content", "")), values)


def fill_address(text: object, values: Mapping[str, Any], *, key: str) -> str:
    """Fill the template of an address, which a route has under a key such as `tokenAuth.url`.

    Raises: ToolError if the address is missing, lacks a value, or is not http:// or https://. The error shows the
    template but not the values, which may be secrets.
    """
    template = "" if text is None else str(text).strip()
    if not template:
        raise ToolError(f"it has no {key}", hint=f'in plugin.json, write {key}, such as "https://example.com/"')
    paths = [_path(match) for match in _TEMPLATE.finditer(template)]
    address = fill(template, values)
    subject = f"its {key} {template[:_LONGEST_SHOWN]!r}"
    if missing := [path for path in paths if _value(path, values) is None]:
        raise ToolError(f"{subject} needs {_settings(missing)}, which is not set", hint=_hint(missing, key))
    try:
        split_address(address)
    except ValueError as error:
        raise ToolError(f"{subject} is not an http:// or https:// address", hint=_hint(paths, key)) from error
    return address


def _path(match: re.Match[str]) -> str:
    name = _NAME.fullmatch(match["inner"])
    if name is None:
        raise ToolError(
            f"the preview's proxy does not evaluate {match[0][:_LONGEST_SHOWN]}",
            hint="it evaluates {{ .URL }}, {{ .JsonData.name }} and {{ .SecureJsonData.name }} in plugin.json",
        )
    return name["path"]


def _value(path: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    item: Any = values
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _settings(paths: Sequence[str]) -> str:
    """Return the settings that templates name, as a provisioning file spells them: `jsonData.base`."""
    return " and ".join(dict.fromkeys("url" if path == "URL" else path[:1].lower() + path[1:] for path in paths))


def _hint(paths: Sequence[str], key: str) -> str:
    rewrite = f"in plugin.json, write a {key} that begins with https://"
    return f"enter {_settings(paths)} on the config page, or {rewrite}" if paths else rewrite
