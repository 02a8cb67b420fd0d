"""One column of a frame: a name, a type, labels, a config and values.

A field is immutable. Its values are an Arrow array, normalised when the field is created (see `columns`), and its
config is checked then (see `metadata`), so that an error is raised where the mistake is, and Grafana never refuses a
whole response.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

from gfruntime.errors import FrameError
from gfruntime.frames import columns, enums, metadata
from gfruntime.frames.fieldtypes import VALUES, FieldType
from gfruntime.frames.labels import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017  # the same on Python 3.10
_NS_PER_US = 1000

T = TypeVar("T")

_set = object.__setattr__  # fields and frames are frozen


@dataclass(frozen=True, slots=True, init=False, eq=False)
class Field:
    """One column of a frame.

    Units: `time` values are nanoseconds since 1970 in UTC.
    Nullability: by default a time field is nullable only if it has a null, because readers of alert data need
    non-nullable times. Other fields are nullable, so that their types don't change with the data.
    Config: Grafana's FieldConfig as JSON values, such as `{"unit": "s", "displayNameFromDS": "latency"}`.

    >>> Field("latency", [1.5, None], labels={"host": "a"}, config={"unit": "s"}).type
    'float64'
    """

    name: str
    """The column's name."""

    values: pa.Array
    """The values as an Arrow array."""

    type: FieldType
    """The column's type, by Grafana's name."""

    nullable: bool
    """Whether the type allows nulls."""

    labels: Mapping[str, str] | None
    """The labels that distinguish this series from others of its name; None without labels."""

    config: Mapping[str, object] | None
    """Grafana's FieldConfig; None if it is not set."""

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
        """Normalise the values; see `columns` for how each input is converted, `enums` for type="enum"."""
        if config is not None:
            config = metadata.config(config, name=name)
        if type == "enum":
            values, config = enums.column(values, config, name=name)
        field_type, array = columns.column(values, type, name=name)
        nulls = array.null_count
        if nullable is False and nulls:
            raise FrameError(f"column {name!r} has nullable=False but contains {nulls} nulls")
        if nullable is None:
            nullable = nulls > 0 if field_type == "time" else True
        _set(self, "name", name)
        _set(self, "values", array)
        _set(self, "type", field_type)
        _set(self, "nullable", nullable)
        _set(self, "labels", None if labels is None else normalise(labels))
        _set(self, "config", config)

    def __len__(self) -> int:
        """Count the values."""
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        """Compare all attributes; NaN equals NaN."""
        if not isinstance(other, Field):
            return NotImplemented
        mine = (self.name, self.type, self.nullable, self.labels, self.config)
        theirs = (other.name, other.type, other.nullable, other.labels, other.config)
        return mine == theirs and _same(self.values, other.values)

    __hash__ = None  # type: ignore[assignment]  # holds arrays, like a list

    @property
    def is_value(self) -> bool:
        """Tell whether the values are numbers or booleans, which panels draw and alert rules read."""
        return self.type in VALUES

    def to_list(self) -> list[Any]:
        """Return the values as Python objects; times become aware UTC datetimes, cut to microseconds."""
        if self.type != "time":
            return self.values.to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types
        ticks = self.values.view(pa.int64()).to_pylist()
        return [None if tick is None else _EPOCH + dt.timedelta(microseconds=tick // _NS_PER_US) for tick in ticks]

    def take(self, rows: pa.Array) -> Field:
        """Return a field of the rows with these numbers, in this order.

        Shape: `rows` is an Arrow array of integers, counted from 0.
        """
        return copy_with(self, values=self.values.take(rows))

    def with_labels(self, labels: Mapping[str, object]) -> Field:
        """Set labels; existing labels of other names stay."""
        return copy_with(self, labels=normalise({**self.labels, **labels} if self.labels else labels))

    def with_config(self, **config: object) -> Field:
        """Set keys of the config: `field.with_config(unit="s", decimals=1)`."""
        return copy_with(self, config=metadata.config({**(self.config or {}), **config}, name=self.name))


def copy_with(original: T, **changes: object) -> T:
    """Copy a field or a frame with changes that need no check, because they are already normalised."""
    copy = object.__new__(type(original))
    for name in type(original).__slots__:  # type: ignore[attr-defined]  # both have them
        _set(copy, name, getattr(original, name))
    for name, value in changes.items():
        _set(copy, name, value)
    return copy


def _same(mine: pa.Array, theirs: pa.Array) -> bool:
    if mine.equals(theirs):
        return True
    if not pa.types.is_floating(mine.type) or len(mine) != len(theirs):
        return False
    pairs = zip(mine.to_pylist(), theirs.to_pylist(), strict=True)
    return all(a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b)) for a, b in pairs)
