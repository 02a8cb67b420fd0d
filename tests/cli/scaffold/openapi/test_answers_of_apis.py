"""Answers that are not as they are described, and errors that come with the status 200."""

from __future__ import annotations

import json
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any

import pytest
from openapi_sources import WEATHER, imported

from gfruntime import DownstreamError, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Import the modules that are the same for all descriptions."""
    with imported(WEATHER, tmp_path_factory.mktemp("answers")) as made:
        yield made


def endpoint(modules: dict[str, Any], rows: tuple[str, ...] = ("data",), shape: str = "array", **more: Any) -> Any:
    """Describe an operation with rows of an id and a name."""
    model = modules["endpoint"]
    columns = (model.Column(name="id", keys=("id",), kind="integer"), model.Column(name="name", keys=("name",)))
    return model.Endpoint(method="GET", path="/x", rows=rows, shape=shape, **{"columns": columns, **more})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"ok": False, "error": "invalid_auth"}, "invalid_auth"),
        ({"success": False, "data": [], "errors": [{"message": "no such key"}]}, "no such key"),
        ({"data": None, "errors": [{"message": "denied", "path": []}]}, "denied"),
        ({"code": 401, "msg": "who asks?"}, "who asks?"),
        ({"error": True, "message": "closed today"}, "closed today"),
        ({"success": False}, "it has failed, and does not say why"),
        ({"error": {"message": "two\nlines \x1b[31m"}}, r"two lines \[31m"),
    ],
)
def test_an_error_with_the_status_200_is_an_error(modules: dict[str, Any], body: Any, text: str) -> None:
    """An alert rule would take it for no data."""
    described = endpoint(modules, error_keys=("msg",))

    with pytest.raises(DownstreamError, match=f"/x answered an error: {text}"):
        modules["endpoint"].rows_of(body, described, "/x")


@pytest.mark.parametrize("rows", [(), ("data",)])
def test_an_object_that_is_an_error_is_one(modules: dict[str, Any], rows: tuple[str, ...]) -> None:
    """Not a row of nulls; where it has what is described, it is no error."""
    described = endpoint(modules, rows, "object")
    body = {"ok": False, "error": "invalid_auth"}

    with pytest.raises(DownstreamError, match="invalid_auth"):
        modules["endpoint"].rows_of({**body, "data": {}} if rows else body, described, "/x")
    fine = {"id": 1, "error": "none"}
    assert modules["endpoint"].rows_of({"data": fine} if rows else fine, described, "/x").rows == [("", fine)]


@pytest.mark.parametrize("body", [{"data": []}, {"data": None}, {"data": [], "error": None, "errors": []}, {}, None])
def test_no_rows_are_no_error(modules: dict[str, Any], body: Any) -> None:
    """However they are told."""
    found = modules["endpoint"].rows_of(body, endpoint(modules), "/x")

    assert (found.rows, found.notices) == ([], ())


def test_rows_beside_an_error_come_with_its_text(modules: dict[str, Any]) -> None:
    """They may be a part of what there is."""
    found = modules["endpoint"].rows_of({"data": [{"id": 1}], "errors": [{"message": "half"}]}, endpoint(modules), "/x")

    assert (len(found.rows), found.notices, found.is_cut) == (1, ("The API says of its answer: half",), True)


def test_what_is_missing_is_told(modules: dict[str, Any]) -> None:
    """The rows, fields of them, rows that are no objects."""
    found = [
        modules["endpoint"].rows_of({"version": 2}, endpoint(modules), "/x"),
        modules["endpoint"].rows_of({"version": 2}, endpoint(modules, (), "object"), "/x"),
        modules["endpoint"].rows_of({"data": [{"id": 1}, 2, None, [3]]}, endpoint(modules), "/x"),
        modules["endpoint"].rows_of({"data": {"a": 1, "b": {"id": 2}}}, endpoint(modules, shape="map"), "/x"),
    ]

    assert [each.notices for each in found] == [
        ("The answer has no data, so that there are no rows",),
        ("The answer has nothing of what the API describes",),
        ("3 rows are empty: they are no objects, as the API describes them",),
        ("1 rows are empty: they are no objects, as the API describes them",),
    ]


@pytest.mark.parametrize(
    ("shape", "body", "message"),
    [
        ("object", {"data": [{"id": 1}]}, "data is no object"),
        ("object", {"data": 3}, "data is no object"),
        ("array", {"data": {"id": 1}}, "data is no list of rows"),
        ("map", {"data": [1]}, "data is no object of rows"),
    ],
)
def test_another_shape_is_the_apis_failure(modules: dict[str, Any], shape: str, body: Any, message: str) -> None:
    """It would be rows of nulls."""
    with pytest.raises(DownstreamError, match=message):
        modules["endpoint"].rows_of(body, endpoint(modules, shape=shape), "/x")


def test_an_answer_without_content_says_so_by_its_status(modules: dict[str, Any]) -> None:
    """An empty body alone is no JSON."""
    none, empty = (
        HttpResponse(status=status, reason="", headers=HTTPMessage(), body=b"", path="/x") for status in (204, 200)
    )

    assert modules["endpoint"].json_of(none) is None
    with pytest.raises(DownstreamError, match="/x answered something that is not JSON"):
        modules["endpoint"].json_of(empty)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["9007199254740993", 9007199254740995], [9007199254740993, 9007199254740995]),
        ([" 12 ", "+3", "-4", ""], [12, 3, -4, None]),
        (["9223372036854775807"], [9223372036854775807]),
    ],
)
def test_whole_numbers_stay_whole(modules: dict[str, Any], values: list[Any], expected: list[int | None]) -> None:
    """As texts, as protobuf writes them, too."""
    frame = modules["frames"].table([("", {"id": each}) for each in values], endpoint(modules).columns)

    assert (frame["id"].type, frame["id"].to_list()) == ("int64", expected)


@pytest.mark.parametrize("value", ["1_000", "twelve", True])
def test_what_is_no_number_is_a_text(modules: dict[str, Any], value: Any) -> None:
    """And a notice says so."""
    frame = modules["frames"].table([("", {"id": value})], endpoint(modules).columns)

    assert frame["id"].type == "string"
    assert frame.meta["notices"][0]["text"].startswith("id is shown as text")


def test_a_large_number_does_not_make_its_column_text(modules: dict[str, Any]) -> None:
    """It has the digits that a number with a fraction has."""
    column = modules["endpoint"].Column(name="size", keys=("size",), kind="number")

    frame = modules["frames"].table([("", {"size": 9007199254740993}), ("", {"size": 0.5})], [column])

    assert (frame["size"].type, frame["size"].to_list()) == ("float64", [9007199254740992.0, 0.5])


def test_ids_are_no_values(modules: dict[str, Any]) -> None:
    """Neither as series nor as numbers, unless they are chosen; however large they are."""
    model = modules["endpoint"]
    columns = (
        model.Column(name="id", keys=("id",), kind="integer", is_id=True),
        model.Column(name="at", keys=("at",), kind="time", wire="seconds"),
        model.Column(name="value", keys=("value",), kind="number"),
    )
    described = endpoint(modules, columns=columns)
    row = ("", {"id": 1234567890123456789, "at": 1767225600, "value": 1})
    view = modules["frames"].View

    (frame,) = modules["frames"].to_frames([row], described, view(show="series", time_column="at"))
    (chosen,) = modules["frames"].to_frames([row], described, view(show="numbers", value_columns=("id",)))

    assert [field.name for field in frame.fields] == ["at", "value"]
    assert [field.to_list() for field in chosen.fields] == [[1234567890123456768.0]]


def test_labels_are_those_that_are_shown(modules: dict[str, Any]) -> None:
    """An empty text is none, and a tag does not take the place of another column."""
    model = modules["endpoint"]
    columns = (
        model.Column(name="tags", keys=("tags",), kind="json", is_labels=True),
        model.Column(name="tags.env", keys=("tags.env",)),
    )

    labels = modules["frames"].labels_of(("", {"tags": {"env": "a", "b": ""}, "tags.env": "c"}), columns)

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
def test_doubtful_times_are_told(modules: dict[str, Any], wire: str, values: list[Any], *, is_doubtful: bool) -> None:
    """Counts of another unit, and local times."""
    column = modules["endpoint"].Column(name="at", keys=("at",), kind="time", wire=wire)

    frame = modules["frames"].table([("", {"at": value}) for value in values], [column])

    assert frame["at"].type == "time"
    assert bool((frame.meta or {}).get("notices")) == is_doubtful, json.dumps(frame.meta)


def test_milliseconds_that_are_described_as_seconds_are_text(modules: dict[str, Any]) -> None:
    """No time is that late."""
    column = modules["endpoint"].Column(name="at", keys=("at",), kind="time", wire="seconds")

    frame = modules["frames"].table([("", {"at": 1767225600000})], [column])

    assert frame["at"].type == "string"
    assert frame.meta["notices"][0]["text"].startswith("at is shown as text")
