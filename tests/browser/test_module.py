"""The linked module.js, loaded by Node like Grafana's loader, with fakes for the packages that Grafana shares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from row_source import Wide
from sql_source import SqlDatasource, ValuesDatasource

if TYPE_CHECKING:
    from linked_module import Evaluate

DEFAULTS = {
    "table": "sales",
    "mode": "raw",
    "columns": [],
    "hosts": [],
    "ports": [],
    "limit": 100,
    "fill": False,
    "note": "",
    "version": 1,
}


def test_module_js_is_one_definition_that_returns_the_plugin(evaluate: Evaluate) -> None:
    """Grafana's sandbox uses the factory's return value; nothing else is exported."""
    assert evaluate("[definitions, Object.keys(exported), Object.keys(plugin.components)]") == [
        1,
        ["plugin"],
        ["ConfigEditor", "QueryEditor"],
    ]


def test_a_new_query_holds_the_defaults_of_the_dataclass(evaluate: Evaluate) -> None:
    """Python fills in the same defaults if a query never passed through the editor."""
    assert evaluate("datasource.getDefaultQuery()") == DEFAULTS


def test_annotations_and_variables_use_the_query_editor(evaluate: Evaluate) -> None:
    """Grafana's standard support for both is switched on."""
    assert evaluate("[datasource.annotations, datasource.variables.getType()]") == [{}, "datasource"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ table: 'a' }", True),
        ("{}", True),
        ("{ table: '' }", False),
        ("{ table: null }", False),
        ("{ table: 'a', hide: true }", False),
    ],
)
def test_incomplete_and_hidden_queries_are_kept_back(evaluate: Evaluate, text: str, expected: bool) -> None:  # noqa: FBT001 - a value
    """An empty required field without a default holds the query back."""
    assert evaluate(f"datasource.filterQuery({text})") is expected


def test_variables_are_filled_in_everywhere(evaluate: Evaluate) -> None:
    """Texts and lists are filled, scoped values first; an item that is only a variable becomes one item per value."""
    query_model = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', table: '${env}_$x', hosts: ['$hosts', 'c', 'd$env'],"
        " ports: [1, '$port'], limit: 7, other: '$env' }, { x: { value: 'y' }, port: { value: 80 } })"
    )

    assert query_model == DEFAULTS | {
        "refId": "A",
        "table": "prod_y",
        "hosts": ["a", "b", "c", "dprod"],
        "ports": [1, "80"],
        "limit": 7,
        "other": "$env",
    }


def test_variables_are_filled_in_inside_rows_and_sections(evaluate: Evaluate) -> None:
    """Texts at any depth are filled, but only in declared fields."""
    query_model = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', filters: [{ column: '$env', operator: '=' }],"
        " other: '$env' }, {})",
        source=Wide,
    )

    assert (query_model["filters"], query_model["other"]) == ([{"column": "prod", "operator": "="}], "$env")
    assert query_model["window"] == {"size": 5, "unit": "m"}


@pytest.mark.parametrize(
    ("sql", "variable", "expected"),
    [
        ("x IN ($v)", "{ value: ['a', 'b'], multi: true }", "x IN ('a','b')"),
        ("x IN (${v})", """{ value: ["O'Brien"] }""", "x IN ('O''Brien')"),
        ("x IN ($v)", """{ value: "O'Brien", multi: true }""", "x IN ('O''Brien')"),
        ("x IN ($v)", "{ value: 'a', includeAll: true }", "x IN ('a')"),
        ("x = '$v'", "{ value: 'north' }", "x = 'north'"),
        ("x = '$v'", """{ value: "' OR 1=1 --" }""", "x = ''' OR 1=1 --'"),
        ("x = $v", "{ value: 7 }", "x = 7"),
        ("FROM ${v:raw}", """{ value: "it's", multi: true }""", "FROM it's"),
        ("$v", "{ value: [] }", ""),
    ],
)
def test_variables_in_sql_are_quoted_as_grafana_quotes_them(
    evaluate: Evaluate, sql: str, variable: str, expected: str
) -> None:
    """Several values, and one value of a multi-value variable, are quoted; quotes are doubled; formats come first."""
    query_model = evaluate(
        f"datasource.applyTemplateVariables({{ refId: 'A', sql: {json.dumps(sql)} }}, {{ v: {variable} }})",
        source=SqlDatasource,
    )

    assert query_model["sql"] == expected


