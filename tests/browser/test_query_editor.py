"""The query editor of the linked module.js: its fields, its stored values, and when it runs the query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bound_source import Bound, BoundModel
from row_source import Wide

from gfruntime.calls.convert import model_decoder
from gfruntime.errors import DecodeError

if TYPE_CHECKING:
    from linked_module import Evaluate


def query(text: str) -> str:
    """Render the query editor; `log` collects its calls to Grafana."""
    return (
        "((log) => { const editor = elements(plugin.components.QueryEditor({ datasource, query: "
        f"{text}, onChange: (query) => log.push(query), onRunQuery: () => log.push('run') }})); "
        "const control = (id) => editor.find((each) => each.props.id === id).props; "
    )


def test_every_field_has_its_own_label_and_id(evaluate: Evaluate) -> None:
    """Labels refer to their controls, ids do not repeat between query rows, hidden fields are not shown."""
    rows = evaluate(
        query("{ refId: 'B' }") + "return editor.filter((each) => each.props.htmlFor)"
        ".map((each) => [each.props.label, each.props.htmlFor, control(each.props.htmlFor)['aria-label']]); })([])"
    )

    assert [label for label, _, _ in rows] == ["Table", "Mode", "Group by", "Columns", "Hosts", "Ports", "Limit", "Fill gaps", "Note"]  # fmt: skip  # noqa: E501
    assert [name for _, name, _ in rows][:2] == ["gf-query-B-table", "gf-query-B-mode"]
    assert all(label == aria_label for label, _, aria_label in rows)


def test_a_query_runs_when_the_edit_is_finished(evaluate: Evaluate) -> None:
    """Typing changes the query, leaving the field runs it, and leaving an untouched field runs nothing."""
    log = evaluate(
        query("{ refId: 'A' }") + "const table = control('gf-query-A-table'); table.onBlur();"
        " table.onChange({ currentTarget: { value: 'x' } }); table.onBlur(); table.onBlur(); return log; })([])"
    )

    assert log == [{"refId": "A", "table": "x"}, "run"]


def test_an_emptied_text_stays_empty(evaluate: Evaluate) -> None:
    """The text does not change back to its default while the user types."""
    log = evaluate(
        query("{ refId: 'A', table: 'x' }")
        + "control('gf-query-A-table').onChange({ currentTarget: { value: '' } }); return log; })([])"
    )
    value = evaluate(query("{ refId: 'A', table: '' }") + "return control('gf-query-A-table').value; })([])")

    assert (log, value) == ([{"refId": "A", "table": ""}], "")


@pytest.mark.parametrize(
    ("field", "event", "stored"),
    [
        ("mode", "'sum'", "sum"),
        ("group", "{ value: 'host' }", "host"),
        ("group", "null", None),
        ("columns", "[{ value: 'time' }, { value: 'value' }]", ["time", "value"]),
        ("ports", "['80', '$port', 'x']", [80, "$port"]),
        ("fill", "{ currentTarget: { checked: true } }", True),
        ("note", "{ currentTarget: { value: 'two\\nlines' } }", "two\nlines"),
        ("limit", "{ currentTarget: { value: '12' } }", 12),
    ],
)
def test_each_control_stores_its_type(evaluate: Evaluate, field: str, event: str, stored: Any) -> None:
    """The stored value has the type that Python decodes."""
    log = evaluate(query("{ refId: 'A' }") + f"control('gf-query-A-{field}').onChange({event}); return log; }})([])")

    assert log[0] == {"refId": "A", field: stored}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{ limit: 0 }", "Limit must be at least 1"),
        ("{ limit: 9000 }", "Limit must be at most 5000"),
        ("{ limit: 1.5 }", "Limit must be a whole number"),
        ("{ limit: '5' }", "Limit must be a number"),
        ("{ table: '' }", "Table is required"),
        ("{ limit: 1 }", None),
        ("{ limit: 5000 }", None),
        ("{}", None),
    ],
)
def test_a_wrong_value_is_named_beside_its_field(evaluate: Evaluate, text: str, complaint: str | None) -> None:
    """The sentence begins with the field's label."""
    errors = evaluate(query(text) + "return editor.map((each) => each.props.error).filter(Boolean); })([])")

    assert errors == ([complaint] if complaint else [])


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({}, None),
        ({"name": "a1"}, None),
        ({"name": "a1 "}, "Name must match [a-z]\\d+|"),
        ({"name": "xa1"}, "Name must match [a-z]\\d+|"),
        ({"name": "a1\n"}, "Name must match [a-z]\\d+|"),
        ({"name": "a\u0661"}, "Name must match [a-z]\\d+|"),
        ({"mode": "max"}, "Mode must be one of raw, sum"),
        ({"level": 2}, None),
        ({"level": "2"}, None),
        ({"level": 3}, "Level must be one of 1, 2"),
        ({"tags": ["a", "b"]}, None),
        ({"tags": ["a", "B"]}, "Tags must match [a-z]+"),
        ({"ports": [1, 9]}, None),
        ({"ports": [0]}, "Ports must be at least 1"),
        ({"ports": [10]}, "Ports must be at most 9"),
        ({"ports": [1.5]}, "Ports must be a whole number"),
        ({"kinds": ["a", "c"]}, "Kinds must be one of a, b"),
        ({"share": 0}, None),
        ({"share": 1.01}, "Share must be at most 1"),
        ({"share": -0.1}, "Share must be at least 0"),
        ({"table": ""}, "Table is required"),
        ({"table": " "}, None),
        ({"mode": "raw", "part": 9}, None),
        ({"mode": "sum", "some": "x", "part": 9}, "Part must be at most 5"),
        ({"mode": "sum"}, "Some is required"),
    ],
)
def test_the_editor_complains_of_what_python_refuses(
    evaluate: Evaluate, value: dict[str, Any], complaint: str | None
) -> None:
    """Both check the same bounds, and both ignore hidden fields."""
    text = "{ refId: 'A', ..." + json.dumps(value) + " }"
    complaints = evaluate(
        query(text) + "return editor.map((each) => each.props.error).filter(Boolean); })([])", source=Bound
    )
    decode = model_decoder(BoundModel)

    assert complaints == ([complaint] if complaint else [])
    if complaint is None:
        decode(json.dumps(value).encode())
    else:
        with pytest.raises(DecodeError):
            decode(json.dumps(value).encode())


