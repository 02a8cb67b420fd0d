"""The keys of queries: two queries are equal if the author's method receives the same values, at any time.

A key holds no text of a request: models and credentials are in it as a keyed hash. A model's part comes from the
decoded model, so that no second JSON reader can read it differently.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import functools
import hashlib
import itertools
import os
import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gfruntime.request.headers import PREFIX

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gfruntime.author.cache import Cache
    from gfruntime.calls.instances import InstanceSource
    from gfruntime.request.vocabulary import Query, TimeRange

_DIGEST_KEY = os.urandom(32)  # differs in each process
_lock = threading.Lock()
_numbers = itertools.count(1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CACHE_SKIP_HEADER = "X-Cache-Skip"
_CAPTURE = "x-grafana-har-capture"  # the answer must show the upstream traffic of this query
_SCALAR_TYPES = (dt.datetime, dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID)
_LOCATION_HEADERS = frozenset(
    [
        *("fromalert", "x-cache-skip"),  # their effects are part of the key
        *("x-dashboard-uid", "x-dashboard-title", "x-panel-id", "x-panel-title", "x-panel-plugin-id"),
        *("x-datasource-uid", "x-plugin-id", "x-query-group-id", "x-grafana-from-expr", "x-grafana-org-id"),
        *("x-rule-name", "x-rule-uid", "x-rule-folder", "x-rule-source", "x-rule-type", "x-rule-version"),
        *("x-rule-origin", "x-grafana-request-id", "x-grafana-signed-request-id", "x-grafana-internal-request"),
        *("traceparent", "tracestate", "baggage", "uber-trace-id"),
    ]
)
"""Headers that name the panel, the rule or the request, and not the user. Any other header is part of the key."""

_USER_HEADERS = frozenset({"x-grafana-id", "x-grafana-user", "x-real-ip"})
"""Headers that name the user, which Grafana may send with every request; not credentials of the data source."""


_FIELDS_IN_OTHER_FORM = frozenset(
    ["model", "ref_id", "query_type", "from_alert", "filters", "headers", "context", "cancel", "deadline"]
)
"""The fields of a query that are in the key in another form, or that limit how long its caller waits."""


class CacheKey(NamedTuple):
    """The values that two equal queries share."""

    source: int
    """The data source, its settings, secrets and tenant, as a number from `source_number`."""

    method: str
    query_type: str
    ref_id: str
    """The ref id, which is in the encoded frames."""

    is_json: bool
    from_alert: bool
    """Whether the query is an alert rule's, whose frames are checked."""

    caller: bytes = b""
    filters: bytes = b""
    """The dashboard's ad hoc filters, even if the author's `Cache.key` is used."""

    question: Hashable = None


def source_number(source: InstanceSource) -> int:
    """Number a data source in one version of its settings; equal sources always get the same number."""
    version = source.version
    with _lock:  # concurrent threads get the same number
        return _number(source.key, version.updated_ms, version.digest, frozenset(version.config.items()))


@functools.lru_cache(maxsize=1000)  # an evicted source gets a new number, and therefore new answers
def _number(*_parts: Hashable) -> int:
    return next(_numbers)


def complete(key: CacheKey, query: Query[Any], cache: Cache, *, raw: bytes) -> CacheKey | None:
    """Add the user and the question to a key; return None for a query that must not share its answer.

    The author's `Cache.key` may decide so, or Grafana requests the traffic of this query.

    `raw` is the model as JSON, for models with values of the author's types.
    Raises: TypeError if the result of `Cache.key` has no hash; and the exceptions of `Cache.key`.
    """
    if any(name.removeprefix(PREFIX).lower() == _CAPTURE for name in query.headers):
        return None
    question = _question_digest(query, raw) if cache.key is None else cache.key(query)
    if question is None:
        return None
    try:
        hash(question)
    except TypeError as error:
        raise TypeError(f"Cache.key returned a value that is not hashable ({error}); return a tuple of texts") from None
    caller = _caller(query, per_user=cache.per_user)
    return key._replace(caller=caller, filters=_digest(*query.filters), question=question)


def wants_fresh(query: Query[Any], cache: Cache) -> bool:
    """Tell whether a query needs a new answer: Grafana requests it, or the query is an alert rule's."""
    if query.from_alert:
        return not cache.alerts
    return query.headers.get(_CACHE_SKIP_HEADER) == "true"


def align(query: Query[Any]) -> Query[Any]:
    """Move both ends of a query's range back to a multiple of its interval; a range shorter than one interval stays."""
    between = query.time_range
    try:
        start, end = (_EPOCH + (each - _EPOCH) // query.interval * query.interval for each in _ends(between))
    except OverflowError:
        return query
    if start >= end:
        return query
    return dataclasses.replace(query, time_range=dataclasses.replace(between, start=start, end=end))


def _question_digest(query: Query[Any], raw: bytes) -> bytes:
    """Hash the question: the model, and all parts of a query that are not elsewhere in the key."""
    try:
        model: object = _tagged(query.model)
    except (TypeError, RecursionError):
        model = ("raw", raw)
    names = [field.name for field in dataclasses.fields(query) if field.name not in _FIELDS_IN_OTHER_FORM]
    return _digest(model, [(name, getattr(query, name)) for name in names])


def _caller(query: Query[Any], *, per_user: bool) -> bytes:
    """Hash the user and the forwarded headers. Credentials always count, with any setting of the author."""
    ignored = _LOCATION_HEADERS if per_user else _LOCATION_HEADERS | _USER_HEADERS
    headers = [each for each in query.headers.items() if each[0].removeprefix(PREFIX).lower() not in ignored]
    user = query.context.user if per_user else None
    who = None if user is None else (user.login, user.name, user.email, user.role)
    return _digest(who, sorted(headers))


def _ends(between: TimeRange) -> tuple[dt.datetime, dt.datetime]:
    return between.start, between.end


def _digest(*parts: object) -> bytes:
    """Hash texts, numbers and bytes, in tuples and lists, by their reprs, which differ if the values differ."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=32, key=_DIGEST_KEY).digest()


def _tagged(value: Any) -> object:  # noqa: ANN401, PLR0911  # of a decoded model; one line for each kind
    """Convert a model to tuples of texts, numbers and bytes, each with its type's name.

    Raises: TypeError for a type of the author.
    """
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if value is None or kind in (bool, int, float, str, bytes):
        return value
    if isinstance(value, enum.Enum):
        return name, value.name
    if isinstance(value, str):
        return name, str.__str__(value)
    if isinstance(value, Mapping):
        return name, tuple((_tagged(key), _tagged(item)) for key, item in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return name, tuple(map(_tagged, value))
    if isinstance(value, (set, frozenset)):
        return name, tuple(sorted(map(repr, map(_tagged, value))))
    if isinstance(value, _SCALAR_TYPES):
        return name, repr(value)
    if dataclasses.is_dataclass(value):
        return name, tuple((field.name, _tagged(getattr(value, field.name))) for field in dataclasses.fields(value))
    if hasattr(value, "model_validate"):  # pydantic's
        return name, _tagged(vars(value)), _tagged(getattr(value, "__pydantic_extra__", None) or {})
    raise TypeError(f"{name} has no canonical form")
