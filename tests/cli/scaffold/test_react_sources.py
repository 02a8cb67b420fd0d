"""TypeScript and React sources from dataclasses: their text and the list of files.

Tests in `tests/browser` compile them and run them in a browser.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

import pytest
from packages_apart import packages_from
from react_models import Model, Window, sources

from gfplug import resources
from gfplug.errors import ProjectError
from gfplug.scaffold import choices
from gfplug.scaffold.react.form_fields import read_fields
from gfplug.scaffold.react.sources import FOLDER, example_schema, write_sources
from gfruntime.author.forms import form
from gfruntime.author.schema import describe

WINDOW = Window()
EXAMPLES = {name: "project" if name == "signals" else f"examples/{name}" for name in choices.EXAMPLES}


TYPES = """\
// What the editors save and send. Keep these types equal to the dataclasses in src/plugin/datasource.py.
import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';
import { type Choice } from './controls/checks';

export type Options = DataSourceJsonData;

export type Secrets = Record<string, string>;

export const modeChoices: Array<Choice<'raw' | 'sum'>> = [
  { value: 'raw', label: 'raw' },
  { value: 'sum', label: 'sum' },
];

export interface Window {
  size: number;
}

/** What the query editor shows; Python has the same defaults: alert rules never pass through a browser. */
export interface Model {
  table: string;
  mode: 'raw' | 'sum';
  every?: number | null;
  window: Window;
}

export interface Query extends DataQuery, Partial<Omit<Model, 'window'>> {
  window?: Partial<Window>;
}

export const defaults: Model = {
  table: 'sales',
  mode: 'raw',
  window: { size: 5 },
};

