"""module.js: the editors, the schema of the author's dataclasses and the project's hooks.js, linked without Node.

Grafana's loader (SystemJS) and its sandbox both accept one anonymous AMD `define` whose factory returns the module; the
sandbox ignores `exports`. `library` has the editors, `hooks` the author's file; this module puts both into one
definition, with the schema and the translations.

Source: grafana v11.6.0 and v13.0.0, public/app/features/plugins/sandbox/sandboxPluginLoader.ts.
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any, TypeVar

from gfplug import process
from gfplug.bundle.frontend import hook_fields, library, npm, parts
from gfplug.bundle.frontend.hooks import FILE, Hooks, read_hooks
from gfplug.errors import ProjectError, ToolError
from gfplug.host import failures
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gfplug.project.plugin_project import Project

JsonT = TypeVar("JsonT", dict[str, Any], list[Any])

DATASOURCE = "plugin.datasource:Datasource"
SCHEMA_FILE = "schema/v0alpha1.json"
"""The file in which Grafana 13 reads a plugin's settings, queries and resources."""

_KEYS_FOR_GFPLUG = ("keys", "pluginSchema")  # keys of the schema that the browser does not need
_IMPORT_SECONDS = 120.0
_log = logging.getLogger("gfplug")
_MODULE = """\
/* {banner} */
define({packages}, function ({parameters}) {{
'use strict';
const packages = {{ {shared} }};
const schema = {schema};
const locales = {locales};
{editors}
// {file}
function runHooks(module, exports, require) {{
{hooks}
}}
return {{ plugin: createPlugin({{ packages, schema, locales, runHooks }}) }};
}});
"""


def build_frontend(project: Project, python: Path) -> dict[str, bytes]:
    """Return the files that Grafana reads without the backend, by name: the browser's code, and the plugin's schema.

    The browser's code is linked from the editors, or built from its own sources.
    Raises: ProjectError if the dataclasses cannot become a form, or hooks.js cannot be linked; ToolError if npm fails.
    """
    if (own := npm.locate_frontend(project)) is not None:
        try:
            schema = read_schema(project, python)
        except ProjectError as error:
            if error.details:  # the author's module failed
                raise
            _log.warning("%s is left out: %s", SCHEMA_FILE, error.message)
            return npm.build(own)
        return npm.build(own) | _schema_file(schema)
    schema = read_schema(project, python)
    return {"module.js": link_module(project, schema).encode(), **_schema_file(schema)}


def _schema_file(schema: Mapping[str, Any]) -> dict[str, bytes]:
    text = json.dumps(schema["pluginSchema"], indent=2, sort_keys=True, ensure_ascii=False)
    return {SCHEMA_FILE: f"{text}\n".encode()}


def read_schema(project: Project, python: Path) -> dict[str, Any]:
    """Return the schema of the project's dataclasses, from the project's own interpreter.

    Raises: ProjectError if the dataclasses cannot become a form, or the author's module fails; `details` then has its
    traceback.
    """
    return _describe(project, python)


def read_keys(project: Project, python: Path) -> dict[str, Any]:
    """Return the keys that the project's dataclasses read, under `keys`, even if the dataclasses cannot become a form.

    Raises: ProjectError if the author's module fails; `details` then has its traceback.
    """
    return _describe(project, python, "--keys")


def _describe(project: Project, python: Path, *more: str) -> dict[str, Any]:
    words = ["--plugin-id", project.manifest.id, *more]
    return run_module(project, python, "gfruntime.author.schema", words, kind=dict)


def run_module(project: Project, python: Path, module: str, words: Sequence[str], *, kind: type[JsonT]) -> JsonT:
    """Run a module of the runtime with the project's class and more arguments, and return the JSON on its last line.

    Raises: ProjectError with the module's last line, or if the author's module ends the interpreter; `details` then has
    the traceback. ToolError if the interpreter does not end.
    """
    path = os.pathsep.join(filter(None, [str(project.source), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    command: list[str | Path] = [python, "-m", module, DATASOURCE, *words]
    try:
        answer = process.run(
            command, cwd=project.root, env=environment, what="reading the data source", timeout=_IMPORT_SECONDS
        )
    except ToolError as error:
        traceback, _, sentence = error.details.rpartition("\n")
        if not sentence:
            raise
        hint = failures.remedy(sentence) or "fix src/plugin/datasource.py"
        raise ProjectError(sentence, hint=hint, details=traceback) from error
    try:
        value = documents.parse_json(answer.splitlines()[-1])
    except (IndexError, ValueError):
        value = None
    if not isinstance(value, kind):
        raise ProjectError(f"{DATASOURCE} ended Python while gfplug was loading it ({module})", details=answer)
    return value


def link_module(project: Project, schema: Mapping[str, Any]) -> str:
    """Return the text of a project's module.js.

    Raises: ProjectError naming the file that cannot be linked.
    """
    hooks = read_hooks(project)
    hook_fields.check(hooks.text, schema)
    return link(
        {key: value for key, value in schema.items() if key not in _KEYS_FOR_GFPLUG},
        hooks=hooks,
        locales=read_locales(project.root / "frontend" / "locales"),
        banner=f"{project.manifest.id} {project.version}, made by gfplug from frontend/; schema {schema.get('hash')}",
    )


def link(
    schema: Mapping[str, Any],
    *,
    hooks: Hooks = Hooks(),  # noqa: B008 - frozen
    locales: Mapping[str, Mapping[str, str]] | None = None,
    banner: str,
) -> str:
    """Join the editors, a schema, translations and hooks into one anonymous AMD module that returns `{ plugin }`.

    Shape: `locales` maps a language to texts and their translations. The same input gives the same bytes.
    """
    packages = sorted(hooks.packages.union(library.PACKAGES))
    parameters = {name: f"package{number}" for number, name in enumerate(packages)}
    return _MODULE.format(
        banner=banner.replace("*/", "* /"),
        packages=json.dumps(packages),
        parameters=", ".join(parameters.values()),
        shared=", ".join(f"{json.dumps(name)}: {parameter}" for name, parameter in parameters.items()),
        schema=json.dumps(schema, sort_keys=True, separators=(",", ":")),
        locales=json.dumps(locales or {}, sort_keys=True, indent=1),
        editors=library.read(without=parts.find_unused_sources(schema, has_hooks=bool(hooks.text.strip()))).rstrip(),
        file=FILE,
        hooks=hooks.text.rstrip(),
    )


def read_locales(folder: Path) -> dict[str, dict[str, str]]:
    """Read the translations of the editors' texts, by language.

    Raises: ProjectError naming the file that is not a JSON object of texts.
    """
    locales = {}
    for path in sorted(folder.glob("*.json")):
        texts = documents.read_json(path)
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise ProjectError(f"{path} is not a JSON object of texts", hint='such as {"Table": "Tabelle"}')
        locales[path.stem] = texts
    return locales
