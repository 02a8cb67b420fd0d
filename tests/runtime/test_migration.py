"""`migrate` of the author's classes: saved queries and options get the current shape before they are decoded."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest
from calls import Plain, Services, queries
from hypothesis import given
from hypothesis import strategies as st
from savedqueries import Model, Options, Row, Same, Source, model_of, settings

from gfruntime import Frame, Query, QueryError
from gfruntime.author import keys
from gfruntime.author.author_class import Author
from gfruntime.author.controls import SchemaError
from gfruntime.author.schema import describe
from gfruntime.author.ui import Secret
from gfruntime.calls import convert, unknown_keys
from gfruntime.errors import DecodeError


def decode(value: object, model: Any = Model) -> Any:
    """Decode a query."""
    return convert.model_decoder(model)(json.dumps(value).encode())


def outcome(value: object, model: Any) -> object:
    """Decode a query, and return its fields, or the error that refuses it."""
    try:
        return vars(decode(value, model))
    except DecodeError as error:
        return str(error)


@pytest.mark.parametrize(
    ("saved_query", "expected"),
    [
        ({}, Model()),
        ({"table": "orders", "window": 600, "refId": "A"}, Model(series="orders", window=10.0)),
        ({"table": "orders", "window": "120"}, Model(series="orders", window=2.0)),
        ({"series": "orders", "window": 10, "version": 2}, Model(series="orders", window=10.0)),
        ({"mode": "average", "every": 3, "version": 2}, Model(mode="mean", every=3)),
        ({"rows": [{"column": "a"}], "version": 2}, Model(rows=[Row("a")])),
    ],
)
def test_a_saved_query_is_migrated_before_it_is_decoded(saved_query: dict[str, Any], expected: Model) -> None:
    """Old and current queries are migrated; `migrate` of a row is not called."""
    assert decode(saved_query) == expected


SAVED_QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "table": st.text(max_size=3) | st.none(),
        "series": st.text(max_size=3) | st.none() | st.integers(0, 9),
        "window": st.integers(-100, 10_000) | st.floats(-10, 10_000) | st.just("120"),
        "mode": st.sampled_from(["sum", "mean", "average", "max", None]),
        "every": st.integers(0, 20) | st.just("x"),
        "rows": st.lists(st.fixed_dictionaries({"column": st.text(max_size=2)}), max_size=2) | st.none(),
        "version": st.sampled_from([1, 2]),
        "other": st.dictionaries(st.text(max_size=2), st.integers() | st.booleans(), max_size=2),
    },
)


@given(SAVED_QUERIES)
def test_decoding_a_saved_query_equals_decoding_the_migrated_one(value: dict[str, Any]) -> None:
    """Bounds, hidden fields, null and unknown keys apply to the migrated query as to any current one."""
    current = Model.migrate(copy.deepcopy(value))

    assert outcome(value, Model) == outcome(current, Same)
    assert outcome(current, Model) == outcome(current, Same), "a migrated query stays"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"window": 30}, "the query: field 'window': 0.5 is below the minimum 1"),
        ({"table": ""}, "the query: field 'series': it is empty, and a value is required"),
        ({"table": 5.5}, None),
        ({"mode": "average", "every": 10}, "the query: field 'every': 10 is above the maximum 9"),
        ({"mode": "sum", "every": 10}, None),
    ],
)
def test_bounds_hold_after_migration(value: dict[str, Any], sentence: str | None) -> None:
    """A field that is hidden after the migration gets its default."""
    if sentence is None:
        assert decode(value).every == 1
    else:
        assert outcome(value, Model) == sentence


def _refuse(old: dict[str, Any]) -> dict[str, Any]:
    raise QueryError(f"version {old['version']} can't be read any more", 410)


def _take_nothing() -> dict[str, Any]:
    return {}


async def _later(old: dict[str, Any]) -> dict[str, Any]:
    return old


@pytest.mark.parametrize(
    ("migrate", "status", "sentence"),
    [
        (lambda old: old["seconds"], 500, "the query: Broken.migrate failed: KeyError: 'seconds'"),
        (_refuse, 410, "the query: Broken.migrate failed: version 1 can't be read any more"),
        (lambda _: None, 500, "the query: Broken.migrate returned NoneType; expected a dict"),
        (lambda _: [1], 500, "the query: Broken.migrate returned list; expected a dict"),
        (lambda _: {"a": {1}}, 500, "the query: Broken.migrate failed: TypeError: Object of type set is not JSON"),
        (lambda _: {"a": float("nan")}, 500, "the query: Broken.migrate failed: ValueError: Out of range float"),
        (_take_nothing, 500, "the query: Broken.migrate failed: TypeError: "),
    ],
)
def test_a_migration_that_fails_is_that_querys_error(migrate: Any, status: int, sentence: str) -> None:
    """One sentence names the class; a QueryError keeps its status."""
    with pytest.raises(DecodeError) as refusal:
        decode({"version": 1}, model_of(migrate))

    assert (refusal.value.status, "\n" in str(refusal.value)) == (status, False)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_migration_can_not_be_async() -> None:
    """`async def` returns a coroutine instead of a dict."""
    with pytest.raises(DecodeError, match=r"Broken\.migrate failed: TypeError: Object of type coroutine"):
        decode({}, model_of(_later))


@pytest.mark.parametrize("text", [b"[1]", b"{", b"\xff", b'"x"'])
def test_a_query_that_is_not_an_object_is_refused_before_migration(text: bytes) -> None:
    """`migrate` is only called with a dict."""
    with pytest.raises(DecodeError, match=r"^the query: (not JSON|expected an object)"):
        convert.model_decoder(Model)(text)


def test_empty_text_and_null_are_an_empty_query() -> None:
    """Every model gets an empty query."""
    assert [convert.model_decoder(Model)(text) for text in (b"", b"null")] == [Model()] * 2


def test_a_mistake_is_logged_with_its_traceback_and_a_refusal_is_not(caplog: pytest.LogCaptureFixture) -> None:
    """The same rule applies to a query that raises."""
    for migrate in (_refuse, lambda old: old["seconds"]):
        with pytest.raises(DecodeError):
            decode({"version": 1}, model_of(migrate))

    assert [record.getMessage() for record in caplog.records] == ["Migrating the query failed"]
    assert caplog.records[0].exc_info


def test_a_method_that_needs_an_instance_is_refused() -> None:
    """The build and the start of the plugin refuse it, since nothing would be migrated."""
    sentence = "^Broken.migrate receives saved values, not an instance; make it a static or a class method$"

    class Wrong(Plain):
        def query(self, query: Query[model_of(lambda old: old, kind=lambda f: f)]) -> Frame:  # type: ignore[valid-type]
            return Frame()

    with pytest.raises(SchemaError, match=sentence):
        describe(Wrong)
    with pytest.raises(SchemaError, match=sentence):
        Services(Wrong)


def test_a_field_named_migrate_is_a_field() -> None:
    """Classes from before `migrate` existed stay valid."""

    @dataclass(frozen=True)
    class Field:
        migrate: bool = False

    assert decode({"migrate": True}, Field) == Field(migrate=True)
    assert "migrated" not in keys.describe(Author.of(Plain))


def test_models_of_other_libraries_migrate_too() -> None:
    """Structures of msgspec and models of pydantic are migrated, too."""
    msgspec = pytest.importorskip("msgspec")
    pydantic = pytest.importorskip("pydantic")
    members = {"__annotations__": {"size": int}, "size": 1, "migrate": staticmethod(lambda old: {"size": old["old"]})}
    for base in (msgspec.Struct, pydantic.BaseModel):
        model = type(base)("Other", (base,), {**members, "__module__": __name__})

        assert decode({"old": 7}, model).size == 7


def test_one_failing_migration_leaves_the_other_queries() -> None:
    """The queries are an old one, a current one, one of a variable, and one whose window is not a number."""
    request = queries({"table": "a", "window": 600}, {"series": "b", "version": 2}, {"list": "x"}, {"window": "$x"})
    request.queries[2].queryType = "variable"
    answers = Services(Source).query(request)

    assert {ref: item.status for ref, item in answers.items()} == {"A": 200, "B": 200, "C": 200, "D": 500}
    assert answers["D"].error == "the query: Model.migrate failed: ValueError: could not convert string to float: '$x'"


def test_options_are_migrated_without_their_secrets() -> None:
    """The constructor gets current options; the secret and the URL come from their own fields."""
    own_settings = settings({"server": "db", "tlsAuth": True}, token="sesame")  # noqa: S106 - a password of a test

    assert own_settings.options == Options(host="db", url="http://x", token=Secret("sesame"))
    assert own_settings.json_data == {"host": "db", "tlsAuth": True}


def test_options_that_cannot_be_migrated_are_an_error() -> None:
    """The sentence begins like all errors about settings."""
    with pytest.raises(DecodeError, match=r"^the data source's settings: Options\.migrate failed: AssertionError$"):
        settings({"token": "x"})


def test_keys_that_a_migration_reads_are_not_logged_as_ignored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The debug log lists the keys that nothing reads after the migration."""
    monkeypatch.setattr(unknown_keys, "_LOGGED", set())
    caplog.set_level(logging.DEBUG, logger="gfruntime")
    decode({"table": "x", "tabel": "y"})
    settings({"server": "db", "hots": 1})

    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "the query (Model): no field reads 'tabel'",
        "the data source's settings: no field reads 'hots'",
    ]
