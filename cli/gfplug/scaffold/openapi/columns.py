"""The columns of rows: one for each scalar, dotted names for nested objects, and JSON text for all other values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.model import Column
from gfplug.scaffold.openapi.nodes import cut
from gfplug.scaffold.openapi.values import kind_of, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.scaffold.openapi.model import Kind, Path
    from gfplug.scaffold.openapi.nodes import Node
    from gfplug.scaffold.openapi.remarks import Remarks
    from gfplug.scaffold.openapi.rows import Rows
    from gfplug.scaffold.openapi.schema_reader import SchemaReader
    from gfplug.scaffold.openapi.shapes import Schema, Shape

MAX_COLUMNS = 200
"""The maximum number of columns of one operation; objects become JSON text before any column is left out."""

_MAX_DEPTH = 4
_NUMBERS_AS_TEXTS: dict[str, Kind] = {
    **dict.fromkeys(("int32", "int64", "uint32", "uint64"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
}
"""Formats of numbers that are sent as texts, as in protobuf's JSON."""

_MAX_PROPERTIES = 10 * MAX_COLUMNS  # the most properties of one object
_LONGEST_NAME = 200
_LONGEST_DESCRIPTION = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A value of a row: its path and its shape; `enclosing` are the schemas around it.

    `column` is its column if the value is not replaced by its properties.
    """

    shape: Shape
    path: Path
    is_required: bool
    enclosing: frozenset[Node]
    column: Column


def build_columns(reader: SchemaReader, rows: Rows, remarks: Remarks) -> tuple[Column, ...]:
    """Return the columns of rows, at least one, with unique names.

    An object becomes one column for each of its properties, outer objects first, up to the limit of columns.
    """
    key = [Column(name="key", path=(), kind="string", is_key=True, is_label=True, is_nullable=False)]
    builder = _Builder(reader, remarks)
    columns = [*(key if rows.kind == "map" else []), *builder.columns(rows.shape)]
    builder.report_lists(rows.shape)
    if len(columns) > MAX_COLUMNS:
        place = _place(rows.shape)
        remarks.leave_out_part(
            place, f"a row has more than {MAX_COLUMNS} columns: {len(columns) - MAX_COLUMNS} are left out"
        )
    return tuple(_with_distinct_names(columns[:MAX_COLUMNS]))


class _Builder:
    """Builds the columns of one kind of row."""

    def __init__(self, reader: SchemaReader, remarks: Remarks) -> None:
        self._reader = reader
        self._remarks = remarks

    def columns(self, row: Shape) -> list[Column]:
        cells = [self._cell(row, (), is_required=True, enclosing=frozenset())]
        for _ in range(_MAX_DEPTH + 1):
            cells = self._open_level(cells)
        return [cell.column for cell in cells]

    def report_lists(self, row: Shape) -> None:
        """Report rows that are lists, and responses with one list for each column: neither can be drawn."""
        inner = [row, *(self._reader.part(schema) for schema in list(row.properties.values())[:MAX_COLUMNS])]
        lists = [[self._item_kinds(schema) for schema in shape.properties.values()] for shape in inner]
        is_columnar = any(
            len(list(filter(None, kinds))) > 1 and any("integer" in each for each in kinds) for kinds in lists
        )
        if row.is_array or is_columnar:
            subject = "each row is a list" if row.is_array else "the response has one list for each column"
            self._remarks.leave_out_part(_place(row), f"{subject}: the lists are JSON text and cannot be drawn")

    def _item_kinds(self, schema: Schema) -> frozenset[str]:
        """Return the kinds of the items of a list of scalars, empty for other schemas; a `number` may be `integer`."""
        shape = self._reader.part(schema)
        item = self._reader.part(shape.items) if shape.is_array and shape.items is not None else None
        return item.kinds if item is not None and item.is_scalar else frozenset()

    def _open_level(self, cells: list[_Cell]) -> list[_Cell]:
        """Replace objects by their properties: always the rows themselves, others up to the limit of columns."""
        opened: list[_Cell] = []
        count, closed = len(cells), 0
        for cell in cells:
            inner = self._properties(cell) if self._may_open(cell) else []
            if inner and (not cell.path or count - 1 + len(inner) <= MAX_COLUMNS):
                opened += inner
                count += len(inner) - 1
            else:
                opened.append(cell)
                closed += bool(inner)
        if closed:
            place = _place(cells[0].shape)
            self._remarks.leave_out_part(
                place, f"a row has more than {MAX_COLUMNS} columns: {closed} objects are JSON text"
            )
        return opened

    def _may_open(self, cell: _Cell) -> bool:
        if cell.shape.conflict or not cell.shape.is_object or not cell.shape.properties:
            return False
        if cell.shape.nodes & cell.enclosing:
            sentence = f"{cell.column.name!r} has a recursive schema: its column is JSON text"
            self._remarks.leave_out_part(_place(cell.shape), sentence)
            return False
        return True

    def _properties(self, cell: _Cell) -> list[_Cell]:
        enclosing = cell.enclosing | cell.shape.nodes
        return [
            self._cell(
                self._reader.part(schema),
                (*cell.path, name),
                is_required=cell.is_required and name in cell.shape.required,
                enclosing=enclosing,
            )
            for name, schema in list(cell.shape.properties.items())[:_MAX_PROPERTIES]
        ]

    def _cell(self, shape: Shape, path: Path, *, is_required: bool, enclosing: frozenset[Node]) -> _Cell:
        is_required = is_required and not shape.is_nullable
        kind, wire = kind_of(shape)
        if kind == "string" and shape.choices is None and not _is_name(path):
            kind = _NUMBERS_AS_TEXTS.get(shape.format, kind)
        choices = [str(scalar(choice, kind)) for choice in shape.choices or ()] if kind == "string" else []
        if shape.conflict:
            sentence = f"{shape.conflict}: the column {_name(path)!r} is JSON text"
            self._remarks.leave_out_part(_place(shape), sentence)
        column = Column(
            name=_name(path),
            path=path,
            kind=kind,
            wire=wire,
            is_label=bool(choices) or self._is_labels(shape),
            is_nullable=not is_required,
            choices=tuple(dict.fromkeys(choices)),
            description=cut(shape.description, _LONGEST_DESCRIPTION),
        )
        return _Cell(shape=shape, path=path, is_required=is_required, enclosing=enclosing, column=column)

    def _is_labels(self, shape: Shape) -> bool:
        """Whether a shape is an object with any keys whose values are texts, such as labels or tags."""
        if not shape.is_object or shape.properties or shape.values is None:
            return False
        return self._reader.part(shape.values).kinds == {"string"}


def _is_name(path: Path) -> bool:
    """Whether a value is a name: it stays a text, so that no digit is lost."""
    return bool(path) and path[-1].lower().endswith(("id", "number", "key", "version"))


def _name(path: Path) -> str:
    """Return a dotted name; `value` for a row that is not an object."""
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
