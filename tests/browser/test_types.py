"""The editors and the template's hooks against the real types of the oldest and the newest Grafana that we support."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import grafana
import pytest
from aged_source import Aged
from bound_source import Bound
from commands import run
from field_source import Datasource
from formless_source import Formless, Plain
from odd_source import Odd
from own_control_source import Showy
from row_source import Wide
from sql_source import SqlDatasource

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
    "hooks": resources.folder("template") / "project/frontend/hooks.js",
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
const hooks = require('./HOOKS');
module.exports = hooks;
"""
WRONG = """
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


def compile_(version: str, folder: Path) -> str:
    """Type-check a folder with one Grafana's types; return the compiler's errors."""
    node, modules = grafana.program("node"), grafana.installed(version)
    (folder / "node_modules").symlink_to(modules)
    return run(node, modules / "typescript/bin/tsc", "--project", folder, "--pretty", "false", timeout=300).out


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_editors_have_the_types_that_grafana_wants(version: str, tmp_path: Path) -> None:
    """Every component, property and class of Grafana is used as its types say; so are a project's hooks.

    Without a package's types, any use of it would be accepted, so the test also finds the errors in `WRONG`.
    """
    shutil.copytree(library.SOURCES, tmp_path / "editors")
    texts = {name: path.read_text(encoding="utf-8") for name, path in HOOKS.items()}
    texts |= {f"{name}_agrees": AGREES.replace("HOOKS", name) for name in HOOKS}
    for name, text in {**texts, "controls": CONTROLS, "wrong": WRONG}.items():
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["*.js", "editors/*"]}))
    complaints = [line for line in compile_(version, tmp_path).splitlines() if not line.startswith(" ")]
    lines = {line.partition("(")[2].partition(",")[0] for line in complaints if "wrong.js(" in line}

    assert {"6", "7", "8", "9"} <= lines
    assert [line for line in complaints if "wrong.js(" not in line] == []


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_react_sources_have_the_types_that_grafana_wants(version: str, tmp_path: Path) -> None:
    """The sources come from the examples and from other dataclasses; a new project's check uses each Grafana's types.

    A project's tests for `@grafana/plugin-e2e` are checked where that package is installed.
    """
    data_sources = (Aged, Bound, Datasource, Formless, Odd, Plain, Showy, SqlDatasource, Wide)
    schemas = {source.__name__: describe(source) for source in data_sources}
    schemas |= {example: sources.example_schema(example) for example in choices.EXAMPLES}
    for name, schema in schemas.items():
        files.write_tree(tmp_path / name, sources.write_sources(schema))
    frontend = resources.folder("template") / "frontends/react/frontend"
    include = ["*/frontend/src"]
    if (grafana.installed(version) / "@grafana/plugin-e2e").is_dir():
        shutil.copytree(frontend / "tests", tmp_path / "signals/frontend/tests")
        shutil.copy(frontend / "playwright.config.ts", tmp_path / "signals/frontend")
        include += ["signals/frontend"]
    config = json.loads((frontend / "tsconfig.json").read_text("utf-8"))
    (tmp_path / "tsconfig.json").write_text(json.dumps(config | {"include": include}))

    assert compile_(version, tmp_path) == ""


def test_the_newest_packages_include_plugin_e2e_of_a_projects_tests() -> None:
    """Otherwise the check of a project's tests above would check nothing."""
    assert (grafana.installed("13") / "@grafana/plugin-e2e").is_dir()
