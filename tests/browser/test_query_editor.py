"""The query editor of the linked module.js: what it shows, what it stores, and when it runs the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from everything import Wide

if TYPE_CHECKING:
    from everything import Evaluate


def query(text: str) -> str:
    """Render the query editor; `log` collects what it hands to Grafana."""
    return (
        "((log) => { const editor = elements(plugin.components.QueryEditor({ datasource, query: "
        f"{text}, onChange: (query) => log.push(query), onRunQuery: () => log.push('run') }})); "
        "const control = (id) => editor.find((each) => each.props.id === id).props; "
    )


def test_every_field_has_a_label_and_an_id_of_its_own(evaluate: Evaluate) -> None:
    """Labels point at their controls, ids do not repeat between query rows, hidden fields are not shown."""
    rows = evaluate(
        query("{ refId: 'B' }") + "return editor.filter((each) => each.props.htmlFor)"
        ".map((each) => [each.props.label, each.props.htmlFor, control(each.props.htmlFor)['aria-label']]); })([])"
    )

    assert [label for label, _, _ in rows] == ["Table", "Mode", "Group by", "Columns", "Hosts", "Ports", "Limit", "Fill gaps", "Note"]  # fmt: skip  # noqa: E501
    assert [name for _, name, _ in rows][:2] == ["gf-query-B-table", "gf-query-B-mode"]
    assert all(label == spoken for label, _, spoken in rows)


def test_a_query_runs_when_the_edit_is_finished(evaluate: Evaluate) -> None:
    """Typing changes the query, leaving the field runs it, and leaving it untouched runs nothing."""
    log = evaluate(
        query("{ refId: 'A' }") + "const table = control('gf-query-A-table'); table.onBlur();"
        " table.onChange({ currentTarget: { value: 'x' } }); table.onBlur(); table.onBlur(); return log; })([])"
    )

    assert log == [{"refId": "A", "table": "x"}, "run"]


def test_an_emptied_text_stays_empty(evaluate: Evaluate) -> None:
    """It does not jump back to its default under the user's fingers."""
    log = evaluate(
        query("{ refId: 'A', table: 'x' }")
        + "control('gf-query-A-table').onChange({ currentTarget: { value: '' } }); return log; })([])"
    )
    shown = evaluate(query("{ refId: 'A', table: '' }") + "return control('gf-query-A-table').value; })([])")

    assert (log, shown) == ([{"refId": "A", "table": ""}], "")


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
    """What reaches the query is the value that Python decodes."""
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


def test_a_section_is_kept_inside_an_object(evaluate: Evaluate) -> None:
    """An edit leaves the object's other keys alone, and defaults fill it."""
    log = evaluate(
        query("{ refId: 'A', window: { unit: 's' } }")
        + "control('gf-query-A-window.size').onChange({ currentTarget: { value: '7' } }); return log; })([])",
        source=Wide,
    )

    assert log == [{"refId": "A", "window": {"unit": "s", "size": 7}}]
    assert evaluate("datasource.getDefaultQuery().window", source=Wide) == {"size": 5, "unit": "m"}


def test_rows_are_added_edited_and_removed(evaluate: Evaluate) -> None:
    """A new row holds its defaults; each change runs the query when it is finished."""
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


def test_a_field_comes_and_goes_with_another(evaluate: Evaluate) -> None:
    """A hidden one is neither shown nor required."""
    shown = [
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

    assert (shown, complete) == ([False, True], [True, False])


def test_choices_are_asked_of_the_plugin(evaluate: Evaluate) -> None:
    """The path holds the form's values, escaped, variables filled in; what waits for a value is not asked."""
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


def test_an_alert_rule_is_told_that_it_has_no_variables(evaluate: Evaluate) -> None:
    """The hint appears in the alert rule's editor alone, and names them."""
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
    """Labels, choices and complaints are translated where the project does; the rest stays as it is."""
    texts = evaluate(
        query("{ refId: 'A', table: '' }") + "return editor.flatMap(({ props }) =>"
        " [props.label, props.error, props.children, ...(props.options ?? []).map((each) => each.label)])"
        ".filter((each) => typeof each === 'string'); })([])",
        source=Wide,
        language="de-CH",
    )

    assert {"Tabelle", "Tabelle fehlt", "Filter: hinzufügen", "Summe", "Columns"} <= set(texts)
    assert not {"Table", "sum"} & set(texts)
