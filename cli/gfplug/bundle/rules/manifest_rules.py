"""The rules of plugin.json for a backend data source, from the facts of Grafana's schema.

Source: grafana/grafana v13.0.0, docs/sources/developers/plugins/plugin.schema.json (facts only, no text of it), and
pkg/plugins/plugins.go, JSONData. The allowed keys are data: `plugin_keys`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gfplug.bundle.rules import plugin_keys
from gfplug.bundle.rules.finding import Finding, error, note, warning
from gfplug.project.names import ID

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "plugin.json"
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?|%VERSION%")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|%TODAY%")
_OPERATOR = re.compile(r"(<=?|>=?|=|~|\^)\s+")
_COMPARATOR = re.compile(r"(<=?|>=?|=|~|\^)?v?(\d+|x|\*)(\.(\d+|x|\*)){0,2}([-+][-+.0-9A-Za-z]*)?")
EXECUTABLE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


def check(content: dict[str, Any], *, is_built: bool) -> Iterator[Finding]:
    """Check a plugin.json; with `is_built`, it must not have placeholders."""
    yield from _identity(content)
    yield from plugin_keys.check(content, file=FILE)
    yield from _info(content.get("info"), is_built=is_built)
    yield from _dependencies(content.get("dependencies"))
    yield from _backend(content)
    yield from _routes(content.get("routes"))


def _identity(content: dict[str, Any]) -> Iterator[Finding]:
    for key in ("type", "name", "id", "info", "dependencies"):
        if key not in content:
            yield error("manifest-missing", FILE, f"{key!r} is missing")
    kind, name = content.get("type"), content.get("id")
    if "type" in content and kind != "datasource":
        yield error("manifest-type", FILE, f"type is {kind!r}, not 'datasource'", "gfplug only builds data sources")
    if isinstance(name, str):
        if not ID.fullmatch(name):
            yield error("manifest-id", FILE, f"{name!r} is not a plugin id", "<org>-<name>-datasource, lower case")
        elif not name.endswith("-datasource"):
            yield error("manifest-id", FILE, f"the id {name!r} does not end with -datasource")


def _info(info: object, *, is_built: bool) -> Iterator[Finding]:
    if not isinstance(info, dict):
        return
    for key in ("logos", "version", "updated", "keywords"):
        if key not in info:
            yield error("manifest-missing", FILE, f"info.{key} is missing")
    version, updated = str(info.get("version", "")), str(info.get("updated", ""))
    if version and not _VERSION.fullmatch(version):
        yield error("manifest-version", FILE, f"info.version {version!r} is not three numbers, such as 1.2.0")
    if updated and not _DATE.fullmatch(updated):
        yield error("manifest-updated", FILE, f"info.updated {updated!r} is not a date, such as 2026-07-01")
    if is_built and ("%" in version or "%" in updated):
        yield error("manifest-placeholder", FILE, f"info still has {version} and {updated}", "run `gfplug build`")
    yield from _presentation(info)


def _presentation(info: dict[str, Any]) -> Iterator[Finding]:
    """Check the parts of `info` that Grafana shows."""
    logos = info.get("logos")
    for size in ("small", "large"):
        if isinstance(logos, dict) and not isinstance(logos.get(size), str):
            yield error("manifest-logos", FILE, f"info.logos.{size} is missing")
    if not info.get("description"):
        yield note("manifest-description", FILE, "info.description is empty: Grafana's plugin page shows nothing")


def _dependencies(dependencies: object) -> Iterator[Finding]:
    if not isinstance(dependencies, dict):
        return
    text = dependencies.get("grafanaDependency")
    if text is None:
        yield error("manifest-missing", FILE, "dependencies.grafanaDependency is missing", 'such as ">=11.6.0"')
    elif not isinstance(text, str) or not _is_range(text):
        yield error(
            "manifest-range", FILE, f"dependencies.grafanaDependency {text!r} is not a version range", '">=11.6.0"'
        )


def _is_range(text: str) -> bool:
    """Tell whether a text is a range of versions in npm's form: `>=11.6.0 <13`, `1.2 - 3`, `^11 || ^12`."""
    parts = [_OPERATOR.sub(r"\1", part).replace(" - ", " ").split() for part in text.split("||")]
    return all(words and all(map(_COMPARATOR.fullmatch, words)) for words in parts)


def _backend(content: dict[str, Any]) -> Iterator[Finding]:
    executable = content.get("executable")
    if content.get("backend") is not True:
        yield error("manifest-backend", FILE, "backend is not true: Grafana would not start the plugin")
    if not isinstance(executable, str) or not executable:
        yield error("manifest-executable", FILE, "executable is missing: Grafana would have nothing to start")
    elif not EXECUTABLE.fullmatch(executable):
        yield error("manifest-executable", FILE, f"executable {executable!r} is not a plain file name")
    if content.get("alerting") is not True:
        yield warning("manifest-alerting", FILE, "alerting is not true: alert rules cannot use this data source")
    if not any(content.get(key) is True for key in ("metrics", "logs", "tracing", "annotations")):
        yield warning(
            "manifest-queries", FILE, "none of metrics, logs, tracing, annotations is true: no panel offers it"
        )


def _routes(routes: object) -> Iterator[Finding]:
    for number, route in enumerate(routes if isinstance(routes, list) else []):
        if not isinstance(route, dict) or not isinstance(route.get("path"), str):
            yield error("manifest-routes", FILE, f"routes[{number}] has no path")
