"""The data frame: what a query answers.

A frame is a name, metadata and fields of equal length. It is immutable, and its metadata is checked when it is made
(see `metadata`). `field` describes one column, `tables` reads tables, cursors and records, `shapes` checks what alert
rules read, `series` converts between long and wide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gfruntime.errors import FrameError
from gfruntime.frames import metadata, tables
from gfruntime.frames.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

    Types = Mapping[str, Any] | None
    Labels = Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A table with a name and metadata.

    `meta` is Grafana's FrameMeta as JSON values (`{"notices": [...], "executedQueryString": ...}`). Without a `type`
    in it the runtime adds the one that fits the shape, so that alert rules can read the frame (see `contract`).
    """

    fields: Sequence[Field] = ()
    name: str = ""
    ref_id: str = ""
    meta: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Check that the fields have one length, and the metadata."""
        object.__setattr__(self, "fields", tuple(self.fields))
        for field in self.fields:
            if len(field) != len(self.fields[0]):
                first = self.fields[0]
                raise FrameError(
                    f"column {field.name!r} has {len(field)} values but column {first.name!r} has {len(first)}"
                )
        if self.meta is not None:
            object.__setattr__(self, "meta", metadata.meta(self.meta))

    @classmethod
    def of(cls, name: str = "", labels: Labels = None, **columns: object) -> Frame:
        """Make a frame from columns given by name; the labels go to the value columns.

        >>> Frame.of(time=[datetime(2026, 1, 1)], sales=[42.0], labels={"shop": "north"})
        """
        return cls._of_fields([Field(key, values) for key, values in columns.items()], name, labels)

    @classmethod
    def from_arrow(cls, table: object, *, name: str = "", labels: Labels = None, types: Types = None) -> Frame:
        """Make a frame from a table: pyarrow, polars, pandas or any other speaker of Arrow's PyCapsules.

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
        """Make a frame from a structured numpy array, or from one of two dimensions with `names` for its columns."""
        return cls._of_fields(tables.from_numpy(array, names, types), name, labels)

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, object]], *, name: str = "", labels: Labels = None, types: Types = None
    ) -> Frame:
        """Make a frame from dictionaries, one a row; a key that a row lacks is null there."""
        return cls._of_fields(tables.from_records(records, types), name, labels)

    @classmethod
    def from_cursor(
        cls, cursor: object, *, limit: int | None = None, name: str = "", labels: Labels = None, types: Types = None
    ) -> Frame:
        """Make a frame from all rows of a DB-API cursor that has executed its statement.

        With `limit` no more rows are read, and a notice says so when there were more.
        """
        fields, is_cut = tables.from_cursor(cursor, limit, types)
        frame = cls._of_fields(fields, name, labels)
        return frame.with_notice(f"Only the first {limit} rows are shown", "warning") if is_cut else frame

    @classmethod
    def _of_fields(cls, fields: Sequence[Field], name: str, labels: Labels) -> Frame:
        return cls(fields=fields, name=name).labelled(labels)

    def labelled(self, labels: Labels) -> Frame:
        """Put labels on the value columns, over those they have."""
        if not labels:
            return self
        return replace(self, fields=[field.with_labels(labels) if field.is_value else field for field in self.fields])

    def group_by(self, *names: str) -> list[Frame]:
        """Make one frame for each value column and each distinct combination of these columns, which become labels.

        It is the shape of alerting that bears any data (`timeseries-multi`, `numeric-multi`):
        `return Frame.from_cursor(cursor).group_by("host")`.
        """
        groups = tables.group_by(self.fields, names)
        return [replace(self, fields=fields) for fields in groups] or [replace(self, fields=())]

    def with_meta(self, **meta: object) -> Frame:
        """Put keys over the metadata: `frame.with_meta(executedQueryString=sql)`."""
        return replace(self, meta={**(self.meta or {}), **meta})

    def with_notice(self, text: str, severity: str = "info", **more: Any) -> Frame:  # noqa: ANN401
        """Add a notice, which the panel shows; `link` and `inspect` as in `metadata.notice`."""
        notices: Any = (self.meta or {}).get("notices", [])
        return self.with_meta(notices=[*notices, metadata.notice(text, severity, **more)])

    def take(self, rows: pa.Array) -> Frame:
        """Choose rows, in the given order."""
        return replace(self, fields=[field.take(rows) for field in self.fields])

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.fields[0]) if self.fields else 0

    def __getitem__(self, name: str) -> Field:
        """Find the first field of this name."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)
