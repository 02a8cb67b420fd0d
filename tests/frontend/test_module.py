"""The linked module.js, loaded by Node as Grafana's loader would, with fakes for the packages that Grafana shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from everything import Wide

if TYPE_CHECKING:
    from everything import Evaluate

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
SETTINGS = "{ url: 'http://a', jsonData: { timeout: 5, other: 1 }, secureJsonFields: { token: true } }"


def config(settings: str) -> str:
    """Render the config page; `changed` collects what it hands to Grafana."""
    return (
        "((changed) => { const page = elements(plugin.components.ConfigEditor({ options: "
        f"{settings}, onOptionsChange: (options) => changed.push(options) }})); "
        "const control = (id) => page.find((each) => each.props.id === id).props; "
    )


def query(text: str) -> str:
    """Render the query editor; `log` collects what it hands to Grafana."""
    return (
        "((log) => { const editor = elements(plugin.components.QueryEditor({ datasource, query: "
        f"{text}, onChange: (query) => log.push(query), onRunQuery: () => log.push('run') }})); "
        "const control = (id) => editor.find((each) => each.props.id === id).props; "
    )


def test_it_is_one_definition_that_returns_the_plugin(evaluate: Evaluate) -> None:
    """Grafana's sandbox takes what the factory returns; nothing else is exported."""
    assert evaluate("[definitions, Object.keys(exported), Object.keys(plugin.components)]") == [
        1,
        ["plugin"],
        ["ConfigEditor", "QueryEditor"],
    ]


def test_a_new_query_holds_the_defaults_of_the_dataclass(evaluate: Evaluate) -> None:
    """Python fills in the same ones where a query never passed through the editor."""
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
    """A required field that is empty, though not one that has a default, holds the query back."""
    assert evaluate(f"datasource.filterQuery({text})") is expected


def test_variables_are_filled_in_everywhere(evaluate: Evaluate) -> None:
    """Texts and lists, scoped values first; an item that is only a variable becomes as many items as it has values."""
    filled = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', table: '${env}_$x', hosts: ['$hosts', 'c', 'd$env'],"
        " ports: [1, '$port'], limit: 7, other: '$env' }, { x: { value: 'y' }, port: { value: 80 } })"
    )

    assert filled == DEFAULTS | {
        "refId": "A",
        "table": "prod_y",
        "hosts": ["a", "b", "c", "dprod"],
        "ports": [1, "80"],
        "limit": 7,
        "other": "$env",
    }


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
    found = evaluate(query(text) + "return editor.map((each) => each.props.error).filter(Boolean); })([])")

    assert found == ([complaint] if complaint else [])


def test_options_go_where_they_are_kept(evaluate: Evaluate) -> None:
    """The URL is the data source's own, a secret goes to secureJsonData alone, the rest to jsonData; others stay."""
    changed = evaluate(
        config(SETTINGS) + "const type = (id, value) => control(id).onChange({ currentTarget: { value } });"
        " type('gf-config-url', 'http://b'); type('gf-config-key', 's3cret'); type('gf-config-timeout', '7');"
        " return changed; })([])"
    )

    assert [changed[0]["url"], changed[1]["url"]] == ["http://b", "http://a"]
    assert changed[0]["jsonData"] == {"timeout": 5, "other": 1}
    assert changed[1]["secureJsonData"] == {"key": "s3cret"}
    assert changed[1]["jsonData"] == {"timeout": 5, "other": 1}
    assert changed[2]["jsonData"] == {"timeout": 7, "other": 1}


def test_a_stored_secret_shows_only_that_it_is_there(evaluate: Evaluate) -> None:
    """The control has no value to show; resetting forgets the stored one at the next save."""
    found = evaluate(
        config(SETTINGS) + "const token = control('gf-config-token'); token.onReset();"
        " return [token.isConfigured, token.value, changed[0].secureJsonFields, changed[0].secureJsonData]; })([])"
    )

    assert found == [True, "", {"token": False}, {"token": ""}]


def test_defaults_are_shown_and_not_stored(evaluate: Evaluate) -> None:
    """An option that nobody changed follows the dataclass when its default changes."""
    found = evaluate(
        config("{ url: '', jsonData: {} }") + "return [control('gf-config-retries').value, changed.length]; })([])"
    )

    assert found == [3, 0]


def test_provisioned_settings_cannot_be_edited(evaluate: Evaluate) -> None:
    """Every control is disabled when Grafana says that the data source is read-only."""
    found = evaluate(
        config("{ url: '', jsonData: {}, readOnly: true }")
        + "return page.filter((each) => each.props.id).map((each) => each.props.disabled); })([])"
    )

    assert found == [True] * 6


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


