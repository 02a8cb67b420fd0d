"""Ad hoc filters in the browser: Grafana's methods, requests to the plugin, and the filters of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from formless_source import Formless
from own_control_source import Showy

if TYPE_CHECKING:
    from linked_module import Evaluate

EU = "{ key: 'region', operator: '=', value: 'eu', origin: 'dashboard' }"


def test_only_a_source_that_lists_keys_has_the_ad_hoc_filter_methods(evaluate: Evaluate) -> None:
    """Grafana offers ad hoc filters if a data source has these methods."""
    methods = "['getTagKeys', 'getTagValues'].map((name) => typeof datasource[name])"

    assert evaluate(methods) == ["undefined", "undefined"]
    assert evaluate(methods, source=Showy) == ["function", "function"]


def test_filter_keys_are_requested_from_the_plugin(evaluate: Evaluate) -> None:
    """The request has the other filters, the time range, and the queries with filled variables."""
    answer, calls = evaluate(
        f"[await datasource.getTagKeys({{ filters: [{EU}], timeRange: range,"
        " queries: [{ refId: 'A', table: '$env' }] }), calls]",
        source=Showy,
    )
    (call,) = calls

    assert answer == [{"text": "a", "value": "a"}, {"text": "B", "value": "b"}]
    assert call["post"] == "gfplug/tag-keys"
    assert call["body"]["timeRange"] == {"from": 1000, "to": 2000}
    assert call["body"]["queries"][0]["table"] == "prod"
    assert call["body"]["filters"][0]["value"] == "eu"


def test_filter_keys_can_be_requested_without_arguments(evaluate: Evaluate) -> None:
    """Panels of other plugins send such a request."""
    (call,) = evaluate("(await datasource.getTagKeys(), calls)", source=Showy)

    assert call["body"] == {"filters": [], "queries": []}


def test_a_failed_request_for_values_is_returned_as_an_error(evaluate: Evaluate) -> None:
    """A failure does not become an empty list, which would mean that there are no choices."""
    answer, calls = evaluate("[await datasource.getTagValues({ key: 'a', filters: [] }), calls]", source=Showy)

    assert answer == {"data": [], "error": {"message": "no values"}}
    assert (calls[0]["post"], calls[0]["body"]["key"]) == ("gfplug/tag-values", "a")


def test_a_query_takes_the_dashboards_filters_along(evaluate: Evaluate) -> None:
    """Variables in the filters are filled in, also several values of one variable, and the query's filters stay."""
    several = "{ key: 'host', operator: '=|', value: '$hosts', values: ['$hosts', 'c'] }"
    (call,) = evaluate(
        f"(datasource.query({{ range, filters: [{EU}, {several}], targets: [{{ refId: 'A' }},"
        " { refId: 'B', adhocFilters: [{ key: 'x', operator: '=', value: '1' }] }] }), calls)",
        source=Showy,
    )
    first, second = call["backend"]

    assert first["adhocFilters"] == [
        {"key": "region", "operator": "=", "value": "eu"},
        {"key": "host", "operator": "=|", "value": "a,b", "values": ["a", "b", "c"]},
    ]
    assert second["adhocFilters"] == [{"key": "x", "operator": "=", "value": "1"}, *first["adhocFilters"]]


@pytest.mark.parametrize("source", [Showy, Formless])
def test_the_saved_query_of_a_panel_does_not_change(evaluate: Evaluate, source: type) -> None:
    """With and without a form a copy is sent: otherwise each refresh would add filters to the saved query."""
    target, counts = evaluate(
        f"((target) => {{ const ask = () => datasource.query({{ range, filters: [{EU}], targets: [target] }});"
        " ask(); ask(); return [target, calls.map((call) => call.backend[0].adhocFilters.length)]; })({ refId: 'A' })",
        source=source,
    )

    assert (target, counts) == ({"refId": "A"}, [1, 1])


def test_a_source_that_lists_no_keys_gets_no_filters(evaluate: Evaluate) -> None:
    """A source that lists no keys gets no filters, as it would not apply them."""
    ask = "(datasource.query({ range, filters: FILTERS, targets: [{ refId: 'A' }] }), calls)"
    without = evaluate(ask.replace("FILTERS", "[]"), source=Showy)
    other = evaluate(ask.replace("FILTERS", f"[{EU}]"))

    assert [call["backend"][0].get("adhocFilters") for call in (*without, *other)] == [None, None]


def test_the_editor_shows_filters_that_a_query_holds_and_removes_them(evaluate: Evaluate) -> None:
    """Otherwise a dashboard's query in Explore would have hidden filters."""
    several = "{ key: 'h', operator: '=|', value: 'a', values: ['a', 'b'] }"
    log, titles = evaluate(
        f"((log) => {{ const lists = [[{EU}, {several}], []]; const alerts = lists.map((adhocFilters) =>"
        " elements(plugin.components.QueryEditor({ datasource, query: { refId: 'A', table: 'x', adhocFilters },"
        " onChange: (query) => log.push(query), onRunQuery: () => log.push('run') }))"
        ".filter((each) => each.type === 'Alert')); alerts[0][0].props.onRemove();"
        " return [log, alerts.map((each) => each.map(({ props }) => props.title))]; })([])",
        source=Showy,
    )

    assert titles == [["Filtered by region = eu; h =| a, b"], []]
    assert log == [{"refId": "A", "table": "x"}, "run"]


def test_hooks_see_the_filters(evaluate: Evaluate) -> None:
    """Hooks that answer in the browser can apply the filters, as Python does."""
    hooks = "exports.query = (query) => Promise.resolve([{ fields: [{ name: 'f', values: query.adhocFilters }] }]);"
    (answer,) = evaluate(
        f"datasource.query({{ range, filters: [{EU}], targets: [{{ refId: 'A' }}] }}).values()",
        hooks=hooks,
        source=Showy,
    )

    assert answer["data"][0]["fields"][0]["values"] == [{"key": "region", "operator": "=", "value": "eu"}]
