"""The queries of a plugin in dashboards and alert rules, in the JSON and YAML that Grafana exports and reads.

Dashboards of every version: rows and collapsed rows, library panels with their models, annotations, template variables,
and the newer resources (`kind: Dashboard`, its elements). Alert rules as provisioned, as exported, and as the API
returns them. A file is walked without recursion, each object once, within limits of size and depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

_BOM = "\ufeff"
_MAX_FILE_BYTES = {".json": 100_000_000, ".yaml": 5_000_000, ".yml": 5_000_000}
_MAX_DEPTH = 200
_VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)?\}?\Z")
_ANNOTATIONS, _VARIABLES = "annotations", "templating"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """One query: `kind` is "variable" or "annotation", or empty for a query of a panel or an alert rule."""

    where: str
    kind: str
    model: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The current position in a file."""

    depth: int = 0
    kind: str = ""
    titles: tuple[str, ...] = ()
    panel: str = ""
    source: Any = None

    @property
    def text(self) -> str:
        return " > ".join([*self.titles, *([self.panel] if self.panel else [])])


def find(path: Path, plugin_id: str, sources: Collection[str]) -> list[SavedQuery]:
    """List the queries of a file that belong to a plugin: by its id, or by one of its known data sources.

    Raises: ProjectError if the file cannot be read, or is too large or too deep.
    """
    content = _read(path)
    source_names = {*sources, *_names_in(content, plugin_id)}
    return [
        SavedQuery(where=f"{path.name}: {where}", kind=kind, model=model)
        for where, kind, model, source, type_ in _walk(content, path)
        if _is_for(plugin_id, source_names, source, type_)
    ]


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON
    """Read a file of JSON or YAML."""
    largest = _MAX_FILE_BYTES.get(path.suffix.lower())
    if largest is None:
        raise ProjectError(
            f"{path} is not a dashboard: expected .json, .yaml or .yml", hint="export it from Grafana as JSON"
        )
    try:
        if path.suffix.lower() != ".json":
            return documents.read_yaml(path, most=largest)
        return documents.parse_json(documents.read_text(path, most=largest).removeprefix(_BOM))
    except FileNotFoundError as error:
        raise ProjectError(f"{path} does not exist") from error
    except ValueError as error:
        raise ProjectError(f"{path} is not valid JSON: {error}") from error


def _names_in(content: Any, plugin_id: str) -> set[str]:  # noqa: ANN401 - JSON
    """Return a dashboard's names for a data source of the plugin: the inputs of its export, and its variables."""
    inputs = content.get("__inputs") if isinstance(content, dict) else None
    names = {
        str(each.get("name"))
        for each in (inputs if isinstance(inputs, list) else [])
        if isinstance(each, dict) and each.get("pluginId") == plugin_id
    }
    root = content.get("dashboard", content) if isinstance(content, dict) else {}
    templating = root.get(_VARIABLES) if isinstance(root, dict) else None
    variables = templating.get("list") if isinstance(templating, dict) else None
    return names | {
        str(each.get("name"))
        for each in (variables if isinstance(variables, list) else [])
        if isinstance(each, dict) and each.get("type") == "datasource" and each.get("query") == plugin_id
    }


def _is_for(plugin_id: str, source_names: Collection[str], source: Any, type_: str) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a query's data source belongs to a plugin."""
    if type_:
        return type_ == plugin_id
    name = source.get("uid") or source.get("name") if isinstance(source, dict) else source
    if not isinstance(name, str):
        return False
    variable = _VARIABLE.match(name)
    return (variable[1] if variable else name) in source_names


def _walk(content: Any, path: Path) -> Iterator[tuple[str, str, dict[str, Any], Any, str]]:  # noqa: ANN401 - JSON
    """Yield each query: its place, its kind, its model, and its data source with the type in the file."""
    stack: list[tuple[Any, _Place]] = [(content, _Place())]
    ids: set[int] = set()  # a YAML alias is the same object wherever it occurs
    while stack:
        node, place = stack.pop()
        if not isinstance(node, dict | list) or id(node) in ids:
            continue
        ids.add(id(node))
        if place.depth > _MAX_DEPTH:
            raise ProjectError(f"{path} is nested too deeply")
        if isinstance(node, dict):
            place = _enter_object(node, place)
            for query in _queries(node, place):
                ids.add(id(query[2]))  # do not search inside a query of the plugin
                yield query
            stack += [(value, _enter_key(place, key)) for key, value in reversed(node.items())]
        else:
            stack += [(value, _enter_key(place)) for value in reversed(node)]


def _enter_key(place: _Place, key: object = None) -> _Place:
    kind = {_ANNOTATIONS: "annotation", _VARIABLES: "variable", "variables": "variable", "panels": ""}.get(str(key))
    return _Place(
        depth=place.depth + 1,
        kind=place.kind if kind is None else kind,
        titles=place.titles,
        panel=place.panel,
        source=place.source,
    )


def _enter_object(node: dict[str, Any], place: _Place) -> _Place:
    """Add an object's details: its title, its panel, its data source."""
    titles, panel, title = place.titles, place.panel, node.get("title")
    if "targets" in node or (node.get("kind") == "Panel" and isinstance(node.get("spec"), dict)):
        inner = node if "targets" in node else node["spec"]
        panel = f"{inner.get('title') or 'untitled'} (panel {inner.get('id', '?')})"
    elif isinstance(title, str) and not panel and node.get("type") != "row" and title not in titles:
        titles = (*titles, title)
    return _Place(
        depth=place.depth,
        kind=place.kind,
        titles=titles,
        panel=panel,
        source=node.get("datasource") if node.get("datasource") is not None else place.source,
    )


def _queries(node: dict[str, Any], place: _Place) -> Iterator[tuple[str, str, dict[str, Any], Any, str]]:
    """Yield the queries of an object, without those of the objects in it."""
    targets = node.get("targets")
    for target in targets if isinstance(targets, list) else []:
        if isinstance(target, dict):
            source = target.get("datasource") or place.source
            yield _describe_place(place, target.get("refId")), place.kind, target, source, _type(source)
    if isinstance(model := node.get("model"), dict) and "datasourceUid" in node:
        source = model.get("datasource") or node["datasourceUid"]
        yield _describe_place(place, node.get("refId")), "", model, source, _type(source)
    spec = node.get("spec")
    if isinstance(spec, dict) and isinstance(query := spec.get("query"), dict) and isinstance(query.get("spec"), dict):
        source = query.get("datasource") or spec.get("datasource")
        type_ = query.get("group") or ("" if query.get("kind") == "DataQuery" else query.get("kind"))
        yield (
            _describe_place(place, spec.get("refId") or spec.get("name")),
            _kind_of(node),
            query["spec"],
            source,
            str(type_ or ""),
        )
    elif place.kind and isinstance(query := node.get("target" if place.kind == "annotation" else "query"), dict):
        source = node.get("datasource") or place.source
        yield (
            _describe_place(place, f"{place.kind} {node.get('name', '?')}", ""),
            place.kind,
            query,
            source,
            _type(source),
        )


def _kind_of(node: dict[str, Any]) -> str:
    return {"AnnotationQuery": "annotation", "QueryVariable": "variable"}.get(str(node.get("kind")), "")


def _type(source: Any) -> str:  # noqa: ANN401 - JSON
    """Return the plugin's id, if a data source has it."""
    type_ = source.get("type") if isinstance(source, dict) else None
    return type_ if isinstance(type_, str) else ""


def _describe_place(place: _Place, name: object, word: str = "query ") -> str:
    return " > ".join([*([place.text] if place.text else []), f"{word}{name or '?'}"])
