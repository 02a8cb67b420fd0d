"""Examples in the help of the query editor, fields for some apps, and values that a new query begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from own_control_source import Showy

if TYPE_CHECKING:
    from linked_module import Evaluate

EDIT = (
    "const edit = (id, value) => { const editor = elements(plugin.components.QueryEditor({ datasource,"
    " query: { refId: 'A', table: 't' }, onChange() {}, onRunQuery() {} }));"
    " const control = editor.find((each) => each.props.id === id).props;"
    " control.onChange(value); control.onBlur?.(); };"
)
NEW = "new plugin.DataSourceClass({ uid: 'u1', url: '' }).getDefaultQuery()"


def test_an_example_becomes_the_query(evaluate: Evaluate) -> None:
    """Name and sentence are shown; a click replaces the whole model, and keeps Grafana's keys."""
    texts, clicked = evaluate(
        "((log) => { const help = elements(plugin.components.QueryEditorHelp({ datasource,"
        " query: { refId: 'B', datasource: { uid: 'u1' }, table: 'x' }, onClickExample: (query) => log.push(query) }));"
        " const buttons = help.filter((each) => each.type === 'Button'); buttons[0].props.onClick();"
        " const texts = help.filter((each) => each.type === 'div').flatMap((each) => each.props.children);"
        " return [[buttons.map((each) => each.props.children), texts], log]; })([])",
        source=Showy,
    )

    assert texts == [["Orders", "All"], ["Seven minutes each."]]
    assert clicked == [
        {
            "refId": "B",
            "datasource": {"uid": "u1"},
            "table": "orders",
            "note": "",
            "mode": "raw",
            "window": {"size": 7, "unit": "m"},
        }
    ]


def test_the_hooks_help_replaces_the_examples(evaluate: Evaluate) -> None:
    """Without help from the hooks and without examples, the editor has no help."""
    own = evaluate("plugin.components.QueryEditorHelp()", hooks="exports.QueryEditorHelp = () => 'mine';", source=Showy)

    assert own == "mine"
    assert evaluate("plugin.components.QueryEditorHelp ?? null") is None


@pytest.mark.parametrize(
    ("app", "is_shown"),
    [("'explore'", True), ("'panel-editor'", False), ("'unified-alerting'", False), ("undefined", True)],
)
def test_a_field_is_shown_in_its_apps(evaluate: Evaluate, app: str, is_shown: bool) -> None:  # noqa: FBT001 - a value
    """The field is also shown if Grafana does not name the app; its value is sent from every app."""
    has_field, note = evaluate(
        f"[elements(plugin.components.QueryEditor({{ datasource, app: {app}, query: {{ refId: 'A' }} }}))"
        ".some((each) => each.props.id === 'gf-query-A-note'),"
        " datasource.applyTemplateVariables({ refId: 'A', note: 'kept' }, {}).note]",
        source=Showy,
    )

    assert (has_field, note) == (is_shown, "kept")


def test_a_new_query_begins_with_what_was_chosen_last(evaluate: Evaluate) -> None:
    """Only fields with the option remember values, and only the user's edits, not those of other queries."""
    query = evaluate(
        f"(() => {{ {EDIT} edit('gf-query-A-mode', 'sum');"
        " edit('gf-query-A-table', { currentTarget: { value: 'x' } });"
        f" edit('gf-query-A-window.size', {{ currentTarget: {{ value: '7' }} }}); return {NEW}; }})()",
        source=Showy,
    )

    assert (query["mode"], query["table"], query["window"]) == ("sum", "sales", {"size": 7, "unit": "m"})


def test_values_chosen_in_a_variables_form_are_not_used_for_queries(evaluate: Evaluate) -> None:
    """Values chosen there are not used for queries, although the fields have the same names."""
    modes = evaluate(
        "[plugin.components.QueryEditor, datasource.variables.editor].toReversed().map((editor) => {"
        " elements(editor({ datasource, query: { refId: 'A' }, onChange() {}, onRunQuery() {} }))"
        ".find((each) => each.props.id === 'gf-query-A-mode').props.onChange('sum');"
        f" return {NEW}.mode; }})",
        source=Showy,
    )

    assert modes == ["raw", "sum"]


def test_only_values_of_this_user_and_data_source_are_taken(evaluate: Evaluate) -> None:
    """Only values that the same editors stored are used: a field may have had another type before."""
    modes = evaluate(
        f"(() => {{ runtime.config.bootData.user.uid = 'ada';"
        " datasource = new plugin.DataSourceClass({ uid: 'u1' });"
        f" {EDIT} edit('gf-query-A-mode', 'sum'); const modes = [{NEW}.mode];"
        " modes.push(new plugin.DataSourceClass({ uid: 'u2' }).getDefaultQuery().mode);"
        " runtime.config.bootData.user.uid = 'bob';"
        f" modes.push({NEW}.mode);"
        " runtime.config.bootData.user.uid = 'ada';"
        " const [place] = Object.keys(localStorage.kept);"
        ' localStorage.kept[place] = localStorage.kept[place].replace(/"hash":"\\w+"/, \'"hash":"other"\');'
        f" modes.push({NEW}.mode); localStorage.kept[place] = 'no JSON'; modes.push({NEW}.mode); return modes; }})()",
        source=Showy,
    )

    assert modes == ["sum", "raw", "raw", "raw", "raw"]


def test_variables_and_empty_values_are_not_remembered(evaluate: Evaluate) -> None:
    """A variable belongs to its dashboard; an empty field gets its default again."""
    sizes = evaluate(
        "[3, '$size', null].map((size) => {"
        " datasource.remember({ before: {}, after: { mode: 'sum', window: { size } } });"
        f" return [{NEW}.window.size, {NEW}.mode]; }})",
        source=Showy,
    )

    assert sizes == [[3, "sum"], [3, "sum"], [5, "sum"]]


def test_values_in_grafanas_user_storage_are_used_in_another_browser(evaluate: Evaluate) -> None:
    """Values of another browser are used once they are loaded; chosen values are stored for both browsers."""
    memory = evaluate(
        "(async () => { const kept = {}; const storage = { getItem: async (name) => kept[name] ?? null,"
        " setItem: async (name, text) => { kept[name] = text; } };"
        " Object.defineProperty(Object.getPrototypeOf(plugin.DataSourceClass).prototype, 'userStorage',"
        " { get: () => storage });"
        " new plugin.DataSourceClass({ uid: 'u1' }).remember({ before: {}, after: { mode: 'sum' } });"
        " localStorage.kept = {};"
        " const other = new plugin.DataSourceClass({ uid: 'u1' }); const before = other.getDefaultQuery().mode;"
        " await new Promise((done) => setTimeout(done));"
        " return [Object.keys(kept), before, other.getDefaultQuery().mode]; })()",
        source=Showy,
    )

    assert memory == [["gfplug.u1"], "raw", "sum"]


def test_values_are_remembered_until_the_page_is_left_if_storage_is_forbidden(evaluate: Evaluate) -> None:
    """A browser may forbid storage."""
    mode = evaluate(
        "(() => { localStorage.getItem = localStorage.setItem = () => { throw new Error('denied'); };"
        " const source = new plugin.DataSourceClass({ uid: 'u1' });"
        " source.remember({ before: {}, after: { mode: 'sum' } });"
        " return source.getDefaultQuery().mode; })()",
        source=Showy,
    )

    assert mode == "sum"
