"""Parameters that are filled with the panel's time range."""

from typing import Any

import pytest
from small_descriptions import describe, get, operation, parameters, query

DATE_TIME = {"type": "string", "format": "date-time"}
DATE = {"type": "string", "format": "date"}
SECONDS = {"type": "integer", "format": "unix-time"}


def bounds(*nodes: Any) -> dict[str, str]:
    """Map parameter names to `start` or `end`: the bound of the time range that each one sets."""
    return {parameter.name: parameter.bound for parameter in parameters(*nodes) if parameter.bound}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("from", "to"),
        ("since", "until"),
        ("start", "end"),
        ("startTime", "endTime"),
        ("starttime", "endtime"),
        ("start_date", "end_date"),
        ("date_from", "date_to"),
        ("time[gte]", "time[lte]"),
        ("created_after", "created_before"),
        ("min_timestamp", "max_timestamp"),
        ("startDateTime", "endDateTime"),
    ],
)
@pytest.mark.parametrize(("schema", "wire"), [(DATE_TIME, "rfc3339"), (DATE, "date"), (SECONDS, "seconds")])
def test_range_parameters_are_recognised_by_their_names(start: str, end: str, schema: Any, wire: str) -> None:
    """Each format of a time is tried."""
    fields = parameters(query(start, schema), query(end, schema))

    assert [(parameter.bound, parameter.type.wire) for parameter in fields] == [("start", wire), ("end", wire)]


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("from", {"type": "integer"}),
        ("from", {"type": "string"}),
        ("start", {"type": "string", "description": "An ISO 8601 duration"}),
        ("updated", DATE_TIME),
        ("start_end", DATE_TIME),
        ("since", {"type": "array", "items": DATE_TIME}),
        ("from", {"type": "string", "enum": ["2024-01-01", "2025-01-01"], "format": "date"}),
    ],
)
def test_a_parameter_that_is_not_a_time_is_not_bound(name: str, schema: Any) -> None:
    """For example, `from` may be an offset or an address."""
    assert bounds(query(name, schema)) == {}


@pytest.mark.parametrize(
    "node",
    [
        query("since", description="Only newer ones, in ISO 8601 format"),
        query("since", description="RFC3339 time"),
        query("since", example="2024-05-01T00:00:00Z"),
    ],
)
def test_a_text_is_a_time_if_its_description_says_so(node: Any) -> None:
    """An example of a time also counts."""
    (parameter,) = parameters(node)

    assert (parameter.bound, parameter.type.kind, parameter.type.wire) == ("start", "time", "rfc3339")


def test_only_one_pair_is_bound_and_a_complete_pair_is_preferred() -> None:
    """Two filters at once would hide rows."""
    names = ("updated_after", "created_after", "created_before", "updated_since")

    assert bounds(*(query(name, DATE_TIME) for name in names)) == {"created_after": "start", "created_before": "end"}
    assert bounds(query("created_since", DATE_TIME), query("since", DATE_TIME)) == {"since": "start"}


def test_a_filter_by_another_time_is_not_bound() -> None:
    """It would hide rows."""
    others = ("run_gte", "run_lte", "expires_before", "last_used_after", "subscription_start_date", "updated_since")
    created = ("created_gte", "created_lte")

    assert bounds(*(query(name, DATE_TIME) for name in others)) == {}
    assert bounds(*(query(name, DATE_TIME) for name in (*others, *created))) == {
        "created_gte": "start",
        "created_lte": "end",
    }


def test_comparisons_are_preferred_to_exact_times() -> None:
    """In Twilio's API a plain `StartTime` is an exact time; filters by an end time come later, too."""
    twilio = ("StartTime", "StartTime<", "StartTime>", "EndTime", "EndTime<", "EndTime>")
    filters = ("start_date_gte", "start_date_lte", "end_date_gte", "end_date_lte")

    assert bounds(*(query(name, DATE_TIME) for name in twilio)) == {"StartTime<": "end", "StartTime>": "start"}
    assert bounds(*(query(name, DATE_TIME) for name in filters)) == {"start_date_gte": "start", "start_date_lte": "end"}


def test_an_inclusive_end_is_preferred() -> None:
    """`gte` comes before `gt`."""
    names = ("created[gt]", "created[gte]", "created[lt]", "created[lte]")

    assert bounds(*(query(name, SECONDS) for name in names)) == {"created[gte]": "start", "created[lte]": "end"}


def test_a_text_described_as_unix_time_is_a_time() -> None:
    """It is sent as digits."""
    fields = parameters(
        query("start", description="UNIX timestamp to start from"), query("end", description="Unix time in ms")
    )

    assert [(parameter.bound, parameter.type.wire) for parameter in fields] == [
        ("start", "seconds"),
        ("end", "milliseconds"),
    ]


@pytest.mark.parametrize(
    ("example", "wire"), [("1620683817", "seconds"), ("1620683817000", "milliseconds"), ("17209102", "")]
)
def test_the_example_of_a_timestamp_gives_its_unit(example: str, wire: str) -> None:
    """Ten digits are seconds, thirteen milliseconds."""
    (parameter,) = parameters(query("start", description="Timestamp to start the window.", example=example))

    assert (parameter.type.wire, parameter.bound) == (wire, "start" if wire else "")


def test_a_number_is_a_time_if_the_column_of_the_same_name_is_a_time() -> None:
    """`created[gte]` is a time if `created` counts seconds, even if the parameter may be an object, too."""
    whole = {"type": "integer"}
    created = {"anyOf": [{"type": "object", "properties": {"gt": whole, "gte": whole, "lte": whole}}, whole]}
    rows = {
        "type": "array",
        "items": {"properties": {"created": {"type": "integer", "format": "unix-time"}, "size": whole}},
    }
    nodes = [query("created", created, style="deepObject", explode=True), query("size_min", whole)]
    fields = operation(describe({"/a": get(rows, parameters=nodes)})).parameters

    assert {parameter.name: (parameter.type.kind, parameter.bound) for parameter in fields} == {
        "created[gt]": ("integer", ""),
        "created[gte]": ("time", "start"),
        "created[lte]": ("time", "end"),
        "size_min": ("integer", ""),
    }
