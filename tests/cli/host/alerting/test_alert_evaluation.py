"""Responses of every shape through reduce and threshold: the result of Grafana's alert engine, case by case."""

from typing import Any

import pytest

from gfplug.errors import UsageError
from gfplug.host.alerting import Comparison, Reduction, evaluate

NAN = {"NaN": True}
INF = {"Inf": True}


def column(name: str, exact: str, values: list[Any], *, nullable: bool = True, **labels: str) -> tuple[Any, ...]:
    """Describe a field."""
    return name, exact, values, nullable, labels


def time(*values: int | None, nullable: bool = False) -> tuple[Any, ...]:
    """Describe a time field."""
    return column("time", "time.Time", list(values), nullable=nullable)


def number(*values: Any, name: str = "value", **labels: str) -> tuple[Any, ...]:
    """Describe a field of floats."""
    return name, "float64", list(values), True, labels


def text(name: str, *values: str | None) -> tuple[Any, ...]:
    """Describe a field of texts."""
    return column(name, "string", list(values))


def frame(*columns: tuple[Any, ...], type: str = "", version: tuple[int, int] = (0, 1)) -> dict[str, Any]:  # noqa: A002 - Grafana's word
    """Build a frame in Grafana's JSON; values that JSON lacks are entities."""
    fields, values, entities = [], [], []
    for name, exact, raw, nullable, labels in columns:
        info = {"frame": exact, **({"nullable": True} if nullable else {})}
        fields.append({"name": name, "typeInfo": info, **({"labels": labels} if labels else {})})
        special: dict[str, list[int]] = {}
        for row, value in enumerate(raw):
            if isinstance(value, dict):
                special.setdefault(next(iter(value)), []).append(row)
        values.append([None if isinstance(value, dict) else value for value in raw])
        entities.append(special or None)
    meta = {"meta": {"type": type, "typeVersion": list(version)}} if type else {}
    return {"schema": {"fields": fields, **meta}, "data": {"values": values, "entities": entities}}


def wide(*values: Any, **labels: str) -> list[dict[str, Any]]:
    """Build a response of one series in the contract's form, at the times 1, 2 and so on."""
    return [frame(time(*range(1, len(values) + 1)), number(*values, **labels), type="timeseries-wide")]


def multi(kind: str, *columns: tuple[Any, ...], times: bool = True) -> list[dict[str, Any]]:
    """Build a response with one frame for each column."""
    return [frame(*([time(1)] if times else []), column, type=kind) for column in columns]


def in_mode(mode: str, reducer: str = "mean", replacement: float = 0.0) -> Reduction:
    """Build a reduce step in a mode."""
    return Reduction(reducer=reducer, mode=mode, replacement=replacement)


LAST, MEAN = Reduction(reducer="last"), Reduction(reducer="mean")
DROP, REPLACE = "dropNN", "replaceNN"
FIRES, NORMAL, NONE = "would fire", "would not fire", "would be without data"
WIDE, MULTI, LONG = "timeseries-wide", "timeseries-multi", "timeseries-long"
N_WIDE, N_MULTI, N_LONG = "numeric-wide", "numeric-multi", "numeric-long"
NOT_REDUCED = "only reduced data can be alerted on"
DUPLICATE = "duplicate results with labels"

A_AND_B = number(5, host="a"), number(0, host="b")
A_FIRES = {"host=a": FIRES, "host=b": NORMAL}
HOSTS = text("host", "a", "b")

