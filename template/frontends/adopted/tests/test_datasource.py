"""Test the data source with queries as Grafana sends them."""

from gfruntime.testing import ask, query, settings
from plugin.datasource import Datasource


def test_a_query_returns_its_time_range() -> None:
    """The frame begins and ends with the range."""
    example = query({"anything": "that the query editor stores"})

    (frame,) = ask(Datasource(settings({})), example)

    assert frame["time"].to_list() == [example.time_range.start, example.time_range.end]


def test_save_and_test_succeeds() -> None:
    """The backend needs no other system yet."""
    assert Datasource(settings({})).check_health().status == "ok"
