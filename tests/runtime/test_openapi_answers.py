"""Answers that differ from their description, and errors with status 200."""

from __future__ import annotations

import json
from http.client import HTTPMessage
from typing import Any

import pytest

from gfruntime import DownstreamError, HttpResponse
from gfruntime.openapi import operation, rows, views


def notices(frame: Any) -> list[str]:
    """List the texts of a frame's notices."""
    return [notice["text"] for notice in frame.meta["notices"]]


def endpoint(rows: tuple[str, ...] = ("data",), shape: Any = "array", **more: Any) -> Any:
    """Describe an operation with rows of an id and a name."""
    columns = (operation.Column(name="id", keys=("id",), kind="integer"), operation.Column(name="name", keys=("name",)))
    return operation.Endpoint(method="GET", path="/x", rows=rows, shape=shape, **{"columns": columns, **more})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"ok": False, "error": "invalid_auth"}, "invalid_auth"),
        ({"success": False, "data": [], "errors": [{"message": "no such key"}]}, "no such key"),
        ({"data": None, "errors": [{"message": "denied", "path": []}]}, "denied"),
        ({"code": 401, "msg": "who asks?"}, "who asks?"),
        ({"error": True, "message": "closed today"}, "closed today"),
        ({"success": False}, "it failed without an explanation"),
        ({"error": {"message": "two\nlines \x1b[31m"}}, r"two lines \[31m"),
    ],
)
def test_an_error_with_the_status_200_is_an_error(body: Any, text: str) -> None:
    """An alert rule would take it for no data."""
    description = endpoint(error_keys=("msg",))

    with pytest.raises(DownstreamError, match=f"/x returned an error: {text}"):
        rows.rows_of(body, description, "/x")


@pytest.mark.parametrize("keys", [(), ("data",)])
def test_an_error_in_place_of_the_object_is_an_error(keys: tuple[str, ...]) -> None:
    """The error does not become a row of nulls; an object with the described fields is not an error."""
    description = endpoint(keys, "object")
    body = {"ok": False, "error": "invalid_auth"}

    with pytest.raises(DownstreamError, match="invalid_auth"):
        rows.rows_of({**body, "data": {}} if keys else body, description, "/x")
    fine = {"id": 1, "error": "none"}
    assert rows.rows_of({"data": fine} if keys else fine, description, "/x").rows == [("", fine)]


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, {"data": [], "error": None, "errors": []}, {}, None])
def test_an_answer_without_rows_is_not_an_error(body: Any) -> None:
    """APIs have several forms of such answers."""
    result = rows.rows_of(body, endpoint(), "/x")

    assert (result.rows, result.notices) == ([], ())


def test_rows_beside_an_error_give_a_notice() -> None:
    """The rows may be incomplete."""
    result = rows.rows_of({"data": [{"id": 1}], "errors": [{"message": "half"}]}, endpoint(), "/x")

    assert (len(result.rows), result.notices, result.is_cut) == (1, ("The API returned rows and an error: half",), True)


def test_missing_rows_and_fields_give_notices() -> None:
    """No rows, rows without a field, rows that are not objects."""
    result = [
        rows.rows_of({"version": 2}, endpoint(), "/x"),
        rows.rows_of({"version": 2}, endpoint((), "object"), "/x"),
        rows.rows_of({"data": [{"id": 1}, 2, None, [3]]}, endpoint(), "/x"),
        rows.rows_of({"data": {"a": 1, "b": {"id": 2}}}, endpoint(shape="map"), "/x"),
    ]

    assert [each.notices for each in result] == [
        ("The answer has no data, so there are no rows",),
        ("The answer has none of the fields that the API describes",),
        ("3 rows are empty, because they are not objects as the API describes them",),
        ("1 rows are empty, because they are not objects as the API describes them",),
    ]


@pytest.mark.parametrize(
    ("shape", "body", "message"),
    [
        ("object", {"data": [{"id": 1}]}, "data is not an object"),
        ("object", {"data": 3}, "data is not an object"),
        ("array", {"data": {"id": 1}}, "data is not a list of rows"),
        ("map", {"data": [1]}, "data is not an object of rows"),
    ],
)
def test_an_answer_of_another_shape_is_a_downstream_error(shape: str, body: Any, message: str) -> None:
    """Otherwise the rows would have nulls."""
    with pytest.raises(DownstreamError, match=message):
        rows.rows_of(body, endpoint(shape=shape), "/x")