CASES: dict[str, tuple[list[dict[str, Any]], Reduction | None, Any]] = {
    # cases without data
    "no frames": ([], LAST, [NONE]),
    "a frame without fields": ([frame()], LAST, [NONE]),
    "the contract's no data": ([frame(type=WIDE)], LAST, [NONE]),
    "no data of numbers": ([frame(type=N_LONG)], None, [NONE]),
    # time series in the contract's form
    "wide": (wide(0, 5), LAST, [FIRES]),
    "wide, below": (wide(5, 0), LAST, [NORMAL]),
    "wide, two series": ([frame(time(1), *A_AND_B, type=WIDE)], LAST, A_FIRES),
    "wide without labels, twice": ([frame(time(1), number(0), number(5, name="x"), type=WIDE)], LAST, DUPLICATE),
    "wide not reduced": (wide(5), None, NOT_REDUCED),
    "wide with nullable time": ([frame(time(1, nullable=True), number(5), type=WIDE)], LAST, "missing a []time.Time"),
    "wide without numbers": ([frame(time(1), text("a", "b"), type=WIDE)], LAST, "missing a numeric value field"),
    "wide with a text column": ([frame(time(1), number(5), text("a", "b"), type=WIDE)], LAST, [FIRES]),
    "wide with bool, which is 1": ([frame(time(1), column("up", "bool", [True]), type=WIDE)], LAST, [NORMAL]),
    "wide, second frame passed over": (wide(5) + wide(0, host="b"), LAST, [FIRES]),
    "wide without rows": (wide(), LAST, [NORMAL]),
    "multi": (multi(MULTI, *A_AND_B), LAST, A_FIRES),
    "multi, only the first value": ([frame(time(1), number(0), number(5, name="x"), type=MULTI)], LAST, [NORMAL]),
    "multi, a frame of no type": (multi(MULTI, number(5)) + multi("", number(5, host="b")), LAST, {"": FIRES}),
    "multi with an empty frame": ([*multi(MULTI, number(5)), frame(type=MULTI)], LAST, "zero or null fields"),
    "long": (
        [frame(time(1, 1, 2, 2), text("host", "a", "b", "a", "b"), number(0, 0, 5, 0), type=LONG)],
        LAST,
        A_FIRES,
    ),
    "long with a null text": ([frame(time(1), text("host", None), number(5), type=LONG)], LAST, {"host=": FIRES}),
    "long, two values of one name": (
        [frame(time(1), text("host", "a"), number(5), number(0), type=LONG)],
        LAST,
        "duplicate data points in metric value",
    ),
    "long, two texts of one name: the later counts": (
        [frame(time(1, 2), text("host", "a", "b"), text("host", "c", "c"), number(0, 5), type=LONG)],
        LAST,
        {"host=c": FIRES},
    ),
    # numbers in the contract's form
    "numeric wide": ([frame(number(5, host="a"), type=N_WIDE)], None, {"host=a": FIRES}),
    "numeric wide, two rows": ([frame(number(5, 6), type=N_WIDE)], None, [NONE]),
    "numeric multi": (multi(N_MULTI, *A_AND_B, times=False), None, A_FIRES),
    "numeric multi, another type": ([frame(number(5), type=N_MULTI), frame(number(0))], None, "wrong type"),
    "numeric long": ([frame(HOSTS, number(5, 0), type=N_LONG)], None, A_FIRES),
    "numeric long, one label twice": ([frame(text("host", "a", "a"), number(5, 0), type=N_LONG)], None, DUPLICATE),
    "numeric long, null": ([frame(text("host", "a"), number(None), type=N_LONG)], None, [NONE]),
    "numbers need no reduce": ([frame(number(5), type=N_WIDE)], LAST, [FIRES]),
    # recognised by their shape
    "a table of text and number": ([frame(HOSTS, number(5, 0))], None, A_FIRES),
    "a table's null is NaN, and is compared": ([frame(text("host", "a"), number(None))], None, [NORMAL]),
    "a table without rows": ([frame(text("host"), number())], None, [NONE]),
    "a table of two numbers": ([frame(number(5), number(0, name="x"))], None, "got type not"),
    "only text": ([frame(text("host", "a"))], None, "got type not"),
    "only time": ([frame(time(1))], LAST, "got type not"),
    "time and text": ([frame(time(1), text("host", "a"), number(5))], LAST, "got type long"),
    "time and bool": ([frame(time(1), number(5), column("up", "bool", [True]))], LAST, "got type long"),
    "time and number": ([frame(time(1, 2), number(0, 5))], LAST, [FIRES]),
    "several wide frames": ([frame(time(at), each) for at, each in enumerate(A_AND_B, 1)], LAST, A_FIRES),
    "several frames, one of text": ([frame(time(1), number(5)), frame(text("a", "b"))], LAST, "got type not"),
    "a null time": ([frame(time(1, None, nullable=True), number(5, 6))], LAST, "null time stamps"),
    "a second time": ([frame(time(1), column("t2", "time.Time", [1]), number(5))], LAST, "no float64 value column"),
    "integers without rows": ([frame(time(), column("n", "int64", []))], LAST, "no float64 value column"),
    "integers": ([frame(time(1), column("n", "int64", [5]))], LAST, [FIRES]),
    "version 0.0 is by shape": (
        [frame(time(1), text("host", "a"), number(5), type=LONG, version=(0, 0))],
        LAST,
        "got type long",
    ),
    "a type that no rule reads": (
        [frame(time(1), text("body", "x"), type="log-lines", version=(0, 0))],
        LAST,
        "got type not",
    ),
    # cases with a reduce step
    "strict mean of a null": (wide(5, None), MEAN, [NORMAL]),
    "last null": (wide(5, None), LAST, [NONE]),
    "last after a null": (wide(None, 5), LAST, [FIRES]),
    "drop null": (wide(5, None), in_mode(DROP), [FIRES]),
    "drop NaN and Inf": (wide(5, NAN, INF), in_mode(DROP, "max"), [FIRES]),
    "drop everything": (wide(None), in_mode(DROP), [NONE]),
    "sum of nothing dropped": (wide(None), in_mode(DROP, "sum"), [NORMAL]),
    "count of nothing dropped": (wide(None), in_mode(DROP, "count"), [NORMAL]),
    "replace null": (wide(0, None), in_mode(REPLACE, "max", 9), [FIRES]),
    "replace for an empty series": (wide(), in_mode(REPLACE, replacement=9), [FIRES]),
    "count counts nulls": (wide(None, None), Reduction(reducer="count"), [FIRES]),
    "median": (wide(0, 0, 4, 9), Reduction(reducer="median"), [FIRES]),
    "Inf is above": (wide(INF), LAST, [FIRES]),
}
ABOVE_ONE = Comparison(operator="gt", bounds=(1.0,))


