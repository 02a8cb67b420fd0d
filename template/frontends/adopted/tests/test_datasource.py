"""The data source, asked as Grafana asks it."""

from gfruntime.testing import ask, query, settings
from plugin.datasource import Datasource


def test_a_query_is_answered_for_its_range() -> None:
    """The frame spans what was asked."""
    asked = query({"anything": "that the query editor stores"})

    (frame,) = ask(Datasource(settings({})), asked)

    assert frame["time"].to_list() == [asked.time_range.start, asked.time_range.end]


def test_save_and_test_finds_the_backend() -> None:
    """Nothing has to be reached yet."""
    assert Datasource(settings({})).check_health().status == "ok"
