"""The formats of SQL editors: the shape into which a table of rows is converted.

| format     | becomes                                                                                 |
| ---------- | --------------------------------------------------------------------------------------- |
| timeseries | wide series; text columns become labels; other tables do not change                     |
|            | with `sql` and `query`: as in Grafana's SQL data sources, with filled gaps (`filling`)  |
| multi      | one frame per series                                                                    |
| table      | a table                                                                                 |
| logs       | log lines, in Explore                                                                   |
| traces     | a trace, in Explore                                                                     |

Source: grafana-plugin-sdk-go v0.298.0, data/sqlutil/query.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from gfruntime.errors import QueryError
from gfruntime.frames import series
from gfruntime.frames.cells import NULL
from gfruntime.sql.filling import as_series

if TYPE_CHECKING:
    from gfruntime.frames.cells import Fill
    from gfruntime.frames.data import Frame
    from gfruntime.request.vocabulary import Query

Format = Literal["timeseries", "table", "logs", "traces", "multi"]
"""The formats of a query, as in the format menu of Grafana's SQL editors."""

_FORMATS: tuple[Format, ...] = get_args(Format)


def parse_format(given: object) -> Format:
    """Read the format of a query: a number from 0 to 4, or its name; None or an empty text is timeseries.

    Raises: QueryError that names any other value.

    >>> parse_format(0)
    'timeseries'
    """
    text = "" if given is None else str(given).strip().lower()
    if text in _FORMATS:
        return text
    if isinstance(given, bool) or text not in ("", "0", "1", "2", "3", "4"):
        raise QueryError(f"invalid format value: {given}")
    return _FORMATS[int(text or 0)]


def formatted(
    frame: Frame, wanted: Format, *, fill: Fill | None = NULL, sql: str = "", query: Query[Any] | None = None
) -> list[Frame]:
    """Convert a table of rows, sorted by its time if it has a time, to a format.

    With the user's `sql`, whose macros are not expanded, and its `query`, a time series is as in Grafana's SQL data
    sources: numbers in the column `time` are times, and `$__timeGroup(t, '5m', 0)` fills gaps with 0.

    >>> [field.labels for field in formatted(frame, "timeseries")[0].fields]
    [None, {'host': 'a'}, {'host': 'b'}]

    Raises: FrameError if the rows don't fit the format; QueryError if the query has a wrong fill, or no time.
    """
    if wanted == "timeseries" and query is not None:
        return [as_series(frame, sql, query)]
    if wanted == "timeseries":
        is_long = series.shape(frame) == "long" and len(frame) > 0
        return [series.long_to_wide(frame, fill=fill) if is_long else frame]
    if wanted == "multi":
        return frame.group_by(*dict.fromkeys(field.name for field in frame.fields if field.type in ("string", "bool")))
    if wanted == "table":
        return [frame.with_meta(type="table", preferredVisualisationType="table")]
    return [frame.with_meta(preferredVisualisationType="logs" if wanted == "logs" else "trace")]
