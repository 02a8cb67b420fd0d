"""The formats that SQL editors offer: what a table of rows is to become.

| format     | becomes                                                                                 |
| ---------- | --------------------------------------------------------------------------------------- |
| timeseries | wide series, text columns becoming labels; what is no series stays as it is             |
| multi      | one frame a series                                                                      |
| table      | a table                                                                                 |
| logs       | log lines, in Explore                                                                   |
| traces     | a trace, in Explore                                                                     |

Source: grafana-plugin-sdk-go v0.298.0, data/sqlutil/query.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from gfruntime.errors import QueryError
from gfruntime.frames import series
from gfruntime.frames.cells import NULL

if TYPE_CHECKING:
    from gfruntime.frames.cells import Fill
    from gfruntime.frames.data import Frame

Format = Literal["timeseries", "table", "logs", "traces", "multi"]

_FORMATS: tuple[Format, ...] = get_args(Format)


def parse_format(given: object) -> Format:
    """Read the format of a query: a number from 0 to 4, or its name; nothing is timeseries.

    Raises: QueryError naming what is neither.
    """
    text = "" if given is None else str(given).strip().lower()
    if text in _FORMATS:
        return text
    if isinstance(given, bool) or text not in ("", "0", "1", "2", "3", "4"):
        raise QueryError(f"invalid format value: {given}")
    return _FORMATS[int(text or 0)]


def formatted(frame: Frame, wanted: Format, *, fill: Fill | None = NULL) -> list[Frame]:
    """Bring a table of rows, sorted by time where it has one, to a format.

    Raises: FrameError when the rows can't become it.
    """
    if wanted == "timeseries":
        is_long = series.shape(frame) == "long" and len(frame) > 0
        return [series.long_to_wide(frame, fill=fill) if is_long else frame]
    if wanted == "multi":
        return frame.group_by(*dict.fromkeys(field.name for field in frame.fields if field.type in ("string", "bool")))
    if wanted == "table":
        return [frame.with_meta(type="table", preferredVisualisationType="table")]
    return [frame.with_meta(preferredVisualisationType="logs" if wanted == "logs" else "trace")]
