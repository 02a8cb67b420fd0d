"""hooks.js in the linked module.js: queries that it answers in the browser, and queries that it leaves to Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from row_source import Wide

from gfplug import resources

if TYPE_CHECKING:
    from linked_module import Evaluate

HOOKS = """
const { sum } = require('lodash');
const rows = (data) => [{ fields: [{ name: 'value', values: [...data.rows, sum(data.rows)] }] }];
exports.query = (query, context) => {
  if (query.table === 'python') { return undefined; }
  if (query.table === 'throws') { throw new Error('at once'); }
  if (query.table === 'fails') { return Promise.reject({ status: 404, data: { message: 'no such table' } }); }
  return context.fetch('/api/v1/' + query.table, { params: { from: context.from } }).then(rows);
};
"""
TEMPLATE = (resources.folder("template") / "project/frontend/hooks.js").read_text(encoding="utf-8")
ASK = """datasource.query({ range, scopedVars: {}, targets: [{ refId: 'A', table: 'ok' }] }).values()"""


def test_hooks_answer_in_the_browser_through_the_data_source_proxy(evaluate: Evaluate) -> None:
    """Variables are filled in first; the request goes to the proxy, which adds the secrets."""
    answer = evaluate(
        "[await datasource.query({ requestId: 'Q1', range, scopedVars: {}, targets: [{ refId: 'A', table: '$env' }] })"
        ".values(), calls]",
        hooks=HOOKS,
    )

    assert answer[0] == [
        {
            "key": "A",
            "state": "Done",
            "data": [{"fields": [{"name": "value", "values": [1, 2, 3]}], "length": 3, "refId": "A"}],
        }
    ]
    assert answer[1] == [
        {
            "fetch": {
                "method": "GET",
                "showErrorAlert": False,
                "params": {"from": 1000},
                "url": "/api/datasources/proxy/uid/u1/api/v1/prod",
                "abortSignal": {},  # no requestId: Grafana would end all requests but the last
            }
        }
    ]


def test_a_query_that_a_hook_does_not_answer_goes_to_python(evaluate: Evaluate) -> None:
    """`undefined` leaves the query to Python; a failing hook is an error of its query only."""
    responses, calls = evaluate(
        "[await datasource.query({ range, scopedVars: {}, targets: ['python', 'throws', 'fails', 'ok']"
        ".map((table, index) => ({ refId: 'ABCD'[index], table })) }).values(), calls]",
        hooks=HOOKS,
    )
    by_key = {response["key"]: response for response in responses}

    assert [target["refId"] for call in calls for target in call.get("backend", [])] == ["A"]
    assert by_key["B"]["errors"] == [{"refId": "B", "message": "at once"}]
    assert by_key["C"]["errors"] == [{"refId": "C", "status": 404, "message": "no such table"}]
    assert set(by_key) == {"backend", "B", "C", "D"}
    assert sorted(response["state"] for response in responses) == ["Error", "Loading", "Loading", "Loading"]


@pytest.mark.parametrize(("hooks", "count"), [(HOOKS, 0), ("throw new Error('broken');", 1)], ids=["good", "broken"])
def test_hooks_get_no_queries_of_own_forms_or_alert_rules(evaluate: Evaluate, hooks: str, count: int) -> None:
    """Python always answers variables and annotations with own forms, and alert rules."""
    ref_ids = evaluate(
        "(datasource.query({ range, scopedVars: {}, targets: [{ refId: 'V', queryType: 'variable' }] }),"
        " datasource.query({ range, scopedVars: {}, app: 'unified-alerting', targets: [{ refId: 'A', table: 'ok' }] }),"
        " [complaints.length, ...calls.flatMap((call) => call.backend.map((target) => target.refId))])",
        hooks=hooks,
        source=Wide,
    )

    assert ref_ids == [count, "V", "A"]


def test_a_public_dashboard_asks_python_alone(evaluate: Evaluate) -> None:
    """Visitors of a public dashboard have no data source proxy."""
    calls = evaluate(
        "((runtime.config.publicDashboardAccessToken = 'x'),"
        " datasource.query({ range, targets: [{ refId: 'A', table: 'ok' }] }), calls.map((call) => Object.keys(call)))",
        hooks=HOOKS,
    )

    assert calls == [["backend"]]


def test_hooks_may_change_a_query_and_add_help(evaluate: Evaluate) -> None:
    """The hook gets the query with its variables filled in, and the query that the user wrote."""
    hooks = (
        "exports.applyTemplateVariables = (query, original) => ({ ...query, was: original.table });\n"
        "exports.QueryEditorHelp = () => null;\n"
    )
    query = evaluate(
        "[datasource.applyTemplateVariables({ refId: 'A', table: '$env' }, {}), Object.keys(plugin.components)]",
        hooks=hooks,
    )

    assert (query[0]["table"], query[0]["was"]) == ("prod", "$env")
    assert query[1] == ["ConfigEditor", "QueryEditor", "QueryEditorHelp"]


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ("exports.QueryEditorHelp = () => null;\nthrow new Error('no such thing');", "no such thing"),
        ("throw 'a text';", "a text"),
        ("missing.exports = {};", "missing is not defined"),
        ("exports.query = 'sales';", "exports.query is not a function"),
        ("exports.applyTemplateVariables = {};", "exports.applyTemplateVariables is not a function"),
        ("exports.getDefaultLinks = [];", "exports.getDefaultLinks is not a function"),
        ("module.exports = null;", "Cannot read properties of null (reading 'query')"),
        (
            "const name = 'lodash';\nrequire(name);",
            "the build did not see that the package 'lodash' is needed: write its name as one text",
        ),
        (
            "require('ax' + 'ios');",
            "the build did not see that the package 'axios' is needed: write its name as one text",
        ),
    ],
)
def test_hooks_that_fail_while_loading_are_reported_and_the_editors_work(
    evaluate: Evaluate, hooks: str, reason: str
) -> None:
    """The console names the file; a panel shows the failure, not an answer from Python."""
    editors, complaints, (answer,), calls = evaluate(
        "[[Object.keys(plugin.components), elements(plugin.components.ConfigEditor("
        "{ options: { jsonData: {} }, onOptionsChange() {} })).length > 5],"
        f" complaints, await {ASK}, calls]",
        hooks=hooks,
    )
    sentence = f"frontend/hooks.js failed while it was loaded: {reason}"

    assert editors == [["ConfigEditor", "QueryEditor"], True]
    assert len(complaints) == 1
    assert complaints[0].startswith("frontend/hooks.js of acme-sales-datasource failed while it was loaded: ")
    assert reason in complaints[0]
    assert answer == {
        "key": "A",
        "state": "Error",
        "data": [],
        "errors": [{"refId": "A", "message": sentence}],
    }
    assert calls == []


def test_a_source_has_default_variables_and_links_only_where_the_hooks_have_them(evaluate: Evaluate) -> None:
    """Grafana 13 checks for the methods; each gets the data source."""
    names = "['getDefaultVariables', 'getDefaultLinks'].map((name) => typeof datasource[name])"
    hooks = "exports.getDefaultLinks = async (datasource) => [{ title: datasource.uid }];"

    assert evaluate(names) == ["undefined", "undefined"]
    assert evaluate(names, hooks=hooks) == ["undefined", "function"]
    assert evaluate("await datasource.getDefaultLinks()", hooks=hooks) == [{"title": "u1"}]


def test_the_templates_hooks_do_nothing(evaluate: Evaluate) -> None:
    """With the unchanged file, Python answers every query."""
    (answer,), components, calls = evaluate(
        f"[await {ASK}, Object.keys(plugin.components), calls.map((call) => Object.keys(call))]", hooks=TEMPLATE
    )

    assert answer == {"data": [{"refId": "A"}]}
    assert components == ["ConfigEditor", "QueryEditor"]
    assert calls == [["backend"]]


def test_the_commented_examples_in_the_templates_hooks_work(evaluate: Evaluate) -> None:
    """Without its comment marks, each example does what the line above it says."""
    examples = re.sub(r"^//   ", "", TEMPLATE, flags=re.MULTILINE)
    (answer,), help_, is_filled_in, calls = evaluate(
        f"[await {ASK}, plugin.components.QueryEditorHelp(),"
        " datasource.applyTemplateVariables({ refId: 'A' }, {}).isFilledIn, calls]",
        hooks=examples,
    )

    assert answer["data"][0]["fields"] == [
        {"name": "time", "type": "time", "values": [1767225600000]},
        {"name": "value", "type": "number", "values": [7]},
    ]
    assert help_["type"] == "p"
    assert is_filled_in is True
    assert calls[0]["fetch"]["params"] == {"from": 1000, "to": 2000}
