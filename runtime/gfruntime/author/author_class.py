"""The author's class: its methods, which methods are `async`, and their types.

The class needs no base. Its annotations are the schema: `Settings[Options]` of the constructor and `Query[Model]` of
`query` or `query_batch` name the types to decode into; without annotations the JSON object arrives as a dict.

`handlers` lists the methods. Class attributes: `threads` is the number of worker threads for its `def` methods, instead
of the number from `serve`; `concurrent_query_count` is how many queries of one request run at once, instead of 10;
`concurrency` is how many queries of one data source run at once; `cache` says which queries are equal, and how long
their answers are kept.
"""

from __future__ import annotations

import inspect
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from gfruntime.author.cache import cache_of
from gfruntime.author.handlers import METHODS, STATELESS
from gfruntime.author.routes import Route, routes_of
from gfruntime.request.vocabulary import Query, Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from gfruntime.author.cache import Cache
    from gfruntime.frames.data import Frame

ModelT = TypeVar("ModelT")

Answer: TypeAlias = "Frame | list[Frame]"
BatchAnswer: TypeAlias = "Mapping[str, Frame | list[Frame] | Exception]"

OWN_QUERIES = {"variable": "query_variable", "annotation": "query_annotation"}
"""The query types for which a data source may have its own method, model and form."""

QUERIES_AT_ONCE = 10
"""How many queries of one request run at once; the default of the Go SDK's concurrent.QueryData."""


class AnswersQuery(Protocol[ModelT]):
    """A data source that answers one query at a time; calls may overlap."""

    def query(self, query: Query[ModelT], /) -> Answer | Awaitable[Answer]:
        """Answer one query."""


class AnswersBatch(Protocol[ModelT]):
    """A data source that answers all queries of a request together, by ref id."""

    def query_batch(self, queries: list[Query[ModelT]], /) -> BatchAnswer | Awaitable[BatchAnswer]:
        """Answer several queries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The methods, types and limits of the author's class, which is inspected once.

    `make` creates an instance from Settings; `own_models` maps a query type of OWN_QUERIES to its model.
    """

    make: Callable[[Any], Any]
    options: Any
    model: Any
    own_models: Mapping[str, Any]
    methods: frozenset[str]
    async_methods: frozenset[str]
    threads: int | None
    concurrent_query_count: int
    concurrency: int | None
    cache: Cache | None
    routes: list[Route]

    @classmethod
    def of(cls, datasource: Any) -> Author:  # noqa: ANN401  # a class, or a function that makes an instance
        """Inspect a class; raise TypeError when it can't answer queries."""
        methods = {
            name: getattr(datasource, name)
            for name in METHODS
            if name != "__init__" and callable(getattr(datasource, name, None))
        }
        if "start" in methods and not _has_no_parameters(methods["start"]):
            del methods["start"]
        if not {"query", "query_batch"} & methods.keys():
            raise TypeError(f"{getattr(datasource, '__name__', datasource)!r} has no method query(self, query)")
        for name in STATELESS:
            if inspect.isfunction(inspect.getattr_static(datasource, name, None)):
                raise TypeError(f"{name} must be a static method: it is called without a configured data source")
        queries = methods.get("query_batch") or methods["query"]
        routes = routes_of(datasource)
        methods |= {route.name: getattr(datasource, route.name) for route in routes}
        return cls(
            make=datasource,
            options=_argument(datasource.__init__, Settings),
            model=_argument(queries, Query),
            own_models={kind: _argument(methods[name], Query) for kind, name in OWN_QUERIES.items() if name in methods},
            methods=frozenset(methods),
            async_methods=frozenset(name for name, method in methods.items() if _is_async(method)),
            threads=_number(datasource, "threads"),
            concurrent_query_count=_number(datasource, "concurrent_query_count") or QUERIES_AT_ONCE,
            concurrency=_number(datasource, "concurrency"),
            cache=cache_of(datasource),
            routes=routes,
        )

    def model_of(self, query_type: object) -> Any:  # noqa: ANN401  # a type
        """Return the type of a query's model, by the query's type."""
        return self.own_models.get(str(query_type), self.model)


def _number(datasource: Any, name: str) -> int | None:  # noqa: ANN401
    """Read a class attribute that is a limit, such as `threads`; None if it is missing.

    Raises: TypeError if the number is not above 0. An attribute of another type is ignored.
    """
    number = getattr(datasource, name, None)
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    if number < 1:
        raise TypeError(f"the attribute {name} must be above 0, not {number}")
    return number


def _has_no_parameters(method: Any) -> bool:  # noqa: ANN401
    """Tell whether a method needs only `self`; a `start` that needs more is ignored."""
    try:
        inspect.signature(method).bind(None)
    except (TypeError, ValueError):
        return False
    return True


def require_settings(datasource: Any) -> None:  # noqa: ANN401
    """Raise TypeError if a class, or a function that makes an instance, can't be called with the settings alone."""
    try:
        inspect.signature(datasource).bind(None)
    except TypeError as error:
        name = getattr(datasource, "__name__", datasource)
        sentence = f"{name!r} does not accept the data source's settings: write def __init__(self, settings)"
        raise TypeError(sentence) from error
    except ValueError:  # no signature is known
        pass


def _is_async(method: Any) -> bool:  # noqa: ANN401
    function = inspect.unwrap(method)
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _argument(function: Any, marker: type) -> Any:  # noqa: ANN401
    """Find `T` in the first parameter annotated `marker[T]` or `list[marker[T]]`; return `dict` if there is none."""
    for annotation in _annotations(inspect.unwrap(function)):
        inner = get_args(annotation)[0] if get_origin(annotation) is list and get_args(annotation) else annotation
        if get_origin(inner) is marker:
            argument = get_args(inner)[0]
            return dict[str, Any] if isinstance(argument, TypeVar) or argument is Any else argument
    return dict[str, Any]


def _annotations(function: Any) -> list[Any]:  # noqa: ANN401
    """Evaluate the annotations of the parameters only: a return type may exist for type checkers alone."""
    if not isinstance(function, types.FunctionType):
        return []
    if sys.version_info >= (3, 14):  # Python 3.14 evaluates annotations when they are read
        from annotationlib import Format, get_annotations  # noqa: PLC0415

        texts = get_annotations(function, format=Format.FORWARDREF)
    else:
        texts = function.__annotations__
    shim = types.SimpleNamespace(__annotations__={key: value for key, value in texts.items() if key != "return"})
    return list(get_type_hints(shim, function.__globals__, include_extras=True).values())