@pytest.mark.parametrize("case", CASES)
def test_a_response_gives_grafanas_alert_states(case: str) -> None:
    """Each case has a response, an optional reduce step, and the states by label set, or a part of the error."""
    frames, reduction, expected = CASES[case]
    outcome = evaluate(frames, reduction, ABOVE_ONE)

    if isinstance(expected, str):
        assert expected in outcome.error
        assert outcome.hint
    else:
        assert outcome.error == ""
        states = {", ".join(f"{k}={v}" for k, v in each.labels.items()): each.state.value for each in outcome.instances}
        assert (states if isinstance(expected, dict) else list(states.values())) == expected


@pytest.mark.parametrize(
    ("reducer", "values", "expected"),
    [
        ("sum", [1, 2], 3),
        ("min", [3, 1], 1),
        ("max", [3, 1], 3),
        ("sum", [], 0),
        ("count", [], 0),
        ("median", [1, 9], 5),
    ],
)
def test_each_reducer_gives_its_number(reducer: str, values: list[float | None], expected: float) -> None:
    """In strict mode, an empty series is tried as well."""
    assert Reduction(reducer=reducer).apply(values) == expected


def test_nan_without_a_threshold_fires() -> None:
    """If the query is the condition, any value except 0 alerts, and so does NaN."""
    assert [each.state.value for each in evaluate(wide(5, None), MEAN, None).instances] == [FIRES]


@pytest.mark.parametrize(
    ("operator", "bounds", "fires"),
    [
        ("gt", (5,), False), ("gte", (5,), True), ("lt", (5,), False), ("lte", (5,), True), ("eq", (5,), True),
        ("ne", (5,), False), ("within_range", (5, 9), False), ("within_range_included", (5, 9), True),
        ("outside_range", (5, 9), False), ("outside_range_included", (5, 9), True),
    ],
)  # fmt: skip
def test_a_threshold_includes_its_limit_if_its_name_says_so(
    operator: str, bounds: tuple[float, ...], *, fires: bool
) -> None:
    """Thresholds with "equal" or "included" in their names include the limit."""
    assert bool(Comparison(operator=operator, bounds=bounds).apply(5.0)) is fires


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reduction(reducer="avg"),
        lambda: Reduction(reducer="mean", mode="loose"),
        lambda: Comparison(operator="above", bounds=(1,)),
        lambda: Comparison(operator="within_range", bounds=(1,)),
    ],
)
def test_an_unknown_reducer_or_threshold_is_refused(make: Any) -> None:
    """The error lists the names that Grafana has."""
    with pytest.raises(UsageError):
        make()


DAYS = text("day", "2026-01-01", "2026-01-02")
SECONDS = column("time", "int64", [1_767_225_600, 1_767_229_200])


@pytest.mark.parametrize(
    ("frames", "mistake"),
    [
        ([frame(DAYS, number(5, 0), type=N_LONG)], "would fire, as one alert for each row: 'day' holds texts"),
        ([frame(DAYS, number(0, 0), type=N_LONG)], "would not fire, as one alert for each row: 'day' holds texts"),
        ([frame(DAYS, HOSTS, number(5, 0))], "would fire, as one alert for each row: 'day' holds texts"),
    ],
)
def test_an_unintended_alert_for_each_row_gets_a_hint(frames: list[dict[str, Any]], mistake: str) -> None:
    """If times are texts, each row becomes an alert: the result says so, and shows the correct code."""
    result = evaluate(frames, LAST, Comparison(operator="gt", bounds=(1,)))

    assert result.mistake == mistake
    assert result.instances
    assert "Frame.from_records(rows, time='day')" in result.hint


@pytest.mark.parametrize(
    "frames",
    [
        [frame(SECONDS, number(5, 0))],
        [frame(SECONDS, HOSTS, number(5, 0), type=N_LONG)],
        [frame(DAYS, number(5, 0), number(5, 0, name="x"))],
        [frame(DAYS, number(5, 0)), frame(DAYS, number(5, 0))],
    ],
)
def test_an_error_because_of_a_text_time_column_names_the_column(frames: list[dict[str, Any]]) -> None:
    """Grafana's error does not name it; the hint says which column is not a time."""
    result = evaluate(frames, LAST, Comparison(operator="gt", bounds=(1,)))

    assert result.error
    assert "not times: write Frame.from_records(rows, time=" in result.hint


def test_texts_beside_a_time_column_get_no_hint() -> None:
    """Such texts are labels of series, or cells of a table."""
    frames = [frame(time(1, 2), DAYS, number(5, 0), type=LONG)]

    assert not evaluate(frames, LAST, Comparison(operator="gt", bounds=(1,))).mistake
