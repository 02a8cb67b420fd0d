"""Fields that a form hides have no bounds: their values become the defaults."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Literal

import pytest
from boundmodels import Window, decode, refusal

from gfruntime.author.ui import Ui
from gfruntime.calls import decoding


@dataclass(frozen=True)
class Hiding:
    """Fields that are shown under conditions."""

    mode: Literal["one", "many"] = "one"
    is_wide: bool = False
    series: Annotated[int, Ui(maximum=100, show_if={"mode": ["many"]})] = 1
    table: Annotated[str, Ui(required=True, show_if={"mode": ["many"]})] = ""
    kind: Annotated[Literal["sum", "mean"], Ui(show_if={"is_wide": [True]})] = "sum"
    window: Annotated[Window, Ui(show_if={"mode": ["many"]})] = field(default_factory=Window)


@dataclass(frozen=True)
class Row:
    """A row whose fields are shown depending on the row's other fields."""

    mode: Literal["one", "many"] = "one"
    size: Annotated[int, Ui(maximum=9, show_if={"mode": ["many"]})] = 1


@pytest.mark.parametrize("series", [101, 30_000_000, "30000000", "x", 1.5])
def test_a_hidden_field_out_of_bounds_gets_its_default(series: object) -> None:
    """The user can't see the field, and the author's code never gets the value."""
    assert decode({"series": series}, Hiding) == Hiding()
    assert "series" in refusal({"series": series, "mode": "many", "table": "t"}, Hiding)


def test_a_hidden_field_is_not_required_and_a_shown_one_is() -> None:
    """The editor asks only for fields that it shows."""
    assert decode({"table": ""}, Hiding) == Hiding()
    assert refusal({"mode": "many"}, Hiding) == "field 'table': it is empty, and a value is required"


def test_fields_can_be_hidden_in_choices_sections_and_rows() -> None:
    """Choices, sections and rows can be hidden; a value in bounds stays, hidden or not."""
    rows = make_dataclass("Model", [("rows", list[Row], field(default_factory=list))])

    assert decode({"kind": "old", "window": {"size": 99}, "series": 50}, Hiding) == Hiding(series=50)
    assert decode({"kind": "old", "window": {"unit": "h", "size": 2}}, Hiding).window == Window(size=2)
    assert refusal({"kind": "old", "is_wide": True}, Hiding) == "field 'kind': 'old' is not one of 'sum', 'mean'"
    assert decode({"rows": [{"size": 99}, {"size": 3}]}, rows).rows == [Row(), Row(size=3)]
    assert refusal({"rows": [{"size": 9}, {"size": 99, "mode": "many"}]}, rows).startswith("field 'rows[1].size': 99")


def test_decoding_does_not_change_its_input() -> None:
    """Hidden fields are removed from a copy."""
    rows = make_dataclass("Model", [("rows", list[Row], field(default_factory=list))])
    values = {"rows": [{"size": 99}, {"size": 3}, {"size": "x"}]}

    assert decoding.decode(rows, values, "the query").rows == [Row(), Row(size=3), Row()]
    assert values == {"rows": [{"size": 99}, {"size": 3}, {"size": "x"}]}


@pytest.mark.slow
def test_removing_hidden_values_takes_linear_time() -> None:
    """A hundred thousand hidden values take seconds."""
    rows = make_dataclass("Model", [("rows", list[Row], field(default_factory=list))])
    began = time.thread_time()

    assert decode({"rows": [{"size": 99}] * 100_000}, rows).rows[-1] == Row()
    assert time.thread_time() - began < 20


def test_many_rows_that_do_not_fit_are_refused_quickly() -> None:
    """Whether a field is hidden is not evaluated again for each of a million rows."""
    rows = make_dataclass("Model", [("rows", list[Row], field(default_factory=list))])
    began = time.monotonic()

    assert "rows[" in refusal({"rows": [{"size": "x"}] * 20_000}, rows)
    assert time.monotonic() - began < 10
