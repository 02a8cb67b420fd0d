"""Controls of hooks.js replace gfplug's controls; the rest of the form stays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from own_control_source import SHOWY_HOOKS, Showy
from row_source import Wide

if TYPE_CHECKING:
    from linked_module import Evaluate

OWN = "(props) => ({ type: 'Own', props })"
DOCS = (Path(__file__).parents[2] / "docs/frontend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```js\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)


def query(text: str) -> str:
    """Render the query editor; `log` collects its calls to Grafana."""
    return (
        "((log) => { const editor = elements(plugin.components.QueryEditor({ datasource, query: "
        f"{text}, onChange: (query) => log.push(query), onRunQuery: () => log.push('run') }})); "
        "const own = editor.filter((each) => each.type === 'Own').map((each) => each.props); "
    )


def test_a_control_gets_its_field_with_query_and_data_source(evaluate: Evaluate) -> None:
    """Value, label and id equal those of gfplug's control; label, tooltip and error around it stay."""
    (own, row) = evaluate(
        query("{ refId: 'A', table: '' }")
        + "const row = editor.find((each) => each.props.htmlFor === 'gf-query-A-table').props;"
        " return [own.map(({ field, id, label, value, invalid, query, datasource: source }) =>"
        " [field.name, id, label, value, invalid, query.table, source === datasource]),"
        " [row.label, row.tooltip, row.error, row.required]]; })([])",
        hooks=f"exports.fields = {{ table: {OWN} }};",
    )

    assert own == [["table", "gf-query-A-table", "Table", "", True, "", True]]
    assert row == ["Table", "Where from.", "Table is required", True]


def test_an_edit_is_stored_and_runs_the_query_when_it_is_finished(evaluate: Evaluate) -> None:
    """The behaviour equals that of gfplug's control; a control of a section edits its object."""
    log = evaluate(
        query("{ refId: 'A', window: { unit: 's' } }")
        + "own[0].onChange(7); own[0].onCommit(); own[0].onCommit(); return log; })([])",
        hooks=f"exports.fields = {{ 'window.size': {OWN} }};",
        source=Wide,
    )

    assert log == [{"refId": "A", "window": {"unit": "s", "size": 7}}, "run"]


def test_rows_are_replaced_as_a_whole_and_choices_are_still_requested(evaluate: Evaluate) -> None:
    """A field of a row that has the name of another field is not touched."""
    controls = evaluate(
        query("{ refId: 'A', table: 'x', filters: [{}] }")
        + "return [own.map((each) => [each.field.name, each.field.fields?.length ?? each.field.options.length]),"
        " calls.filter((each) => typeof each === 'string')]; })([])",
        hooks=f"exports.fields = {{ filters: {OWN}, columns: {OWN} }};",
        source=Wide,
    )

    assert controls == [[["columns", 2], ["filters", 3]], ["tables", "columns?table=x"]]


def test_the_config_page_takes_controls_too(evaluate: Evaluate) -> None:
    """Each control stores in the place of its field; a secret has its reset."""
    controls = evaluate(
        "((changed) => { const own = elements(plugin.components.ConfigEditor("
        "{ options: { url: 'http://a', jsonData: {},"
        " secureJsonFields: { token: true } }, onOptionsChange: (options) => changed.push(options) }))"
        ".filter((each) => each.type === 'Own').map((each) => each.props);"
        " own[0].onChange('http://b'); own[1].onChange(7); own[2].onChange('s'); own[2].secret.onReset();"
        " return [own.map((each) => [each.field.name, each.label, each.options.url, each.secret.isConfigured]),"
        " changed.map(({ url, jsonData, secureJsonData, secureJsonFields }) => [url, jsonData, secureJsonData,"
        " secureJsonFields])]; })([])",
        hooks=f"exports.configFields = {{ url: {OWN}, token: {OWN}, timeout: {OWN} }};",
    )

    assert controls[0] == [
        ["url", "API URL", "http://a", False],
        ["timeout", "Timeout", "http://a", False],
        ["token", "API token", "http://a", True],
    ]
    assert controls[1] == [
        ["http://b", {}, None, {"token": True}],
        ["http://a", {"timeout": 7}, None, {"token": True}],
        ["http://a", {}, {"token": "s"}, {"token": True}],
        ["http://a", {}, {"token": ""}, {"token": False}],
    ]