/** Fill in the defaults of what is left out. */
export function modelOf(query: Query): Model {
  return {
    table: query.table ?? defaults.table,
    mode: query.mode ?? defaults.mode,
    every: query.every,
    window: {
      size: query.window?.size ?? defaults.window.size,
    },
  };
}
"""
EDITOR = """\
export function QueryEditor({ query, onChange, onRunQuery, app }: QueryEditorProps<DataSource, Query, Options>) {
  const model = modelOf(query);
  const { edit, run, pick, done } = useEdits(query, onChange, onRunQuery);
  const id = (name: string) => `gf-query-${query.refId}-${name}`;
  const problems = {
    table: problem('Table', model.table, { required: true }),
    mode: problem('Mode', model.mode, { choices: modeChoices }),
    every: problem('Every', model.every, { number: true, whole: true }),
    'window.size': problem('Size', model.window.size, { number: true, whole: true, min: 1 }),
  };
  return (
    <div data-testid="gf-query-editor">
      <InlineField
        label="Table"
        labelWidth={12}
        htmlFor={id('table')}
        tooltip="Where from."
        interactive
        required
        invalid={Boolean(problems.table)}
        error={problems.table}
      >
        <Input
          id={id('table')}
          aria-label="Table"
          width={40}
          value={model.table}
          onChange={(event) => edit({ table: event.currentTarget.value })}
          {...done}
        />
      </InlineField>
      <InlineField
        label="Mode"
        labelWidth={12}
        htmlFor={id('mode')}
        invalid={Boolean(problems.mode)}
        error={problems.mode}
      >
        <Combobox
          id={id('mode')}
          width={40}
          options={modeChoices}
          value={model.mode}
          onChange={({ value }) => pick({ mode: value })}
        />
      </InlineField>
      {model.mode === 'sum' && (
        <InlineField
          label="Every"
          labelWidth={12}
          htmlFor={id('every')}
          invalid={Boolean(problems.every)}
          error={problems.every}
        >
          <NumberInput
            id={id('every')}
            width={40}
            step={1}
            value={model.every}
            onChange={(value) => edit({ every: value ?? null })}
            onDone={run}
          />
        </InlineField>
      )}
      <Section label="Window">
"""


def test_the_sources_of_a_small_model_are_as_expected() -> None:
    """Types, defaults and an editor are compared letter by letter."""
    files = sources(Model)

    assert files["types.ts"] == TYPES
    assert EDITOR in files["QueryEditor.tsx"]
    assert "return !query.hide && !isEmpty(model.table);" in files["datasource.ts"]


def test_every_imported_file_exists() -> None:
    """A control is written only if something imports it."""
    files = sources(Model, variable=Window)
    imported = set()
    for name, text in files.items():
        folder = PurePosixPath(name).parent
        paths = [(folder / path).as_posix() for path in re.findall(r"from '\./([^']+)'", text)]
        imported |= {next((each for each in files if each.rpartition(".")[0] == path), path) for path in paths}

    assert imported == files.keys() - {"module.ts"}
    assert {name for name in files if "/" in name} == {
        f"controls/{name}"
        for name in ("NoVariables.tsx", "NumberInput.tsx", "Section.tsx", "checks.ts", "edits.ts", "variables.ts")
    }


@dataclass(frozen=True)
class Clash:
    """Fields whose names TypeScript or the sources use themselves."""

    default: str = ""
    record: Window = WINDOW
    options: Literal["a", "b"] = "a"
    window_size: Literal["c", "d"] = "c"
    model: list[Window] = field(default_factory=list)
    grün: str = ""  # noqa: PLC2401 - Python allows it


def test_names_of_exports_are_unique() -> None:
    """Fields may have any name, in any form."""
    text = sources(Clash, Clash, variable=Clash, annotation=Clash)["types.ts"]
    names = re.findall(r"^export (?:const|function|interface|type) (\w+)", text, re.MULTILINE)

    assert len(names) == len(set(names))
    assert not {"Record", "Partial", "Array"} & set(names)
    assert "  'grün': string;" in text
    assert "query['grün'] ?? defaults['grün']" in text


def test_an_unknown_kind_of_field_is_refused() -> None:
    """A project may require a newer runtime than this gfplug knows."""
    with pytest.raises(ProjectError, match="no control for 'colour', of the kind 'palette'"):
        read_fields({"fields": [{"name": "colour", "kind": "palette", "label": "Colour"}]})


@pytest.mark.parametrize("example", choices.EXAMPLES)
def test_the_schema_of_an_example_is_that_of_its_dataclasses(example: str) -> None:
    """`gfplug new` cannot run the dataclasses, so the template has the schema."""
    path = resources.folder("template") / EXAMPLES[example] / "src/plugin/datasource.py"
    spec = importlib.util.spec_from_file_location("plugin.datasource", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with packages_from(path.parents[1]):
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        expected = json.loads(json.dumps(describe(module.Datasource)))

    assert example_schema(example) == expected


def test_the_same_schema_gives_the_same_bytes() -> None:
    """The files have the same order, LF line ends and no trailing spaces."""
    first, second = (write_sources(example_schema("http")) for _ in range(2))

    assert list(first.items()) == list(second.items())
    assert not [path for path, content in first.items() if b"\r" in content or re.search(rb"[ \t]\n|\n\n\n", content)]
    assert Path(FOLDER).parts == ("frontend", "src")


def test_a_query_that_python_migrates_is_sent_as_saved() -> None:
    """Today's defaults would make an old query look like a new one; Python decides whether it is complete."""
    schema = {
        "config": {"fields": []},
        "query": {"fields": form(Model), "migrates": True},
        "own": {"variable": {"fields": form(Model)}},
        "capabilities": {"annotations": True, "variables": True},
    }
    text = write_sources(schema)[f"{FOLDER}datasource.ts"].decode()
    own, _, rest = text.partition("applyTemplateVariables")[2].partition("// No default is filled in")

    assert "readVariableQuery" in own or "interpolate(" in own
    assert "return { ...interpolate(saved, scoped), refId, datasource } as DataQuery as Query;" in rest
    assert "interpolate(" not in rest.replace("interpolate(saved, scoped)", "")
    assert "return !query.hide && !isEmptied(query.table);" in text


def test_editors_call_python_for_queries_that_it_migrates() -> None:
    """Other editors do not."""
    schema = {
        "config": {"fields": [], "migrates": True},
        "query": {"fields": form(Model)},
        "own": {"variable": {"fields": form(Window), "migrates": True}, "annotation": {"fields": form(Window)}},
        "capabilities": {"annotations": True, "variables": True},
    }
    files = {path.removeprefix(FOLDER): content.decode() for path, content in write_sources(schema).items()}

    assert ".setConfigEditor(migratedOptions(ConfigEditor))\n  .setQueryEditor(QueryEditor);" in files["module.ts"]
    assert "import { migratedOptions } from './controls/migration';" in files["module.ts"]
    assert "editor = migratedQuery(VariableEditor, variableQuery);" in files["datasource.ts"]
    assert "QueryEditor: AnnotationEditor as" in files["datasource.ts"]
    assert "return { refId: 'variable', ...given, queryType: 'variable' };" in files["types.ts"]
    assert "...annotationDefaults, ...given" in files["types.ts"]
