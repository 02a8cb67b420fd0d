"""Queries of an older version of the plugin in the linked module.js: how they are migrated, sent and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aged_source import Aged

if TYPE_CHECKING:
    from linked_module import Evaluate

HOOKS = """
exports.query = (query) =>
  query.table === 'python' ? undefined : Promise.resolve([{ fields: [{ name: 'asked', values: [query] }] }]);
"""


@pytest.mark.parametrize(
    ("text", "is_sent"),
    [
        ("{ seconds: 60 }", True),
        ("{ table: '' }", False),
        ("{ table: 'a', minutes: null }", False),
        ("{ table: 'a', hide: true }", False),
        ("{}", True),
    ],
)
def test_an_old_query_can_lack_a_field_that_is_required_today(evaluate: Evaluate, text: str, *, is_sent: bool) -> None:
    """Python checks the migrated query; an empty required field in the old query is still incomplete."""
    assert evaluate(f"datasource.filterQuery({text})", source=Aged) is is_sent


def test_no_default_is_added_to_what_python_migrates(evaluate: Evaluate) -> None:
    """With today's version as default an old query would look current. Variables are filled in at any depth."""
    query_model = evaluate(
        "datasource.applyTemplateVariables({ refId: 'A', datasource: { uid: '$env' }, seconds: '$env',"
        " sql: \"x IN ($v)\", others: [{ deep: '${env}' }] }, { v: { value: ['a', 'b'], multi: true } })",
        source=Aged,
    )

    assert query_model == {
        "refId": "A",
        "datasource": {"uid": "$env"},
        "seconds": "prod",
        "sql": "x IN ('a','b')",
        "others": [{"deep": "prod"}],
    }


def test_a_new_query_has_the_current_version_and_all_defaults(evaluate: Evaluate) -> None:
    """A new query has all defaults, also the version."""
    assert evaluate("datasource.getDefaultQuery()", source=Aged) == {
        "table": "sales",
        "minutes": 5,
        "sql": "",
        "version": 2,
    }


def test_hooks_get_migrated_queries(evaluate: Evaluate) -> None:
    """Hooks get migrated queries with defaults; Python gets the saved form if a hook or the migration skips it."""
    packets, calls = evaluate(
        "[await datasource.query({ range, scopedVars: {}, targets: ["
        "{ refId: 'A', table: '$env', seconds: 120 }, { refId: 'B', table: 'python', seconds: 60 },"
        " { refId: 'C', table: 'ok', seconds: 'x' }, { refId: 'D', minutes: 7, version: 2 }] }).values(), calls]",
        source=Aged,
        hooks=HOOKS,
    )
    queries: dict[str, Any] = {each["key"]: each["data"][0]["fields"][0]["values"][0] for each in packets if "key" in each and each["key"] != "backend"}  # fmt: skip  # noqa: E501

    assert queries == {
        "A": {"refId": "A", "table": "prod", "minutes": 2, "sql": "", "version": 2},
        "D": {"refId": "D", "table": "sales", "minutes": 7, "sql": "", "version": 2},
    }
    assert [call["backend"] for call in calls if "backend" in call] == [
        [{"refId": "B", "table": "python", "seconds": 60}, {"refId": "C", "table": "ok", "seconds": "x"}]
    ]


def test_a_query_is_migrated_for_hooks_only_once(evaluate: Evaluate) -> None:
    """Refreshes and other ref ids send no further migrate request; a failed one is sent again."""
    urls = evaluate(
        "(async () => { const asked = [['A', 60], ['A', 60], ['B', 60], ['A', 120], ['A', 'x'], ['A', 'x']];"
        " for (const [refId, seconds] of asked) {"
        " await datasource.query({ range, scopedVars: {}, targets: [{ refId, seconds }] }).values(); }"
        " return calls.flatMap(({ fetch }) => (fetch ? [[fetch.method, fetch.url, fetch.data.query.seconds]] : []));"
        " })()",
        source=Aged,
        hooks=HOOKS,
    )

    assert urls == [
        ["POST", "/api/datasources/uid/u1/resources/gfplug/migrate", seconds] for seconds in (60, 120, "x", "x")
    ]


@pytest.mark.parametrize("hooks", ["", HOOKS])
def test_alert_rules_send_no_migrate_request(evaluate: Evaluate, hooks: str) -> None:
    """A panel without hooks sends no migrate request, either, as Python migrates its queries."""
    calls = evaluate(
        "[datasource.query({ app: 'unified-alerting', range, scopedVars: {}, targets: [{ refId: 'A', seconds: 60 }] }),"
        " calls][1]",
        source=Aged,
        hooks=hooks,
    )

    assert calls == [{"backend": [{"refId": "A", "seconds": 60}]}]


OLD_EDITOR = "elements(plugin.components.QueryEditor({ datasource, query: { refId: 'A', table: 'a', seconds: 60 } }))"


def test_an_editor_sends_a_migrate_request_when_it_opens(evaluate: Evaluate) -> None:
    """The answer is cached by the request."""
    calls = evaluate(
        f"(async () => {{ {OLD_EDITOR}; await new Promise((done) => setTimeout(done)); return calls; }})()", source=Aged
    )

    assert [call["state"]["values"] for call in calls if "values" in call.get("state", {})] == [
        {"table": "a", "minutes": 1, "version": 2, "refId": "A"}
    ]


def test_an_editor_is_disabled_until_python_has_answered(evaluate: Evaluate) -> None:
    """The values that it shows until then may have another meaning today."""
    control = "find(({ props }) => props.id === 'gf-query-A-table').props.disabled"

    assert evaluate(f"{OLD_EDITOR}.{control}", source=Aged) is True


def test_editors_of_classes_without_migrate_send_no_migrate_request(evaluate: Evaluate) -> None:
    """These editors belong to classes without `migrate`."""
    calls = evaluate(
        "(elements(plugin.components.QueryEditor({ datasource, query: { refId: 'A' } })),"
        " elements(plugin.components.ConfigEditor({ options: { url: '', uid: 'u1', jsonData: { timeout: 3 } } })),"
        " calls)"
    )

    assert [call for call in calls if isinstance(call, dict) and "fetch" in call] == []


def test_a_variables_query_gets_no_default_before_it_is_migrated(evaluate: Evaluate) -> None:
    """The query is sent in its saved form, with the type that tells Python its model."""
    queries = evaluate(
        "(datasource.variables.query({ targets: [{ refId: 'V', list: '$env' }, ''] }),"
        " calls.flatMap((call) => call.backend ?? []))",
        source=Aged,
    )

    assert queries == [
        {"refId": "V", "list": "prod", "queryType": "variable"},
        {"refId": "variable", "queryType": "variable"},
    ]
