"""module.js: the stub, the schema of the author's dataclasses and the project's hooks.js, joined without Node.

Grafana's loader (SystemJS) and its sandbox both take one anonymous AMD `define` whose factory returns the module; the
sandbox ignores `exports`. Owns the joining and what may be joined: CommonJS files below `frontend/`, and the packages
that every supported Grafana shares with its plugins.

Source: grafana v11.6.0 and v13.0.0, public/app/features/plugins/loader/sharedDependencies.ts, and
public/app/features/plugins/sandbox/sandboxPluginLoader.ts.
"""

from __future__ import annotations

import json
import os
import posixpath
from typing import TYPE_CHECKING, Any

from gfplug import process
from gfplug.errors import ProjectError, ToolError
from gfplug.frontend import npm
from gfplug.frontend.commonjs import Script, ScriptError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gfplug.project import Project

DATASOURCE = "plugin.datasource:Datasource"
HOOKS = "hooks.js"
_STUB = "stub/"
_ENTRY = "stub/module.js"
_EXTRAS = {
    "Headers": ("headers", lambda field: field["kind"] == "headers"),
    "Rows": ("rows", lambda field: field["kind"] == "list"),
    "useChoices": ("choices", lambda field: "from" in field),
}
"""What few forms need: its name, the stub's file, and which field asks for it."""

_IMPORT_SECONDS = 120.0

SHARED = frozenset(
    {
        *(
            "@emotion/css",
            "@emotion/react",
            "@grafana/data",
            "@grafana/runtime",
            "@grafana/ui",
            "d3",
            "i18next",
            "jquery",
        ),
        *(
            "lodash",
            "moment",
            "prismjs",
            "react",
            "react-dom",
            "react-redux",
            "react-router",
            "react-router-dom",
            "redux",
        ),
        *("rxjs", "rxjs/operators"),
    }
)
"""The packages that Grafana 11.6 and every later version hand to a plugin."""

_WRAPPER = """\
/* {banner} */
define({packages}, function ({parameters}) {{
'use strict';
const shared = {{ {shared} }};
const files = {{
{files}
}};
const loaded = {{}};
function load(name) {{
  if (!loaded[name]) {{
    const module = (loaded[name] = {{ exports: {{}} }});
    const [names, run] = files[name];
    run(module, module.exports, (wanted) => (wanted in names ? load(names[wanted]) : shared[wanted]));
  }}
  return loaded[name].exports;
}}
return load({entry});
}});
"""


def made(project: Project, python: Path) -> dict[str, bytes]:
    """Return the files of the browser's half by name: linked from the stub, or built from sources of its own.

    Raises: ProjectError if the dataclasses cannot become a form, or a file cannot be linked; ToolError if npm fails.
    """
    if (own := npm.find(project)) is not None:
        return npm.build(own)
    return {"module.js": module(project, schema(project, python)).encode()}