def test_variables_outside_sql_are_not_quoted(evaluate: Evaluate) -> None:
    """Other texts and code stay unchanged; SQL in a section is quoted, too."""
    query_model = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', json: '$v', note: '$v', options: { where: '$v' } },"
        """ { v: { value: "it's", multi: true } })""",
        source=SqlDatasource,
    )

    assert (query_model["json"], query_model["note"]) == ("it's", "it's")
    assert query_model["options"] == {"where": "'it''s'"}


@pytest.mark.parametrize(
    ("sql", "variable", "expected"),
    [
        ("x = $v", "{ value: 'north' }", "x = $__text(north)"),
        ("x IN ($v)", "{ value: ['a', 'b,c'], multi: true }", "x IN ($__text(a,b%2Cc))"),
        ("x = ${v:raw} OR [[v:csv]]", "{ value: 'a' }", "x = $__text(a) OR $__text(a)"),
        ("x = '$v'", """{ value: "' OR 1=1 -- (é)*!" }""", "x = '$__text(%27%20OR%201%3D1%20--%20%28%C3%A9%29%2a%21)'"),
        ("x = $v", "{ value: 7 }", "x = $__text(7)"),
        ("x = $v", "{ value: '$env' }", "x = $__text(%24env)"),
        ("$__timeFilter(t) $other ${__unknown} $$ $1", "{ value: 'a' }", "$__timeFilter(t) $other ${__unknown} $$ $1"),
        ("$v$v", "{ value: '' }", "$__text()$__text()"),
    ],
)
def test_variables_can_be_sent_as_values(evaluate: Evaluate, sql: str, variable: str, expected: str) -> None:
    """Values are percent-encoded with any format; unknown variables stay."""
    query_model = evaluate(
        f"datasource.applyTemplateVariables({{ refId: 'A', sql: {json.dumps(sql)} }}, {{ v: {variable} }})",
        source=ValuesDatasource,
    )

    assert query_model["sql"] == expected


def test_the_time_range_is_not_sent_as_a_value(evaluate: Evaluate) -> None:
    """Macros and intervals become SQL; a user's name becomes a text."""
    query_model = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', sql: '$__interval ${__interval_ms} ${__user}' },"
        " { __interval: { value: '1m' }, __interval_ms: { value: 60000 }, __user: { value: 'a b' } })",
        source=ValuesDatasource,
    )

    assert query_model["sql"] == "1m 60000 $__text(a%20b)"


def test_a_code_field_offers_the_choices_of_a_resource(evaluate: Evaluate) -> None:
    """The editor gets a function that lists the choices and the dashboard's variables, if a resource exists."""
    editor = (
        "elements(react.createElement(plugin.components.QueryEditor,"
        " { query: { refId: 'A' }, datasource, onChange() {}, onRunQuery() {} }))"
        ".filter((each) => each.type === 'CodeEditor').map((each) => each.props.getSuggestions?.() ?? null)"
    )

    assert {"label": "$env", "insertText": "$env"} in evaluate(editor, source=ValuesDatasource)[0]
    assert evaluate(editor, source=SqlDatasource) == [None, None, None]


def test_variable_queries_ask_for_the_range_of_the_dashboard(evaluate: Evaluate) -> None:
    """Grafana's range for a variable's query reaches Python unchanged, so that time macros use it."""
    request = evaluate(
        "((datasource.query = (asked) => asked),"
        " datasource.variables.query({ range: { from: 1, to: 2 }, intervalMs: 3, targets: [] }))",
        source=Wide,
    )

    assert request == {"range": {"from": 1, "to": 2}, "intervalMs": 3, "targets": []}


def test_variables_with_their_own_form_call_their_own_method(evaluate: Evaluate) -> None:
    """The query type tells Python the method; a bare text of an old dashboard is not a query."""
    queries = evaluate(
        "(datasource.variables.query({ targets: [{ refId: 'V', of: 'columns', table: '$env' }, ''] }),"
        " [datasource.variables.getType(), ...calls.flatMap((call) => call.backend ?? [])])",
        source=Wide,
    )

    assert queries == [
        "custom",
        {"refId": "V", "of": "columns", "table": "prod", "queryType": "variable"},
        {"refId": "variable", "of": "tables", "table": "", "queryType": "variable"},
    ]


def test_annotations_with_their_own_form_call_their_own_method(evaluate: Evaluate) -> None:
    """Defaults complete the stored query; without one the defaults are sent."""
    queries = evaluate(
        "[{ target: { refId: 'Anno', severity: 1 } }, {}].map((each) => datasource.annotations.prepareQuery(each))",
        source=Wide,
    )

    assert queries == [
        {"refId": "Anno", "severity": 1, "queryType": "annotation"},
        {"refId": "annotation", "severity": 3, "queryType": "annotation"},
    ]
