"""Small API descriptions, and reading them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi import description

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import Column, DataSource, Operation, Parameter

ROW = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
"""The schema of one row."""


def answer(schema: Any = None, **media: Any) -> dict[str, Any]:
    """Make a response in JSON; without a schema it is a list of rows."""
    schema = {"type": "array", "items": ROW} if schema is None else schema
    return {"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema, **media}}}}}


def get(schema: Any = None, **operation: Any) -> dict[str, Any]:
    """Make a path with a GET."""
    return {"get": {**answer(schema), **operation}}


def describe(paths: dict[str, Any], *, schemas: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """Make a description of OpenAPI 3.0."""
    top = {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example/v1"}],
    }
    return {**top, "paths": paths, "components": {"schemas": schemas or {}}, **rest}


def read(value: Any, **options: Any) -> DataSource:
    """Read a description from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "api.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return description.read(str(path), **options)


def operation(value: Any) -> Operation:
    """Read a description of one query."""
    (only,) = read(value).operations
    return only


def of_schema(schema: Any, *, path: str = "/things", **rest: Any) -> Operation:
    """Read a GET whose response has a schema."""
    return operation(describe({path: get(schema)}, **rest))


def columns(query: Operation) -> dict[str, tuple[str, str]]:
    """Map names of a query's columns to their kinds and wire formats."""
    return {column.name: (column.kind, column.wire) for column in query.response.columns}


def column(query: Operation, name: str) -> Column:
    """Return one column."""
    return next(column for column in query.response.columns if column.name == name)


def parameters(*nodes: Any, path: str = "/things", **rest: Any) -> list[Parameter]:
    """Read the parameters of a GET."""
    return list(operation(describe({path: get(parameters=list(nodes))}, **rest)).parameters)


def query(name: str, schema: Any = None, **node: Any) -> dict[str, Any]:
    """Make a parameter of the query string."""
    return {"name": name, "in": "query", "schema": {"type": "string"} if schema is None else schema, **node}


def reasons(value: Any) -> list[tuple[str, str, str]]:
    """List the omissions of a description: kind, place, reason."""
    return [(omission.kind, omission.place, omission.reason) for omission in read(value).left_out]
