"""Ad hoc filters for the author's code: the filters of a query, and the resources that list their keys and values.

The editors put the dashboard's filters into a query's JSON as `adhocFilters`, as Grafana's data sources do.
Source: grafana v13.0.0, packages/grafana-data/src/types/templateVars.ts and datasource.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from gfruntime.author.reserved import TAG_KEYS, TAG_VALUES
from gfruntime.calls import convert
from gfruntime.errors import DecodeError
from gfruntime.request.filtering import SEVERAL, AdHocFilter
from gfruntime.request.services import Response, TagRequest
from gfruntime.request.vocabulary import TimeRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.author.author_class import Author
    from gfruntime.request.services import Request

T = TypeVar("T")

_METHODS = {TAG_KEYS: "get_tag_keys", TAG_VALUES: "get_tag_values"}
_CHOICE_KEYS = {"value", "label"}


class _Filter(msgspec.Struct):
    key: str
    operator: str = "="
    value: str | None = None
    values: list[str] | None = None

    def to_filter(self) -> AdHocFilter:
        several = self.values if self.operator in SEVERAL and self.values is not None else [self.value or ""]
        return AdHocFilter(self.key, self.operator, tuple(several))


class _FilteredQuery(msgspec.Struct):
    filters: list[_Filter] | None = msgspec.field(default=None, name="adhocFilters")


class _Range(msgspec.Struct):
    start: int = msgspec.field(name="from")
    end: int = msgspec.field(name="to")

    def to_time_range(self) -> TimeRange:
        return TimeRange(start=convert.utc(self.start), end=convert.utc(self.end))


class _TagQuestion(msgspec.Struct):
    key: str = ""
    filters: list[_Filter] | None = None
    range: _Range | None = msgspec.field(default=None, name="timeRange")
    queries: list[dict[str, Any]] | None = None


def filters_reader(author: Author) -> Callable[[bytes], tuple[AdHocFilter, ...]]:
    """Make a function from a query's JSON to its filters; it returns no filters for a class without `get_tag_keys`.

    The function raises: DecodeError if the filters have another shape; a query without them would return too much.
    """
    if "get_tag_keys" not in author.methods:
        return lambda _: ()
    decoder = msgspec.json.Decoder(_FilteredQuery)

    def read(text: bytes) -> tuple[AdHocFilter, ...]:
        filters = _decode(decoder, text or b"{}", "the query").filters
        return tuple(each.to_filter() for each in filters or ())

    return read


def method_of(author: Author, path: str) -> str:
    """Return the author's method that answers a resource; empty for any other resource."""
    name = _METHODS.get(path.strip("/"), "")
    return name if name in author.methods else ""


def call(instance: Any, method: str, request: Request) -> Any:  # noqa: ANN401  # the author's class, what it returns
    """Call a method with the request of the editors.

    Raises: DecodeError if the request has another shape.
    """
    question = _decode(msgspec.json.Decoder(_TagQuestion), request.body or b"{}", "the request")
    about = TagRequest(
        filters=[each.to_filter() for each in question.filters or ()],
        time_range=None if question.range is None else question.range.to_time_range(),
        queries=question.queries or [],
        context=request.context,
    )
    keys = [question.key] if method == "get_tag_values" else []
    return getattr(instance, method)(*keys, about)


def response(method: str, result: object) -> Response:
    """Convert the author's result to a response: texts, or dictionaries with `value` and optionally `label`.

    Raises: TypeError for any other result.
    """
    items: list[Any] = list(result) if isinstance(result, (list, tuple)) else [result]
    for item in items:
        is_choice = isinstance(item, dict) and "value" in item and item.keys() <= _CHOICE_KEYS
        if not (isinstance(item, str) or is_choice):
            raise TypeError(
                f"{method} returned {item!r:.80}; expected a list of texts, or of dicts with value and label"
            )
    return Response.json(items)


def _decode(decoder: msgspec.json.Decoder[T], text: bytes, subject: str) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DecodeError(f"{subject}: its ad hoc filters can't be read: {error}") from None
