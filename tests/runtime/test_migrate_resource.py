"""The resource that migrates for editors, its description in the schema, and the check of saved queries."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from calls import Plain, Services
from savedqueries import Source, model_of

from gfruntime import Frame, Query
from gfruntime.author import keys, saved
from gfruntime.author.author_class import Author
from gfruntime.author.reserved import MIGRATE
from gfruntime.author.schema import describe


def ask(body: object, *, kind: type = Source, method: str = "POST") -> tuple[int, Any]:
    """Call the resource that editors call."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    parts = Services(kind).resource(MIGRATE, method=method, body=text)
    return parts[0].code, json.loads(b"".join(part.body for part in parts))


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            {"query": {"refId": "A", "table": "a", "other": [1]}},
            {"query": {"refId": "A", "series": "a", "other": [1], "window": 5.0, "version": 2}},
        ),
        (
            {"query": {"list": "x", "queryType": "variable"}},
            {"query": {"list": "x", "queryType": "variable", "of": "x"}},
        ),
        ({"options": {"server": "a", "timeout": 3}}, {"options": {"host": "a", "timeout": 3}}),
    ],
)
def test_the_migrate_resource_returns_the_migrated_object(body: object, answer: object) -> None:
    """The resource migrates queries of each kind, and options; other keys stay."""
    assert ask(body) == (200, answer)


def test_a_class_without_migrate_returns_the_object_unchanged() -> None:
    """An editor of another version loses no keys."""
    assert ask({"query": {"a": 1}}, kind=Plain) == (200, {"query": {"a": 1}})


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"query": {"window": "x"}}, 500, "the query: Model.migrate failed: ValueError: could not convert string"),
        ({"query": 1}, 400, 'the request needs an object "query" or "options"'),
        ({}, 400, 'the request needs an object "query" or "options"'),
        ([], 400, "the request: expected an object, got list"),
        (b"{", 400, "the request: not JSON"),
        ({"query": {"queryType": ["x"], "window": "x"}}, 500, "the query: Model.migrate failed"),
    ],
)
def test_a_failed_migrate_request_says_why(body: object, code: int, message: str) -> None:
    """The editor shows the error, and the saved query."""
    status, answer = ask(body)

    assert status == code
    assert answer["message"].startswith(message)


def test_the_migrate_resource_accepts_only_post() -> None:
    """A migrate request needs a body."""
    assert ask({}, method="GET") == (405, {"message": "GET is not allowed here, only POST"})


def test_the_schema_lists_the_forms_that_migrate() -> None:
    """The editors call `migrate` for these forms only, and gfplug knows the keys that are read afterwards."""
    schema, read = describe(Source), keys.describe(Author.of(Source))

    assert [schema["query"]["migrates"], schema["own"]["variable"]["migrates"], schema["config"]["migrates"]] == [
        True
    ] * 3
    assert "migrates" not in describe(Plain)["query"]
    assert (read["query"], read["options"], read["own"]) == (None, None, {"variable": None})
    assert set(read["migrated"]) == {"query", "options", "variable"}
    assert set(read["migrated"]["query"]) == {"series", "window", "mode", "every", "rows", "version"}


def _append(old: dict[str, Any]) -> dict[str, Any]:
    return {"n": old.get("n", 0) + 1}


@pytest.mark.parametrize(
    ("of", "query", "expected"),
    [
        ("query", {"refId": "A", "table": "a", "window": 60}, (True, True)),
        ("query", {"refId": "A", "version": 2}, (False, True)),
        ("variable", {"of": "x"}, (False, True)),
        ("annotation", {"version": 2}, (False, True)),
        ("options", {"server": "x"}, (True, True)),
    ],
)
def test_the_check_reports_changed_and_unstable_migrations(
    of: str, query: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    """Each query is migrated twice; an annotation without its own class is an ordinary query."""
    before = copy.deepcopy(query)
    result = saved.migrate(Author.of(Source), of, query)

    assert (result["isChanged"], result["isStable"]) == expected
    assert query == before


def test_an_unstable_or_failed_migration_is_reported() -> None:
    """A failure is reported as a sentence."""

    class Counting(Plain):
        def query(self, query: Query[model_of(_append)]) -> Frame:  # type: ignore[valid-type]
            return Frame()

    author = Author.of(Counting)
    assert saved.migrate(author, "query", {}) == {"migrated": {"n": 1}, "isChanged": True, "isStable": False}
    assert saved.migrate(Author.of(Source), "query", {"window": "x"})["error"].startswith(
        "Model.migrate failed: ValueE"
    )
