"""The data frame, which a query returns.

A frame has a name, metadata and fields of equal length. It is immutable; its metadata is checked (see `metadata`).
`field` is one column, `tables` reads tables, cursors and records, `shapes` checks frames for alert rules, `series`
converts between long and wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

from gfruntime.errors import FrameError
from gfruntime.frames import cursors, framejson, groups, metadata, tables
from gfruntime.frames import records as records_
from gfruntime.frames.field import Field, copy_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

    from gfruntime.frames.times import GivenUnit

    Types = Mapping[str, Any] | None
    Labels = Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A table with a name and metadata.

    `meta` is Grafana's FrameMeta as JSON values (`{"notices": [...], "executedQueryString": ...}`). Without a `type`,
    the runtime adds the type that fits the shape, so that alert rules can read the frame (see `contract`).

    >>> Frame.of(time=[datetime(2026, 1, 1)], value=[1.5], labels={"host": "a"})["value"].labels
    {'host': 'a'}
    """

    fields: Sequence[Field] = ()
    """The columns, all of the same length."""

    name: str = ""
    """The name that a legend may show."""

    ref_id: str = ""
    """The query's letter; the runtime sets it."""

    meta: Mapping[str, object] | None = None
    """Grafana's FrameMeta as JSON values; None if it is not set."""

    def __post_init__(self) -> None:
        """Check that the fields have one length, and the metadata."""
        fields = tuple(self.fields)
        object.__setattr__(self, "fields", fields)
        lengths = [len(field.values) for field in fields]
        if len(set(lengths)) > 1:
            at = next(at for at, length in enumerate(lengths) if length != lengths[0])
            raise FrameError(
                f"column {fields[at].name!r} has {lengths[at]} values but column {fields[0].name!r} has {lengths[0]}"
            )
        if self.meta is not None:
            object.__setattr__(self, "meta", metadata.meta(self.meta))

    @classmethod
    def of(
        cls, name: str | Iterable[object] = "", labels: Labels | Iterable[object] = None, **columns: object
    ) -> Frame:
        """Make a frame from columns given by name; the labels go to the value columns.

        A `name` that is not a text, and `labels` that are not a mapping, become columns: "name" and "labels".

        >>> frame = Frame.of(time=[datetime(2026, 1, 1)], sales=[42.0], labels={"shop": "north"})
        """
        if not isinstance(name, str):
            name, columns = "", {"name": name, **columns}
        if labels is not None and not isinstance(labels, Mapping):
            labels, columns = None, {"labels": labels, **columns}
        return cls._of_fields([Field(key, values) for key, values in columns.items()], name, labels)

    @classmethod
    def from_arrow(cls, table: object, *, name: str = "", labels: Labels = None, types: Types = None) -> Frame:
        """Make a frame from a table: pyarrow, polars, pandas or any other object with Arrow's PyCapsule interface.

        Options: `name`, `labels` for the value columns, `types` (column name → type).
        """
        return cls._of_fields(tables.from_arrow(table, types), name, labels)

    @classmethod
    def from_pandas(
        cls, table: object, *, name: str = "", labels: Labels = None, types: Types = None, keep_nan: bool = False
    ) -> Frame:
        """Make a frame from a pandas DataFrame or Series; NaN, NaT, NA and None are null, unless `keep_nan`."""
        return cls._of_fields(tables.from_pandas(table, types, keep_nan=keep_nan), name, labels)

    @classmethod
    def from_numpy(
        cls,
        array: object,
        *,
        names: Sequence[str] | None = None,
        name: str = "",
        labels: Labels = None,
        types: Types = None,
    ) -> Frame:
        """Make a frame from a structured numpy array, or from a two-dimensional array; `names` are its columns."""
        return cls._of_fields(tables.from_numpy(array, names, types), name, labels)

    @overload
    @classmethod
    def from_records(
        cls,
        records: Iterable[object],
        *,
        name: str = "",
        labels: Labels = None,
        types: Types = None,
        time: str | None = None,
        unit: GivenUnit | None = None,
        value: str | Sequence[str] = (),
    ) -> Frame: ...

    @overload
    @classmethod
    def from_records(
        cls,
        records: Iterable[object],
        *,
        name: str = "",
        labels: str | Sequence[str],
        types: Types = None,
        time: str | None = None,
        unit: GivenUnit | None = None,
        value: str | Sequence[str] = (),
    ) -> list[Frame]: ...

    @classmethod
    def from_records(
        cls,
        records: Iterable[object],
        *,
        name: str = "",
        labels: Labels | str | Sequence[str] = None,
        types: Types = None,
        time: str | None = None,
        unit: GivenUnit | None = None,
        value: str | Sequence[str] = (),
    ) -> Frame | list[Frame]:
        """Make a frame from rows with named values: dictionaries, dataclasses and similar objects (see `records`).

        With keys as `labels` it makes one frame for each value and set of labels, the best form for alert rules:

        >>> frames = Frame.from_records(rows, time="ts", value=["cpu", "memory"], labels=["host"])

        Options: `time` is the key of the time: ISO 8601, RFC 2822, datetimes, or numbers in the `unit` s, ms, us or ns
        ("guess" chooses the unit by their size). `value` lists the keys of the values; default: all other keys. Texts
        that are numbers become numbers. A dictionary of `labels` is set on all values. `types` maps a key to its type.
        A key reaches nested values with dots: `value="metrics.cpu"`.
        Raises: FrameError naming the row and the key.
        """
        rows = records_.rows_of(records)
        values = (value,) if isinstance(value, str) else tuple(value)
        if labels is None or isinstance(labels, Mapping):
            fields = records_.table(rows, time=time, unit=unit, value=values, types=types)
            return cls._of_fields(fields, name, labels)
        keys = (labels,) if isinstance(labels, str) else tuple(labels)
        series = records_.series(rows, time=time, unit=unit, value=values, labels=keys, types=types)
        return [cls(fields=fields, name=name) for fields in series]

    @classmethod
    def from_json(cls, frame: object) -> Frame:
        """Read a frame in Grafana's frame JSON, as a text or decoded (`{"schema": ..., "data": ...}`).

        >>> text = '{"schema": {"fields": [{"name": "v", "type": "number"}]}, "data": {"values": [[1]]}}'
        >>> Frame.from_json(text)["v"].type
        'float64'

        Raises: FrameError naming the mistake and the column.
        """
        return cls(**framejson.read(frame))

    @classmethod
    def from_cursor(
        cls, cursor: object, *, limit: int | None = None, name: str = "", labels: Labels = None, types: Types = None
    ) -> Frame:
        """Make a frame from all rows of a cursor that has executed its statement: DB-API, ADBC, DuckDB, SQLAlchemy.

        With `limit`, at most `limit` rows are read; if the result has more, a notice says so. See `cursors` and
        `dbvalues`.
        """
        fields, is_cut = cursors.from_cursor(cursor, limit, types)
        return _of_first_rows(cls._of_fields(fields, name, labels), limit if is_cut else None)

    @classmethod
    async def from_async_cursor(
        cls, cursor: object, *, limit: int | None = None, name: str = "", labels: Labels = None, types: Types = None
    ) -> Frame:
        """Make a frame like `from_cursor`, from an async cursor: psycopg, aiosqlite, aiomysql, asyncpg, SQLAlchemy."""
        fields, is_cut = await cursors.from_async_cursor(cursor, limit, types)
        return _of_first_rows(cls._of_fields(fields, name, labels), limit if is_cut else None)

    @classmethod
    def _of_fields(cls, fields: Sequence[Field], name: str, labels: Labels) -> Frame:
        return cls(fields=_set_labels(fields, labels), name=name)

    def labelled(self, labels: Labels) -> Frame:
        """Set labels on the value columns; existing labels of other names stay."""
        return copy_with(self, fields=tuple(_set_labels(self.fields, labels))) if labels else self

    def group_by(self, *names: str) -> list[Frame]:
        """Make one frame for each value column and each distinct combination of these columns, which become labels.

        This shape works for alerting with any data (`timeseries-multi`, `numeric-multi`):
        `return Frame.from_cursor(cursor).group_by("host")`.
        """
        series = groups.group_by(self.fields, names)
        return [copy_with(self, fields=tuple(fields)) for fields in series] or [copy_with(self, fields=())]

    def with_meta(self, **meta: object) -> Frame:
        """Set keys of the metadata: `frame.with_meta(executedQueryString=sql)`."""
        return replace(self, meta={**(self.meta or {}), **meta})

    def with_notice(self, text: str, severity: str = "info", **more: Any) -> Frame:  # noqa: ANN401
        """Add a notice, which the panel shows; for `link` and `inspect` see `metadata.notice`."""
        notices: Any = (self.meta or {}).get("notices", [])
        return self.with_meta(notices=[*notices, metadata.notice(text, severity, **more)])

    def take(self, rows: pa.Array) -> Frame:
        """Return a frame of the rows with these numbers, in this order.

        Shape: `rows` is an Arrow array of integers, counted from 0.
        """
        return replace(self, fields=[field.take(rows) for field in self.fields])

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.fields[0]) if self.fields else 0

    def __getitem__(self, name: str) -> Field:
        """Return the first field of this name.

        Raises: KeyError if no field has this name.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def _set_labels(fields: Sequence[Field], labels: Labels) -> Sequence[Field]:
    return [field.with_labels(labels) if field.is_value else field for field in fields] if labels else fields


def _of_first_rows(frame: Frame, limit: int | None) -> Frame:
    return frame if limit is None else frame.with_notice(f"Only the first {limit} rows are shown", "warning")
