"""Which types and methods `Author.of` reads from an author's class."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.author.author_class import Author
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001  # read by the code under test

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.frames.data import Frame


@dataclass(frozen=True)
class Options:
    """Options."""


@dataclass(frozen=True)
class Model:
    """A model."""


def _decorate(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: object) -> object:
        return function(*args)

    return wrapper


class Full:
    """Has every method, some of them async; a return type is imported for type checkers only."""

    def __init__(self, settings: Settings[Options]) -> None: ...  # noqa: D107  # never called

    def query(self, query: Query[Model]) -> Frame: ...  # type: ignore[empty-body]  # never called

    async def check_health(self) -> None: ...

    def dispose(self) -> None: ...


def test_options_and_model_come_from_the_annotations() -> None:
    """Options and model come from the annotations; async methods are recognised; only existing methods are listed."""
    author = Author.of(Full)

    assert (author.options, author.model) == (Options, Model)
    assert author.methods == {"query", "check_health", "dispose"}
    assert author.async_methods == {"check_health"}


def test_annotations_in_lists_and_behind_decorators_are_read() -> None:
    """The model of `query_batch` is inside a list; a decorator does not hide annotations or async."""

    class Batch:
        def __init__(self, settings: Settings[Options]) -> None: ...

        @_decorate
        async def query_batch(self, queries: list[Query[Model]]) -> dict[str, Frame]: ...  # type: ignore[empty-body]

    author = Author.of(Batch)
    assert author.model is Model
    assert author.async_methods == {"query_batch"}


def test_without_annotations_options_and_model_are_dicts() -> None:
    """An author who annotates nothing gets dicts."""

    class Plain:
        def query(self, query):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return query

    class Other(Plain):
        def __init__(self, settings: object) -> None: ...

    for author in (Author.of(Plain), Author.of(Other)):
        assert (author.options, author.model) == (dict[str, Any], dict[str, Any])


def test_a_class_without_queries_is_refused() -> None:
    """A class that can't answer queries is not a data source."""
    with pytest.raises(TypeError, match=r"'object' has no method query"):
        Author.of(object)