@pytest.mark.parametrize("value", [{"name": "$env"}, {"mode": "${env}"}, {"tags": ["[[env]]"]}, {"share": "$env"}])
def test_a_template_variable_is_not_a_mistake(evaluate: Evaluate, value: dict[str, Any]) -> None:
    """Grafana fills in the variable before Python gets the query."""
    text = "{ refId: 'A', ..." + json.dumps(value) + " }"

    assert (
        evaluate(query(text) + "return editor.map((each) => each.props.error).filter(Boolean); })([])", source=Bound)
        == []
    )


def test_a_section_is_kept_inside_an_object(evaluate: Evaluate) -> None:
    """An edit keeps the object's other keys, and defaults complete it."""
    log = evaluate(
        query("{ refId: 'A', window: { unit: 's' } }")
        + "control('gf-query-A-window.size').onChange({ currentTarget: { value: '7' } }); return log; })([])",
        source=Wide,
    )

    assert log == [{"refId": "A", "window": {"unit": "s", "size": 7}}]
    assert evaluate("datasource.getDefaultQuery().window", source=Wide) == {"size": 5, "unit": "m"}


def test_rows_are_added_edited_and_removed(evaluate: Evaluate) -> None:
    """A new row has its defaults; each finished change runs the query."""
    one = "{ column: 'host', operator: '=', value: 'a' }"
    log = evaluate(
        query(f"{{ refId: 'A', filters: [{one}] }}") + "control('gf-query-A-filters-add').onClick();"
        " control('gf-query-A-filters-0-value').onChange({ currentTarget: { value: 'b' } });"
        " editor.find((each) => each.props['aria-label'] === 'Remove Filters 1').props.onClick(); return log; })([])",
        source=Wide,
    )
    first = {"column": "host", "operator": "=", "value": "a"}

    assert log == [
        {"refId": "A", "filters": [first, {"column": "", "operator": "=", "value": ""}]},
        "run",
        {"refId": "A", "filters": [first | {"value": "b"}]},
        {"refId": "A", "filters": []},
        "run",
    ]


def test_a_field_is_shown_depending_on_another(evaluate: Evaluate) -> None:
    """A hidden field is not shown and not required."""
    is_shown = [
        evaluate(
            query(f"{{ refId: 'A', mode: '{mode}' }}")
            + "return editor.some((each) => each.props.id === 'gf-query-A-every'); })([])",
            source=Wide,
        )
        for mode in ("raw", "sum")
    ]  # fmt: skip
    complete = [
        evaluate(f"datasource.filterQuery({{ table: 't', mode: '{mode}', every: null }})", source=Wide)
        for mode in ("raw", "sum")
    ]

    assert (is_shown, complete) == ([False, True], [True, False])


def test_choices_are_requested_from_the_plugin(evaluate: Evaluate) -> None:
    """The path has the form's escaped values with filled variables; without a needed value no request is sent."""
    paths = [
        evaluate(
            query(f"{{ refId: 'A', table: {table} }}") + "return calls; })([])",
            source=Wide,
        )
        for table in ("''", "'a b/$env'")
    ]

    assert [[path for path in calls if isinstance(path, str)] for calls in paths] == [
        ["tables"],
        ["tables", "columns?table=a%20b%2Fprod"],
    ]


def test_choices_of_a_row_may_depend_on_the_query(evaluate: Evaluate) -> None:
    """A name that is not a field of the row is a field of the form around the row."""
    paths = evaluate(query("{ refId: 'A', table: 'x', filters: [{}] }") + "return calls; })([])", source=Wide)

    assert [path for path in paths if isinstance(path, str)].count("columns?table=x") == 2


def test_the_editor_of_an_alert_rule_says_that_variables_do_not_work(evaluate: Evaluate) -> None:
    """The hint appears only in the alert rule's editor, and names the variables."""
    titles = [
        evaluate(
            f"elements(plugin.components.QueryEditor({{ datasource, app: '{app}',"
            " query: { refId: 'A', table: '$env' } }))"
            ".flatMap((each) => each.type === 'Alert' ? [each.props.title] : [])"
        )
        for app in ("unified-alerting", "panel-editor")
    ]

    assert titles == [["Alert rules know no template variables: $env is sent as it is."], []]


def test_texts_appear_in_the_users_language(evaluate: Evaluate) -> None:
    """Labels, choices and errors are translated if the project has a translation; the rest stays unchanged."""
    texts = evaluate(
        query("{ refId: 'A', table: '' }") + "return editor.flatMap(({ props }) =>"
        " [props.label, props.error, props.children, ...(props.options ?? []).map((each) => each.label)])"
        ".filter((each) => typeof each === 'string'); })([])",
        source=Wide,
        language="de-CH",
    )

    assert {"Tabelle", "Tabelle fehlt", "Filter: hinzufügen", "Summe", "Columns"} <= set(texts)
    assert not {"Table", "sum"} & set(texts)