def schema(project: Project, python: Path) -> dict[str, Any]:
    """Describe the project's dataclasses as a UI schema, with the project's own interpreter.

    Raises: ProjectError if they cannot become a form, or the author's module fails; `details` then holds its traceback.
    """
    path = os.pathsep.join(filter(None, [str(project.source), os.environ.get("PYTHONPATH", "")]))
    command: list[str | Path] = [python, "-m", "gfruntime.schema", DATASOURCE, "--plugin-id", project.manifest.id]
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    try:
        answer = process.run(
            command, cwd=project.root, env=environment, what="reading the data source", timeout=_IMPORT_SECONDS
        )
    except ToolError as error:
        traceback, _, sentence = error.details.rpartition("\n")
        if not sentence:
            raise
        raise ProjectError(sentence, hint="mend src/plugin/datasource.py", details=traceback) from error
    try:
        described = json.loads(answer.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise ProjectError(f"{DATASOURCE} ended the interpreter before its schema was made", details=answer) from error
    return {**described, "queryPath": "hybrid" if (project.root / "frontend" / HOOKS).is_file() else "backend"}


def module(project: Project, described: Mapping[str, Any]) -> str:
    """Link the project's frontend into the text of its module.js."""
    folder = project.root / "frontend"
    sources = {
        path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*.js"))
        if "node_modules" not in path.relative_to(folder).parts
    }
    stub = {name.removeprefix(_STUB): text for name, text in sources.items() if name.startswith(_STUB)}
    hooks = {name: text for name, text in sources.items() if not name.startswith(_STUB)}
    banner = f"{project.manifest.id} {project.version}, made by gfplug from frontend/; schema {described.get('hash')}"
    return link(stub, described, hooks=hooks, locales=_locales(folder / "locales"), banner=banner)


def link(
    stub_files: Mapping[str, str],
    schema: Mapping[str, Any],
    *,
    hooks: Mapping[str, str] | None = None,
    locales: Mapping[str, Mapping[str, str]] | None = None,
    banner: str,
) -> str:
    """Join CommonJS files into one anonymous AMD module that returns what `module.js` of the stub exports.

    Shape: `stub_files` maps names below `frontend/stub/`, `hooks` names below `frontend/`, to source; `locales` maps a
    language to texts and their translations. Of the hooks only `hooks.js` and what it requires is taken.
    The same input gives the same bytes, with LF line ends.
    Raises: ProjectError naming file and line for what cannot be linked.
    """
    files = {_STUB + name: text for name, text in stub_files.items()}
    for name, text in (hooks or {}).items():
        if name.startswith((_STUB, "../", "/")) or posixpath.normpath(name) != name:
            raise ProjectError(
                f"frontend/{name} cannot stand beside {HOOKS}: frontend/stub/ is replaced by every upgrade",
                hint=f"put it next to frontend/{HOOKS}, and require it from there",
            )
        files[name] = text
    files["stub/schema.js"] = f"exports.schema = {json.dumps(schema, sort_keys=True, separators=(',', ':'))};\n"
    files["stub/extras.js"] = _extras(schema)
    files["stub/locales.js"] = f"exports.locales = {json.dumps(locales or {}, sort_keys=True, indent=1)};\n"
    if HOOKS in files:
        files["stub/hooks.js"] = f"module.exports = require('../{HOOKS}');\n"
    linked = _Linker({name: _normal(text) for name, text in files.items()})
    linked.add(_ENTRY, wanted_by="gfplug")
    packages = sorted(linked.packages)
    parameters = [f"package{number}" for number in range(len(packages))]
    return _WRAPPER.format(
        banner=banner.replace("*/", "* /"),
        packages=json.dumps(packages),
        parameters=", ".join(parameters),
        shared=", ".join(
            f"{json.dumps(name)}: {parameter}" for name, parameter in zip(packages, parameters, strict=True)
        ),
        files=",\n".join(linked.parts),
        entry=json.dumps(_ENTRY),
    )


def _extras(schema: Mapping[str, Any]) -> str:
    """Require the parts of the stub that this schema's fields ask for."""
    forms = [schema["config"], schema["query"], *schema.get("own", {}).values()]
    fields = [field for form in forms for field in form["fields"]]
    fields += [inner for field in fields for inner in field.get("fields", [])]
    wanted = {name: file for name, (file, is_asked_by) in _EXTRAS.items() if any(map(is_asked_by, fields))}
    return "".join(f"exports.{name} = require('./{file}').{name};\n" for name, file in wanted.items())


class _Linker:
    """Collects files in the order they are first needed, each after those it requires."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.seen: set[str] = set()
        self.packages: set[str] = set()
        self.parts: list[str] = []

    def add(self, name: str, *, wanted_by: str) -> None:
        if name in self.seen:
            return
        self.seen.add(name)
        if name not in self.files:
            raise ProjectError(f"{wanted_by}: frontend/{name} does not exist")
        try:
            script = Script.scan(self.files[name])
            names = {wanted: self._resolve(wanted, name, line) for wanted, line in script.requires()}
        except ScriptError as error:
            raise ProjectError(f"frontend/{name}:{error.line}: {error}") from error
        names = {wanted: found for wanted, found in names.items() if found}
        text = script.without_comments() if name.startswith(_STUB) else script.source
        self.parts.append(
            f"{json.dumps(name)}: [{json.dumps(names)}, function (module, exports, require) {{\n{text.rstrip()}\n}}]"
        )

    def _resolve(self, wanted: str, name: str, line: int) -> str:
        """Return the file that a `require` means, after adding it; empty for a shared package."""
        where = f"frontend/{name}:{line}"
        if not wanted.startswith("."):
            if wanted not in SHARED:
                raise ProjectError(
                    f"{where}: Grafana does not share the package {wanted!r} with plugins",
                    hint=f"do without it, or copy what you need of it next to frontend/{HOOKS}",
                )
            self.packages.add(wanted)
            return ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))
        found = next((each for each in (path, f"{path}.js", f"{path}/index.js") if each in self.files), f"{path}.js")
        if found.startswith(_STUB) and not name.startswith(_STUB):
            raise ProjectError(
                f"{where}: {wanted!r} is inside frontend/stub/, which may change with every upgrade",
                hint="what a hook may use is handed to it as its second argument",
            )
        self.add(found, wanted_by=where)
        return found


def _locales(folder: Path) -> dict[str, dict[str, str]]:
    """Read the translations of the editors' texts, by language.

    Raises: ProjectError naming the file that is not a JSON object of texts.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            texts = json.loads(_read(path))
        except ValueError as error:
            raise ProjectError(f"{path} is not valid JSON: {error}", hint="mend the line it names") from error
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise ProjectError(f"{path} is not a JSON object of texts", hint='such as {"Table": "Tabelle"}')
        found[path.stem] = texts
    return found


def _normal(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
