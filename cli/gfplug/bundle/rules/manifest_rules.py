"""The rules of plugin.json for a backend data source, written from the facts of Grafana's schema.

Source: grafana/grafana v13.0.0, docs/sources/developers/plugins/plugin.schema.json (facts only, no text of it), and
pkg/plugins/plugins.go, JSONData.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

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
_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
_FLAGS = (
    *("alerting", "annotations", "autoEnabled", "backend", "builtIn", "hideFromList", "logs", "metrics", "multiValue"),
    *("preload", "skipDataQuery", "streaming", "suggestions", "tracing", "hybridDatasource"),
)
_TOP: dict[str, type] = {
    **dict.fromkeys(_FLAGS, bool),
    **dict.fromkeys(
        ("$schema", "buildMode", "category", "executable", "id", "name", "pascalName", "state", "type"), str
    ),
    **dict.fromkeys(("dependencies", "enterpriseFeatures", "extensions", "iam", "info", "queryOptions"), dict),
    **dict.fromkeys(("aliasIDs", "includes", "languages", "roles", "routes"), list),
}
_INFO: dict[str, type] = {
    **dict.fromkeys(("author", "build", "logos"), dict),
    **dict.fromkeys(("links", "screenshots", "keywords"), list),
    **dict.fromkeys(("description", "updated", "version"), str),
}


def check(content: dict[str, Any], *, is_built: bool) -> Iterator[Finding]:
    """Check a plugin.json; one that `is_built` has no placeholders left."""
    yield from _identity(content)
    yield from _kinds(content, _TOP, "")
    yield from _info(content.get("info"), is_built=is_built)
    yield from _dependencies(content.get("dependencies"))
    yield from _backend(content)
    yield from _routes(content.get("routes"))


def named_files(content: dict[str, Any]) -> list[str]:
    """List the files that a plugin.json names: they must be in the bundle."""
    info = content.get("info")
    if not isinstance(info, dict):
        return []
    logos, shots = info.get("logos"), info.get("screenshots")
    named = [
        *(logos.values() if isinstance(logos, dict) else ()),
        *(shot.get("path") for shot in (shots if isinstance(shots, list) else ()) if isinstance(shot, dict)),
    ]
    return [str(name) for name in named if isinstance(name, str) and name and "://" not in name]


def _identity(content: dict[str, Any]) -> Iterator[Finding]:
    for key in ("type", "name", "id", "info", "dependencies"):
        if key not in content:
            yield error("manifest-missing", FILE, f"{key!r} is missing")
    kind, name = content.get("type"), content.get("id")
    if "type" in content and kind != "datasource":
        yield error("manifest-type", FILE, f"type is {kind!r}, not 'datasource'", "a data source is what gfplug makes")
    if isinstance(name, str):
        if not ID.fullmatch(name):
            yield error("manifest-id", FILE, f"{name!r} is not a plugin id", "<org>-<name>-datasource, lower case")
        elif not name.endswith("-datasource"):
            yield error("manifest-id", FILE, f"the id {name!r} does not end with -datasource")


def _kinds(content: dict[str, Any], kinds: dict[str, type], place: str) -> Iterator[Finding]:
    for key, value in content.items():
        kind = kinds.get(key)
        if kind is None:
            yield warning(
                "manifest-unknown", FILE, f"{place}{key!r} is not a key that Grafana knows", "a typing error?"
            )
        elif not isinstance(value, kind):
            yield error("manifest-kind", FILE, f"{place}{key} is {value!r}, not {_KINDS[kind]}")


def _info(info: object, *, is_built: bool) -> Iterator[Finding]:
    if not isinstance(info, dict):
        return
    yield from _kinds(info, _INFO, "info.")
    for key in ("logos", "version", "updated", "keywords"):
        if key not in info:
            yield error("manifest-missing", FILE, f"info.{key} is missing")
    version, updated = str(info.get("version", "")), str(info.get("updated", ""))
    if version and not _VERSION.fullmatch(version):
        yield error("manifest-version", FILE, f"info.version {version!r} is not three numbers, such as 1.2.0")
    if updated and not _DATE.fullmatch(updated):
        yield error("manifest-updated", FILE, f"info.updated {updated!r} is not a date, such as 2026-07-01")
    if is_built and ("%" in version or "%" in updated):
        yield error("manifest-placeholder", FILE, f"info still holds {version} and {updated}", "run `gfplug build`")
    yield from _presentation(info)


def _presentation(info: dict[str, Any]) -> Iterator[Finding]:
    """Check what Grafana shows of the plugin."""
    logos, keywords = info.get("logos"), info.get("keywords")
    for size in ("small", "large"):
        if isinstance(logos, dict) and not isinstance(logos.get(size), str):
            yield error("manifest-logos", FILE, f"info.logos.{size} is missing")
    if isinstance(keywords, list) and not all(isinstance(each, str) for each in keywords):
        yield error("manifest-kind", FILE, "info.keywords holds what is no text")
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
            "manifest-range", FILE, f"dependencies.grafanaDependency {text!r} is no version range", '">=11.6.0"'
        )


def _is_range(text: str) -> bool:
    """Tell whether a text is a range of versions as npm writes them: `>=11.6.0 <13`, `1.2 - 3`, `^11 || ^12`."""
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
