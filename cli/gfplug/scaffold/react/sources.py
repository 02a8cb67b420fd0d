"""The files of `frontend/src`, by name, from the schema of a data source's dataclasses.

This module chooses the files. Shared controls are copied from the template if a file imports them.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gfplug import resources
from gfplug.scaffold.react.config_editor import write_config_editor
from gfplug.scaffold.react.datasource_class import write_datasource
from gfplug.scaffold.react.filling import Behaviour
from gfplug.scaffold.react.form_fields import read_fields
from gfplug.scaffold.react.model_types import describe_form, write_types
from gfplug.scaffold.react.plugin_module import write_module, write_query_help
from gfplug.scaffold.react.query_editor import editor_name, write_query_editor
from gfplug.scaffold.react.type_names import QUERY, SETTINGS, TypeNames, own_naming

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = "frontend/src/"
"""The files' folder in a project; after they are written, the author owns them."""

_KINDS = ("variable", "annotation")
_IMPORT = re.compile(r" from '\./(?:controls/)?(\w+)';")


def write_sources(schema: Mapping[str, Any]) -> dict[str, bytes]:
    """Write the files by their paths in a project.

    Raises: ProjectError that names a field for which this gfplug has no control.
    """
    names = TypeNames()
    config = read_fields(schema["config"])
    stored = [field for field in config if field.store == "jsonData" and field.kind != "headers"]
    own = schema.get("own", {})
    fields = {"": read_fields(schema["query"]), **{kind: read_fields(own[kind]) for kind in _KINDS if kind in own}}
    behaviour = Behaviour(
        capabilities=schema.get("capabilities", {}), migrating=_migrating(schema), version=schema.get("hash", "")
    )
    query = replace(QUERY, base="FilteredQuery") if behaviour.is_filtered else QUERY
    naming = {"": query, **{kind: own_naming(kind) for kind in fields if kind}}
    for each in (SETTINGS, *naming.values()):
        names.reserve(each)
    forms = {kind: describe_form(inside, naming[kind], names) for kind, inside in fields.items()}
    settings = describe_form(stored, SETTINGS, names)
    examples = schema.get("examples", [])
    shipped = resources.folder("template") / "frontends/react-src"
    texts = {
        "types.ts": write_types(config, forms, settings, migrating=behaviour.migrating),
        "ConfigEditor.tsx": write_config_editor(config, settings),
        **{
            f"{editor_name(kind)}.tsx": write_query_editor(form, kind, is_filtered=not kind and behaviour.is_filtered)
            for kind, form in forms.items()
        },
        **({"QueryHelp.tsx": write_query_help(examples, forms[""])} if examples else {}),
        "datasource.ts": write_datasource(forms, behaviour),
        "module.ts": write_module(
            (shipped / "module.ts").read_text(encoding="utf-8"),
            has_help=bool(examples),
            migrates_queries="" in behaviour.migrating,
            migrates_options=bool(schema["config"].get("migrates")),
        ),
    }
    return {f"{FOLDER}{name}": text.encode() for name, text in {**texts, **_controls(shipped, texts)}.items()}


def _migrating(schema: Mapping[str, Any]) -> list[str]:
    forms = {"": schema["query"], **schema.get("own", {})}
    return [kind for kind, form in forms.items() if form.get("migrates")]


def example_schema(example: str) -> dict[str, Any]:
    """Return the schema of an example's dataclasses, as the runtime describes them."""
    path = resources.folder("template") / "frontends/react-src/schemas" / f"{example}.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _controls(shipped: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Read the shared controls that the files import, directly or indirectly."""
    shared_files = {path.stem: path for path in sorted((shipped / "controls").iterdir())}
    controls: dict[str, str] = {}
    waiting = [name for text in texts.values() for name in _IMPORT.findall(text)]
    while waiting:
        name = waiting.pop()
        if name in shared_files and (file := f"controls/{shared_files[name].name}") not in controls:
            controls[file] = shared_files[name].read_text(encoding="utf-8")
            waiting += _IMPORT.findall(controls[file])
    return dict(sorted(controls.items()))
