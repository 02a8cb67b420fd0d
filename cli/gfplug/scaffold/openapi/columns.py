"""The columns of rows: one for each scalar, nested objects under dotted names, and JSON text for all else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.model import Column
from gfplug.scaffold.openapi.nodes import cut
from gfplug.scaffold.openapi.values import kind_of, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.scaffold.openapi.model import Path
    from gfplug.scaffold.openapi.nodes import Node
    from gfplug.scaffold.openapi.remarks import Remarks
    from gfplug.scaffold.openapi.rows import Rows
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Shape

MOST = 200
"""Columns of one operation; deeper objects become JSON text before any column is left out."""

_DEPTHS = (4, 3, 2, 1, 0)
_LONGEST_NAME = 200
_LONGEST_DESCRIPTION = 500


def build_columns(reader: SchemaReader, rows: Rows, remarks: Remarks) -> tuple[Column, ...]:
    """Return the columns of rows, at least one, with names that differ.

    Raises: FlawError as SchemaReader does.
    """
    key = [Column(name="key", path=(), kind="string", is_key=True, is_label=True, is_nullable=False)]
    first = key if rows.kind == "map" else []
    for depth in _DEPTHS:
        walk = _Walk(reader, depth)
        columns = [*first, *walk.columns(rows.shape)]
        if len(columns) <= MOST or depth == 0:
            break
    if len(columns) > MOST:
        remarks.leave_out_part(walk.place, f"a row has more than {MOST} columns: {len(columns) - MOST} are left out")
    elif depth < _DEPTHS[0]:
        remarks.leave_out_part(
            walk.place, f"a row has more than {MOST} columns: objects {depth + 1} deep are JSON text"
        )
    for place, reason in walk.remarks.items():
        remarks.leave_out_part(place, reason)
    return tuple(_with_distinct_names(columns[:MOST]))


class _Walk:
    """One walk over the properties of a row, to a depth of objects."""

    def __init__(self, reader: SchemaReader, depth: int) -> None:
        self._reader = reader
        self._depth = depth
        self.remarks: dict[str, str] = {}
        self.place = "/"

    def columns(self, row: Shape) -> list[Column]:
        """Return a row's columns; at most a few more than `MOST`."""
        self.place = _place(row)
        columns = []
        for column in self._of(row, (), is_required=True, passed=frozenset()):
            columns.append(column)
            if len(columns) > 10 * MOST:
                break
        return columns

    def _of(self, shape: Shape, path: Path, *, is_required: bool, passed: frozenset[Node]) -> Iterator[Column]:
        is_required = is_required and not shape.is_nullable
        if shape.conflict:
            self.remarks[_place(shape)] = f"{shape.conflict}: {_name(path)!r} is shown as JSON text"
            yield self._column(shape, path, is_required=is_required, is_json=True)
        elif not shape.is_object or not shape.properties or len(path) > self._depth:
            yield self._column(shape, path, is_required=is_required)
        elif shape.nodes & passed:
            self.remarks[_place(shape)] = f"{_name(path)!r} holds things of its own kind: it is shown as JSON text"
            yield self._column(shape, path, is_required=is_required)
        else:
            for name, schema in shape.properties.items():
                needed = is_required and name in shape.required
                inner = self._reader.part(schema)
                yield from self._of(inner, (*path, name), is_required=needed, passed=passed | shape.nodes)

    def _column(self, shape: Shape, path: Path, *, is_required: bool, is_json: bool = False) -> Column:
        kind, wire = kind_of(shape)
        choices = [str(scalar(choice, kind)) for choice in shape.choices or ()] if kind == "string" else []
        return Column(
            name=_name(path),
            path=path,
            kind="json" if is_json else kind,
            wire="" if is_json else wire,
            is_label=bool(choices) or self._is_labels(shape),
            is_nullable=not is_required,
            choices=tuple(dict.fromkeys(choices)),
            description=cut(shape.description, _LONGEST_DESCRIPTION),
        )

    def _is_labels(self, shape: Shape) -> bool:
        """Whether it is an object of texts under any keys, as labels and tags are."""
        if not shape.is_object or shape.properties or shape.values is None:
            return False
        return self._reader.part(shape.values).kinds == {"string"}


def _name(path: Path) -> str:
    """Return a dotted name; that of a row that is no object is `value`."""
    return cut(".".join(path), _LONGEST_NAME) or "value"


def _with_distinct_names(columns: list[Column]) -> Iterator[Column]:
    names: set[str] = set()
    for column in columns:
        name, number = column.name, 2
        while name in names:
            name, number = f"{column.name}_{number}", number + 1
        names.add(name)
        yield replace(column, name=name)


def _place(shape: Shape) -> str:
    return min((node.place for node in shape.nodes), default="/")
