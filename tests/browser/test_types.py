"""The editors and the template's hooks against the real types of the oldest and the newest Grafana that we support."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import grafana
import pytest
from commands import run
from everything import Aged, Bound, Datasource, Odd, Plain, SqlDatasource, Wide

from gfplug import files, resources
from gfplug.bundle.frontend import library
from gfplug.scaffold import choices
from gfplug.scaffold.react import sources
from gfruntime.author.schema import describe

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

OPTIONS = {
    "allowJs": True,
    "checkJs": True,
    "lib": ["es2022", "dom"],
    "module": "commonjs",
    "moduleDetection": "force",
    "moduleResolution": "bundler",
    "noEmit": True,
    "noUnusedLocals": True,
    "skipLibCheck": True,
    "strict": True,
    "target": "es2022",
    "types": [],
}
HOOKS = {
    "no code": resources.folder("template") / "project/frontend/hooks.js",
    "hybrid": resources.folder("template") / "modes/hybrid/frontend/hooks.js",
}
CONTROLS = """
const { createElement } = require('react');
const { Input } = require('@grafana/ui');
/** @type {import('./editors/types').Hooks} */
const hooks = {
  fields: {
    table: ({ id, value, onChange, onCommit, disabled, query, datasource }) =>
      createElement(Input, {
        id,
        value,
        disabled,
        title: `${query?.table} ${datasource?.uid}`,
        onBlur: onCommit,
        onChange: (event) => onChange(event.currentTarget.value),
      }),
  },
  configFields: {
    url: ({ id, options, secret }) => createElement('i', { id, title: options?.url, onClick: secret?.onReset }),
  },
};
module.exports = hooks;
"""
AGREES = """
/** @type {import('./editors/types').Hooks} */
const hooks = require('./hooks');
module.exports = hooks;
"""


def compile_(version: str, folder: Path) -> str:
    """Type-check a folder with one Grafana's types; return what the compiler complains about."""
    node, modules = grafana.program("node"), grafana.installed(version)
    (folder / "node_modules").symlink_to(modules)
    return run(node, modules / "typescript/bin/tsc", "--project", folder, "--pretty", "false", timeout=300).out


def check(version: str, folder: Path, **more: str) -> str:
    """Type-check the editors, with more files beside them; return what the compiler complains about."""
    shutil.copytree(library.SOURCES, folder / "editors")
    for name, text in more.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["*.js", "editors/*"]}))
    return compile_(version, folder)


@pytest.mark.parametrize("version", grafana.VERSIONS)
@pytest.mark.parametrize("hooks", HOOKS)
def test_the_editors_have_the_types_that_grafana_wants(version: str, hooks: str, tmp_path: Path) -> None:
    """Every component, property and class of Grafana is used as its own types say; so are a project's hooks."""
    text = HOOKS[hooks].read_text(encoding="utf-8")

    assert check(version, tmp_path, hooks=text, agrees=AGREES, controls=CONTROLS) == ""


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_react_sources_have_the_types_that_grafana_wants(version: str, tmp_path: Path) -> None:
    """Of the examples and of whatever dataclasses: the check is that of a new project, with either Grafana's types."""
    written = (Aged, Bound, Datasource, Odd, Plain, SqlDatasource, Wide)
    schemas = {source.__name__: describe(source) for source in written}
    schemas |= {example: sources.example_schema(example) for example in choices.EXAMPLES}
    for name, schema in schemas.items():
        files.write_tree(tmp_path / name, sources.write_sources(schema))
    config = json.loads((resources.folder("template") / "frontends/react/frontend/tsconfig.json").read_text("utf-8"))
    (tmp_path / "tsconfig.json").write_text(json.dumps(config | {"include": ["*/frontend/src"]}))

    assert compile_(version, tmp_path) == ""


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_compiler_sees_grafanas_types(version: str, tmp_path: Path) -> None:
    """Were a package's types missing, everything of it would silently be accepted."""
    wrong = """
const { Input, Combobox } = require('@grafana/ui');
const { DataSourcePlugin } = require('@grafana/data');
const { DataSourceWithBackend } = require('@grafana/runtime');
const { createElement } = require('react');
createElement(Input, { widht: 3 });
createElement(Combobox, { options: 3, onChange() {} });
new DataSourcePlugin(3);
class Other extends DataSourceWithBackend { query() { return 3; } }
exports.Other = Other;
"""
    complaints = check(version, tmp_path, wrong=wrong).splitlines()
    lines = {line.partition("(")[2].partition(",")[0] for line in complaints if "wrong.js" in line}

    assert {"6", "7", "8", "9"} <= lines
