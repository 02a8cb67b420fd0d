"""The data frame: what a query answers.

A frame is a name, metadata and fields of equal length; a field is a name, a type, labels, a config and a column of
values. Both are immutable; their values are Arrow arrays, normalised when a field is made (see `columns`), and their
metadata is checked then (see `metadata`), so that a mistake is reported where it happens and not as a response that
Grafana refuses as a whole. `tables` makes frames from tables, cursors and records, `shapes` those that alert rules
read, `series` converts between long and wide.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import columns, enums, metadata
from gfruntime.frames.fieldtypes import VALUES, FieldType
from gfruntime.frames.labels import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017  # the same on Python 3.10
_NS_PER_US = 1000

CopiedT = TypeVar("CopiedT", "Field", "Frame")


@dataclass(frozen=True, slots=True, init=False, eq=False)
class Field:
    """One column of a frame.

    Units: `time` values are nanoseconds since 1970 in UTC.
    Nullability: unless told otherwise a time field is nullable only if it holds a null (readers of alert data look for
    a non-nullable one), and any other field always is, so that its type doesn't change with the data.
    Config: Grafana's FieldConfig as JSON values, such as `{"unit": "s", "displayNameFromDS": "latency"}`.
    """

    name: str
    values: pa.Array
    type: FieldType
    nullable: bool
    labels: Mapping[str, str] | None
    config: Mapping[str, object] | None

    def __init__(
        self,
        name: str,
        values: object,
        type: FieldType | None = None,  # noqa: A002  # Grafana's word
        *,
        nullable: bool | None = None,
        labels: Mapping[str, object] | None = None,
        config: Mapping[str, object] | None = None,
    ) -> None:
        """Normalise the values; see `columns` for what each kind of input becomes, `enums` for type="enum"."""
        if config is not None:
            config = metadata.config(config, name=name)
        if type == "enum":
            values, config = enums.column(values, config, name=name)
        field_type, array = columns.column(values, type, name=name)
        nulls = array.null_count
        if nullable is False and nulls:
            raise FrameError(f"column {name!r} is declared without nulls but has {nulls}")
        chosen = (nulls > 0 if field_type == "time" else True) if nullable is None else nullable
        texts = None if labels is None else normal(labels)
        _set(self, name=name, values=array, type=field_type, nullable=chosen, labels=texts, config=config)

    def __len__(self) -> int:
        """Count the values."""
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        """Compare everything, NaN being equal to NaN."""
        if not isinstance(other, Field):
            return NotImplemented
        mine = (self.name, self.type, self.nullable, self.labels, self.config)
        theirs = (other.name, other.type, other.nullable, other.labels, other.config)
        return mine == theirs and _same(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]  # holds arrays, like a list

    @property
    def is_value(self) -> bool:
        """Tell numbers and booleans, which can be graphed and alerted on, from the rest."""
        return self.type in VALUES

    def to_list(self) -> list[Any]:
        """List the values as Python objects; times become aware UTC datetimes, cut to microseconds."""
        if self.type != "time":
            return self.values.to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types
        ticks = self.values.view(pa.int64()).to_pylist()
        return [None if tick is None else _EPOCH + dt.timedelta(microseconds=tick // _NS_PER_US) for tick in ticks]

    def take(self, rows: pa.Array) -> Field:
        """Choose rows, in the given order."""
        return copied(self, values=self.values.take(rows))

    def with_labels(self, labels: Mapping[str, object]) -> Field:
        """Put labels over those the field has."""
        return copied(self, labels=normal({**(self.labels or {}), **labels}))

    def with_config(self, **config: object) -> Field:
        """Put keys over the config: `field.with_config(unit="s", decimals=1)`."""
        return copied(self, config=metadata.config({**(self.config or {}), **config}, name=self.name))


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
    def of(cls, name: str = "", labels: Mapping[str, object] | None = None, **columns: object) -> Frame:
        """Make a frame from columns given by name; the labels go to the value columns.

        >>> Frame.of(time=[datetime(2026, 1, 1)], sales=[42.0], labels={"shop": "north"})
        """
        fields = [Field(key, values) for key, values in columns.items()]
        return cls(fields=fields, name=name).labelled(labels)

    @classmethod
    def from_arrow(cls, table: object, **options: Any) -> Frame:  # noqa: ANN401  # see `tables`
        """Make a frame from a table: pyarrow, polars, pandas or any other speaker of Arrow's PyCapsules.

        Options: `name`, `labels` for the value columns, `types` (column name → type).
        """
        from gfruntime.frames import tables  # noqa: PLC0415  # it imports this module

        return tables.from_arrow(table, **options)

    @classmethod
    def from_pandas(cls, table: object, **options: Any) -> Frame:  # noqa: ANN401
        """Make a frame from a pandas DataFrame or Series; NaN, NaT, NA and None are null, unless `keep_nan`."""
        from gfruntime.frames import tables  # noqa: PLC0415

        return tables.from_pandas(table, **options)

    @classmethod
    def from_numpy(cls, array: object, **options: Any) -> Frame:  # noqa: ANN401
        """Make a frame from a structured numpy array, or from one of two dimensions with `names` for its columns."""
        from gfruntime.frames import tables  # noqa: PLC0415

        return tables.from_numpy(array, **options)

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, object]], **options: Any) -> Frame:  # noqa: ANN401
        """Make a frame from dictionaries, one a row; a key that a row lacks is null there."""
        from gfruntime.frames import tables  # noqa: PLC0415

        return tables.from_records(records, **options)

    @classmethod
    def from_cursor(cls, cursor: object, **options: Any) -> Frame:  # noqa: ANN401
        """Make a frame from all rows of a DB-API cursor that has executed its statement."""
        from gfruntime.frames import tables  # noqa: PLC0415

        return tables.from_cursor(cursor, **options)

    def labelled(self, labels: Mapping[str, object] | None) -> Frame:
        """Put labels on the value columns, over those they have."""
        if not labels:
            return self
        return replace(self, fields=[field.with_labels(labels) if field.is_value else field for field in self.fields])

    def group_by(self, *names: str) -> list[Frame]:
        """Make one frame for each value column and each distinct combination of these columns, which become labels.

        It is the shape of alerting that bears any data (`timeseries-multi`, `numeric-multi`):
        `return Frame.from_cursor(cursor).group_by("host")`.
        """
        from gfruntime.frames import tables  # noqa: PLC0415

        return tables.group_by(self, names)

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


def copied(original: CopiedT, **changes: object) -> CopiedT:
    """Copy a field or a frame with changes that are normal already."""
    copy = object.__new__(type(original))
    _set(copy, **{name: getattr(original, name) for name in type(original).__slots__} | changes)
    return copy


def _set(made: Field | Frame, **attributes: object) -> None:
    for name, value in attributes.items():
        object.__setattr__(made, name, value)


def _same(mine: pa.Array, theirs: pa.Array) -> bool:
    if mine.equals(theirs):
        return True
    if not pa.types.is_floating(mine.type) or len(mine) != len(theirs):
        return False
    pairs = zip(mine.to_pylist(), theirs.to_pylist(), strict=True)
    return all(a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b)) for a, b in pairs)