def test_variables_are_filled_in_inside_rows_and_sections(evaluate: Evaluate) -> None:
    """Texts at any depth, and nothing but declared fields."""
    filled = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', filters: [{ column: '$env', operator: '=' }],"
        " other: '$env' }, {})",
        source=Wide,
    )

    assert (filled["filters"], filled["other"]) == ([{"column": "prod", "operator": "="}], "$env")
    assert filled["window"] == {"size": 5, "unit": "m"}


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

    assert [[path for path in asked if isinstance(path, str)] for asked in paths] == [
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


def test_variables_with_a_form_of_their_own_ask_their_own_method(evaluate: Evaluate) -> None:
    """The query type tells Python which; an old dashboard's bare text is no query."""
    found = evaluate(
        "(datasource.variables.query({ targets: [{ refId: 'V', of: 'columns', table: '$env' }, ''] }),"
        " [datasource.variables.getType(), ...calls.flatMap((call) => call.backend ?? [])])",
        source=Wide,
    )

    assert found == [
        "custom",
        {"refId": "V", "of": "columns", "table": "prod", "queryType": "variable"},
        {"refId": "variable", "of": "tables", "table": "", "queryType": "variable"},
    ]


def test_annotations_with_a_form_of_their_own_ask_their_own_method(evaluate: Evaluate) -> None:
    """What is stored is completed; without a stored query the defaults are asked."""
    found = evaluate(
        "[{ target: { refId: 'Anno', severity: 1 } }, {}].map((each) => datasource.annotations.prepareQuery(each))",
        source=Wide,
    )

    assert found == [
        {"refId": "Anno", "severity": 1, "queryType": "annotation"},
        {"refId": "annotation", "severity": 3, "queryType": "annotation"},
    ]


def test_hooks_are_not_asked_what_has_a_method_of_its_own(evaluate: Evaluate) -> None:
    """Variables and annotations with own forms, and alert rules, are Python's."""
    found = evaluate(
        "(datasource.query({ range, scopedVars: {}, targets: [{ refId: 'V', queryType: 'variable' }] }),"
        " datasource.query({ range, scopedVars: {}, app: 'unified-alerting', targets: [{ refId: 'A', table: 'ok' }] }),"
        " calls.flatMap((call) => call.backend.map((target) => target.refId)))",
        hooks=HOOKS,
        source=Wide,
    )

    assert found == ["V", "A"]


HTTP = """{
  url: 'http://a', basicAuth: true, basicAuthUser: 'u',
  jsonData: { tlsAuth: true, httpHeaderName1: 'X-A', httpHeaderName2: 'X-B', httpHeaderName3: 'X-C' },
  secureJsonFields: { httpHeaderValue1: true, httpHeaderValue2: true, httpHeaderValue3: true },
  secureJsonData: { httpHeaderValue3: 'typed' },
}"""


def test_http_settings_are_stored_where_grafana_reads_them(evaluate: Evaluate) -> None:
    """Basic authentication is the data source's own, its password a secret, TLS in jsonData."""
    changed = evaluate(
        config(HTTP) + "const type = (id, value) => control(id).onChange({ currentTarget: { value } });"
        " control('gf-config-basicAuth').onChange({ currentTarget: { checked: false } });"
        " type('gf-config-basicAuthUser', 'ada'); type('gf-config-basicAuthPassword', 's');"
        " type('gf-config-serverName', 'n');"
        " return changed; })([])",
        source=Wide,
    )

    assert [changed[0]["basicAuth"], changed[1]["basicAuthUser"]] == [False, "ada"]
    assert changed[2]["secureJsonData"]["basicAuthPassword"] == "s"
    assert changed[3]["jsonData"]["serverName"] == "n"


def test_what_is_switched_off_is_not_shown(evaluate: Evaluate) -> None:
    """The CA certificate waits for its switch, the client's is there."""
    ids = evaluate(
        config(HTTP) + "return page.map((each) => each.props.id).filter(Boolean); })([])",
        source=Wide,
    )

    assert "gf-config-tlsClientKey" in ids
    assert not {"gf-config-tlsCACert", "gf-config-cache.seconds"} & set(ids)


def test_headers_are_numbered_without_a_gap(evaluate: Evaluate) -> None:
    """Removing one moves the others up; a stored value cannot move, so it is asked for again, and a typed one moves."""
    changed = evaluate(
        config(HTTP) + "page.find((each) => each.props['aria-label'] === 'Remove HTTP headers 1').props.onClick();"
        " control('gf-config-header-add').onClick(); return changed; })([])",
        source=Wide,
    )
    names = {key: value for key, value in changed[0]["jsonData"].items() if key.startswith("httpHeader")}

    assert names == {"httpHeaderName1": "X-B", "httpHeaderName2": "X-C"}
    assert changed[0]["secureJsonData"] == {"httpHeaderValue1": "", "httpHeaderValue2": "typed", "httpHeaderValue3": ""}
    assert not any(changed[0]["secureJsonFields"].values())
    assert changed[1]["jsonData"]["httpHeaderName4"] == ""


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


HOOKS = {
    "hooks.js": """
const { rows } = require('./rows');
exports.query = (query, context) => {
  if (query.table === 'python') { return undefined; }
  if (query.table === 'throws') { throw new Error('at once'); }
  if (query.table === 'fails') { return Promise.reject({ status: 404, data: { message: 'no such table' } }); }
  return context.fetch('/api/v1/' + query.table, { params: { from: context.from } }).then(rows);
};
""",
    "rows.js": "exports.rows = (data) => [{ fields: [{ name: 'value', values: data.rows }] }];",
}


def test_hooks_answer_in_the_browser_through_the_data_source_proxy(evaluate: Evaluate) -> None:
    """Variables are filled in first; the request goes to the proxy, which adds the secrets."""
    found = evaluate(
        "[await datasource.query({ requestId: 'Q1', range, scopedVars: {}, targets: [{ refId: 'A', table: '$env' }] })"
        ".values(), calls]",
        hooks=HOOKS,
    )

    assert found[0] == [
        {
            "key": "A",
            "state": "Done",
            "data": [{"fields": [{"name": "value", "values": [1, 2]}], "length": 2, "refId": "A"}],
        }
    ]
    assert found[1] == [
        {
            "fetch": {
                "method": "GET",
                "showErrorAlert": False,
                "params": {"from": 1000},
                "url": "/api/datasources/proxy/uid/u1/api/v1/prod",
                "requestId": "Q1",
            }
        }
    ]


def test_what_a_hook_leaves_goes_to_python(evaluate: Evaluate) -> None:
    """`undefined` means Python; one failing hook is its own query's error and does not sink the others."""
    responses, calls = evaluate(
        "[await datasource.query({ range, scopedVars: {}, targets: ['python', 'throws', 'fails', 'ok']"
        ".map((table, index) => ({ refId: 'ABCD'[index], table })) }).values(), calls]",
        hooks=HOOKS,
    )
    by_key = {response["key"]: response for response in responses}

    assert [target["refId"] for call in calls for target in call.get("backend", [])] == ["A"]
    assert by_key["B"]["errors"] == [{"refId": "B", "message": "at once"}]
    assert by_key["C"]["errors"] == [{"refId": "C", "status": 404, "message": "no such table"}]
    assert by_key["D"]["state"] == "Done"
    assert set(by_key) == {"backend", "B", "C", "D"}


def test_a_public_dashboard_asks_python_alone(evaluate: Evaluate) -> None:
    """Its visitors have no data source proxy."""
    found = evaluate(
        "((runtime.config.publicDashboardAccessToken = 'x'),"
        " datasource.query({ range, targets: [{ refId: 'A', table: 'ok' }] }), calls.map((call) => Object.keys(call)))",
        hooks=HOOKS,
    )

    assert found == [["backend"]]


def test_hooks_may_change_a_query_and_bring_help(evaluate: Evaluate) -> None:
    """The hook sees the query with its variables filled in, and the one the user wrote."""
    hooks = {
        "hooks.js": "exports.applyTemplateVariables = (query, original) => ({ ...query, was: original.table });\n"
        "exports.QueryEditorHelp = () => null;\n"
    }
    found = evaluate(
        "[datasource.applyTemplateVariables({ refId: 'A', table: '$env' }, {}), Object.keys(plugin.components)]",
        hooks=hooks,
    )

    assert (found[0]["table"], found[0]["was"]) == ("prod", "$env")
    assert found[1] == ["ConfigEditor", "QueryEditor", "QueryEditorHelp"]


def test_grafana_13_is_told_what_may_not_be_saved(evaluate: Evaluate) -> None:
    """Its validation hook hears of every complaint by field, and of none when all is well."""
    found = evaluate(
        "[['', true], ['http://a', false]].map(([url, token]) => { const heard = []; let validate;"
        " const options = { url, jsonData: { timeout: token ? 0.5 : 1.5 }, secureJsonFields: { token } };"
        " plugin.components.ConfigEditor({ options, onOptionsChange() {}, validation: {"
        " registerValidation: (run) => { validate = run; }, setError: (name, text) => heard.push([name, text]),"
        " clearError: () => {} } }); return [validate(), heard]; })"
    )

    assert found == [
        [False, [["url", "API URL is required"], ["timeout", "Timeout must be at least 1"]]],
        [False, [["token", "API token is required"]]],
    ]
