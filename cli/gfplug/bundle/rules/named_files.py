"""Check the files of a plugin in addition to its program: those in plugin.json, locales, and every JSON document.

Source: grafana/grafana v13.0.0, pkg/plugins/plugins.go (includes, languages) and pkg/services/plugindashboards;
@grafana/i18n 13.2.2 (the shape of a locale file: texts in objects, which may be nested).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from gfplug.bundle.rules.finding import Finding, error, warning
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Files = Mapping[str, Callable[[], bytes]]
    """How to read each file, by its path in the bundle."""

_BOM = b"\xef\xbb\xbf"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_LOCALE = re.compile(r"locales/([^/]+)/[^/]+\.json")
_DASHBOARD_KEYS = ("panels", "title", "rows", "elements", "spec", "schemaVersion")


def check(content: dict[str, Any], files: Files, *, manifest: str, place: str) -> Iterator[Finding]:
    """Check the files that a plugin.json names.

    `manifest` is the file's name in findings, `place` is where the named files should be, such as "the bundle".
    """
    yield from _pictures(content, files, manifest, place)
    yield from _includes(content.get("includes"), files, manifest, place)
    yield from _languages(content, files, manifest, place)
    yield from _documentation(content.get("docsPath"), files, manifest, place)
    for name in sorted(files):
        if name.endswith(".json") and name != "plugin.json" and not name.startswith("_internal_"):
            yield from _document(name, files[name]())


def named_by(content: Mapping[str, Any]) -> set[str]:
    """Return the files and folders that a plugin.json names: pictures, dashboards, documentation, locales."""
    includes, languages, docs = (content.get(key) for key in ("includes", "languages", "docsPath"))
    names = [*_named_pictures(content), docs]
    names += [each.get("path") for each in includes if isinstance(each, dict)] if isinstance(includes, list) else []
    names += [f"locales/{each}" for each in languages] if isinstance(languages, list) else []
    return {posixpath.normpath(name) for name in names if isinstance(name, str) and name and "://" not in name}


def read_document(content: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse a JSON document like Go, in which Grafana is written.

    Raises: ValueError that says why it is invalid.
    """
    if content.startswith(_BOM):
        raise ValueError("it begins with a byte order mark, which Grafana cannot read")
    try:
        return documents.parse_json(content.decode("utf-8"))
    except UnicodeDecodeError as failure:
        raise ValueError(f"it is not UTF-8: {failure.reason} at byte {failure.start}") from failure


def _pictures(content: dict[str, Any], files: Files, manifest: str, place: str) -> Iterator[Finding]:
    for number, shot in enumerate(_screenshots(content)):
        if isinstance(shot, dict) and not shot.get("path"):
            yield warning("manifest-screenshots", manifest, f"info.screenshots[{number}] has no path")
    for name in dict.fromkeys(name for name in _named_pictures(content) if isinstance(name, str)):
        if "://" not in name and name and not _is_there(name, files):
            yield error("manifest-file", manifest, f"it names {name}, which is not in {place}")


def _named_pictures(content: Mapping[str, Any]) -> list[Any]:
    info = content.get("info")
    logos = info.get("logos") if isinstance(info, dict) else None
    pictures = list(logos.values()) if isinstance(logos, dict) else []
    return [*pictures, *(shot.get("path") for shot in _screenshots(content) if isinstance(shot, dict))]


def _screenshots(content: Mapping[str, Any]) -> list[Any]:
    info = content.get("info")
    shots = info.get("screenshots") if isinstance(info, dict) else None
    return shots if isinstance(shots, list) else []


def _includes(includes: Any, files: Files, manifest: str, place: str) -> Iterator[Finding]:  # noqa: ANN401 - JSON
    for number, include in enumerate(includes if isinstance(includes, list) else []):
        if not isinstance(include, dict):
            continue
        where, path = f"includes[{number}]", include.get("path")
        if not include.get("type"):
            yield error("manifest-includes", manifest, f"{where} has no type", 'such as "dashboard"')
        if include.get("type") != "dashboard":
            continue
        if not isinstance(path, str) or not path:
            yield error("manifest-includes", manifest, f"{where} is a dashboard without a path")
        elif not path.endswith(".json"):
            yield error("manifest-includes", manifest, f"{where}.path is {path!r}, which is not a .json file")
        elif not _is_there(path, files):
            yield error("manifest-includes", manifest, f"{where}.path names {path}, which is not in {place}")
        else:
            yield from _dashboard(posixpath.normpath(path), files)


def _dashboard(name: str, files: Files) -> Iterator[Finding]:
    try:
        content = read_document(files[name]())
    except ValueError:
        return  # `_document` reports it
    if not isinstance(content, dict):
        yield error("dashboard", name, "it is not a dashboard: it is not a JSON object")
    elif "dashboard" in content and "title" not in content:
        yield error(
            "dashboard", name, "it has the dashboard inside `dashboard`", "keep only the content of `dashboard`"
        )
    elif not any(key in content for key in _DASHBOARD_KEYS):
        yield error("dashboard", name, "it is not a dashboard: it has neither a title nor panels")


def _languages(content: dict[str, Any], files: Files, manifest: str, place: str) -> Iterator[Finding]:
    languages = content.get("languages")
    names = [each for each in languages if isinstance(each, str)] if isinstance(languages, list) else []
    for number, language in enumerate(names):
        name = f"locales/{language}/{content.get('id')}.json"
        if not _LANGUAGE.fullmatch(language):
            yield error("locales", manifest, f"languages names {language!r}, which is not a language such as 'de-DE'")
        elif language in names[:number]:
            yield warning("locales", manifest, f"languages names {language} twice")
        elif name not in files:
            yield error("locales", manifest, f"languages names {language}, but {name} is not in {place}")
        else:
            yield from _locale(name, files)
    for name in sorted(files):
        if (locale := _LOCALE.fullmatch(name)) and locale[1] not in names:
            yield warning("locales", name, f"Grafana does not load it: languages in plugin.json lacks {locale[1]!r}")


def _locale(name: str, files: Files) -> Iterator[Finding]:
    try:
        content = read_document(files[name]())
    except ValueError:
        return
    if not isinstance(content, dict):
        yield error("locales", name, "it is not a JSON object of texts")
        return
    places: list[tuple[str, Any]] = list(content.items())
    while places:
        place, value = places.pop()
        if isinstance(value, dict):
            places += [(f"{place}.{key}", item) for key, item in value.items()]
        elif not isinstance(value, str):
            yield error("locales", name, f"{place} is {str(value)[:40]!r}, not a text")


def _documentation(path: Any, files: Files, manifest: str, place: str) -> Iterator[Finding]:  # noqa: ANN401 - JSON
    if not isinstance(path, str):
        return
    folder = posixpath.normpath(path)
    if not any(name.startswith(f"{folder}/") for name in files):
        yield warning("manifest-docs", manifest, f"docsPath names {path}, but {place} has no file below it")


def _document(name: str, content: bytes) -> Iterator[Finding]:
    try:
        read_document(content)
    except ValueError as failure:
        yield error("json", name, f"it is not valid JSON: {failure}", "fix that line")


def _is_there(name: str, files: Files) -> bool:
    return posixpath.normpath(name) in files