def test_only_status_204_may_have_an_empty_body() -> None:
    """With another status an empty body is not JSON."""
    none, empty = (
        HttpResponse(status=status, reason="", headers=HTTPMessage(), body=b"", path="/x") for status in (204, 200)
    )

    assert rows.json_of(none) is None
    with pytest.raises(DownstreamError, match="/x answered something that is not JSON"):
        rows.json_of(empty)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["9007199254740993", 9007199254740995], [9007199254740993, 9007199254740995]),
        ([" 12 ", "+3", "-4", ""], [12, 3, -4, None]),
        (["9223372036854775807"], [9223372036854775807]),
    ],
)
def test_whole_numbers_stay_whole(values: list[Any], expected: list[int | None]) -> None:
    """Protobuf writes whole numbers as texts, which become numbers, too."""
    frame = views.table([("", {"id": each}) for each in values], endpoint().columns)

    assert (frame["id"].type, frame["id"].to_list()) == ("int64", expected)


@pytest.mark.parametrize("value", ["1_000", "twelve", True])
def test_a_value_that_is_not_a_number_makes_a_text_column(value: Any) -> None:
    """The frame has a notice."""
    frame = views.table([("", {"id": value})], endpoint().columns)

    assert frame["id"].type == "string"
    assert notices(frame)[0].startswith("id is shown as text")


def test_a_large_number_does_not_make_its_column_text() -> None:
    """A large number loses digits, as numbers with a fraction do."""
    column = operation.Column(name="size", keys=("size",), kind="number")

    frame = views.table([("", {"size": 9007199254740993}), ("", {"size": 0.5})], [column])

    assert (frame["size"].type, frame["size"].to_list()) == ("float64", [9007199254740992.0, 0.5])


def test_ids_are_not_used_as_values() -> None:
    """Ids become neither series nor numbers unless the query selects them."""
    columns = (
        operation.Column(name="id", keys=("id",), kind="integer", is_id=True),
        operation.Column(name="at", keys=("at",), kind="time", wire="seconds"),
        operation.Column(name="value", keys=("value",), kind="number"),
    )
    description = endpoint(columns=columns)
    row = ("", {"id": 1234567890123456789, "at": 1767225600, "value": 1})
    view = views.View

    (frame,) = views.to_frames([row], description, view(show="series", time_column="at"))
    (numbers,) = views.to_frames([row], description, view(show="numbers", value_columns=("id",)))

    assert [field.name for field in frame.fields] == ["at", "value"]
    assert [field.to_list() for field in numbers.fields] == [[1234567890123456768.0]]


def test_labels_of_tags_and_columns_do_not_collide() -> None:
    """An empty text is no label, and a tag does not replace another column."""
    columns = (
        operation.Column(name="tags", keys=("tags",), kind="json", is_labels=True),
        operation.Column(name="tags.env", keys=("tags.env",)),
    )

    labels = views.labels_of(("", {"tags": {"env": "a", "b": ""}, "tags.env": "c"}), columns)

    assert labels == {"tags.env_2": "a", "tags.b": None, "tags.env": "c"}


@pytest.mark.parametrize(
    ("wire", "values", "is_doubtful"),
    [
        ("seconds", [1767225600, 1767225601], False),
        ("milliseconds", [1767225600000, None], False),
        ("milliseconds", [1767225600, 1767225601], True),
        ("rfc3339", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+02:00"], False),
        ("rfc3339", ["2026-01-01T00:00:00"], True),
        ("date", ["2026-01-01"], False),
    ],
)
def test_doubtful_times_give_a_notice(wire: Any, values: list[Any], *, is_doubtful: bool) -> None:
    """Counts of another unit and local times are doubtful."""
    column = operation.Column(name="at", keys=("at",), kind="time", wire=wire)

    frame = views.table([("", {"at": value}) for value in values], [column])

    assert frame["at"].type == "time"
    assert bool((frame.meta or {}).get("notices")) == is_doubtful, json.dumps(frame.meta)


def test_milliseconds_that_are_described_as_seconds_are_text() -> None:
    """No valid time is so late."""
    column = operation.Column(name="at", keys=("at",), kind="time", wire="seconds")

    frame = views.table([("", {"at": 1767225600000})], [column])

    assert frame["at"].type == "string"
    assert notices(frame)[0].startswith("at is shown as text")
