"""hooks.js in the linked module.js: what it answers in the browser, and what it leaves to Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everything import Wide

if TYPE_CHECKING:
    from everything import Evaluate

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