def test_variables_and_annotations_have_their_own_controls(evaluate: Evaluate) -> None:
    """A field of the same name in the query editor keeps gfplug's control."""
    controls = evaluate(
        "[plugin.components.QueryEditor, datasource.variables.editor, datasource.annotations.QueryEditor]"
        ".map((editor) => elements(editor({ datasource, query: { refId: 'A', of: 'columns' } }))"
        ".filter((each) => each.type === 'Own').map((each) => each.props.id))",
        hooks=f"exports.variableFields = {{ table: {OWN} }};\nexports.annotationFields = {{ severity: {OWN} }};",
        source=Wide,
    )

    assert controls == [[], ["gf-query-A-table"], ["gf-query-A-severity"]]


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ("const all = { tabel: () => null };\nexports.fields = all;", "exports.fields names 'tabel'"),
        ("const all = { version: () => null };\nexports.fields = all;", "exports.fields names 'version'"),
        ("const all = { table: () => null };\nexports.variableFields = all;", "exports.variableFields names 'table'"),
    ],
)
def test_a_control_for_an_unknown_field_is_reported_in_the_console(evaluate: Evaluate, hooks: str, reason: str) -> None:
    """The controls of gfplug are shown, and the console has the name."""
    complaints = evaluate("complaints", hooks=hooks)

    assert len(complaints) == 1
    assert f"{reason}, which is no field that the form shows" in complaints[0]


EXPECTED: dict[str, tuple[str, Any]] = {
    "query": (
        """(await datasource.query({ range, scopedVars: {}, targets: [{ refId: 'A', table: 'ok' }] }).values())
        .map(({ state, data }) => [state, data[0].fields[1].values])""",
        [["Done", [7]]],
    ),
    "applyTemplateVariables": (
        "datasource.applyTemplateVariables({ refId: 'A', table: 'SALES' }, {}).table",
        "sales",
    ),
    "QueryEditorHelp": (
        """((log) => {
          const onClickExample = (each) => log.push(each);
          plugin.components.QueryEditorHelp({ query: { refId: 'A' }, onClickExample }).props.onClick();
          return log;
        })([])""",
        [{"refId": "A", "table": "orders"}],
    ),
    "getDefaultVariables": (
        "(await datasource.getDefaultVariables()).map(({ spec }) => spec.query)",
        ["production,staging"],
    ),
    "getDefaultLinks": ("(await datasource.getDefaultLinks()).map(({ title }) => title)", ["What the columns mean"]),
    "fields": (
        query("{ refId: 'A' }") + "return editor.filter((each) => each.props.id === 'gf-query-A-table')"
        ".map((each) => [each.type, each.props.placeholder, each.props.value]); })([])",
        [["Input", "schema.table", "sales"]],
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_the_examples_of_the_documentation_work(evaluate: Evaluate, block: str) -> None:
    """Each block of JavaScript is a whole hooks.js that does what its paragraph says."""
    (name,) = re.findall(r"^exports\.(\w+) =", block, re.MULTILINE)
    expression, expected = EXPECTED[name]

    assert evaluate(expression, hooks=block) == expected


def test_the_documentation_shows_each_export() -> None:
    """Each export of `types.ts` is in the table and has a block, or is described beside a similar one."""
    types = (Path(__file__).parents[2] / "cli/gfplug/bundle/frontend/editors/types.ts").read_text(encoding="utf-8")
    hooks = types.partition("export interface Hooks {")[2].partition("\n}")[0]
    names = set(re.findall(r"^  (\w+)\?", hooks, re.MULTILINE))
    documented = {name for block in BLOCKS for name in re.findall(r"^exports\.(\w+) =", block, re.MULTILINE)}
    table = DOCS.partition("| name | type | what it does |")[2].partition("\n\n")[0]

    assert names == set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line)))
    assert names - documented == {"configFields", "variableFields", "annotationFields"}
    assert documented == EXPECTED.keys()


def test_the_documentation_lists_what_a_control_is_given() -> None:
    """The documentation lists all of `ControlProps`."""
    types = (Path(__file__).parents[2] / "cli/gfplug/bundle/frontend/editors/types.ts").read_text(encoding="utf-8")
    properties = types.partition("export type ControlProps = {")[2].partition("\n}")[0]
    table = DOCS.partition("| a control is given |")[2].partition("\n\n")[0]

    assert set(re.findall(r"^  (\w+)[?:(]", properties, re.MULTILINE)) == set(
        re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines()[1:]))
    )


def test_the_hooks_of_the_browser_tests_work_here_too(evaluate: Evaluate) -> None:
    """Each form has one control."""
    controls = evaluate(
        query("{ refId: 'A' }") + "return editor.filter((each) => each.props['data-own'])"
        ".map((each) => each.props['data-own']); })([])",
        hooks=SHOWY_HOOKS,
        source=Showy,
    )

    assert controls == ["A u1"]
