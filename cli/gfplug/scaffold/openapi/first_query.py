"""The example queries: one for each operation, and the queries of a new project's dashboard and alert rule."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.operation_fields import is_id
from gfplug.scaffold.openapi.python_text import Bracket, call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.openapi.model import Column, DataSource, Parameter, Path, Response
    from gfplug.scaffold.openapi.operation_fields import QueryClass, QueryField

_NUMBERS = ("integer", "number")
_MOST_LABELS = 4
_NUMBER_LIMIT = 1 << 63
_TEXTS = {"rfc3339": "2026-01-01T00:00:00Z", "date": "2026-01-01"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstQueries:
    """The queries of the template's provisioning, as JSON, and the column and threshold of its alert rule.

    Shape: `table` and `rule` are queries without their ref id; `rule` is None if no operation returns numbers. The
    threshold is below the numbers of the example response, so that the rule fires. `secrets` and `has_basic_auth`
    are the credentials that the mock expects.
    """

    table: Mapping[str, Any]
    rule: Mapping[str, Any] | None
    column: str
    threshold: int
    secrets: Sequence[str]
    has_basic_auth: bool

    def to_template(self) -> dict[str, Any]:
        """Return the values that the template's files use; the queries are JSON, which is also YAML."""
        rule = self.rule or self.table
        return {
            "has_rule": self.rule is not None,
            "table_query": _as_yaml({"refId": "A", **self.table}),
            "table_model": shlex.quote(_as_yaml(self.table)),
            "rule_query": _as_yaml({"refId": "A", **rule}),
            "rule_fields": {_as_yaml(key): _as_yaml(value) for key, value in rule.items()},
            "rule_title": _as_yaml(f"{self.column} is above {self.threshold}"),
            "threshold": self.threshold,
            "secrets": list(self.secrets),
            "has_basic_auth": self.has_basic_auth,
        }


def _as_yaml(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write JSON that is also YAML: without surrogate pairs as escapes, and without single surrogates."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(
        character if character.isprintable() or character > "\uffff" else json.dumps(character)[1:-1]
        for character in text
    )


def example_call(each: QueryClass) -> Bracket:
    """Write a query of one operation to which the mock responds."""
    return call(each.class_name, **example_values(each))


def example_values(each: QueryClass) -> dict[str, Any]:
    """Return values for the required fields of an operation."""
    return {field.name: _value(field, field.parameter) for field in each.fields if field.is_needed and field.parameter}


def first_queries(source: DataSource, classes: Sequence[QueryClass], secrets: Sequence[str]) -> FirstQueries:
    """Choose the first suitable operation, preferably an operation without required fields."""
    numeric = [each for each in classes if _with_kind(each, *_NUMBERS)]
    measuring = [each for each in numeric if not all(map(is_id, _with_kind(each, *_NUMBERS)))] or numeric
    rule = next((each for each in measuring if each.needs_nothing), next(iter(measuring), None))
    table = next((each for each in classes if each.needs_nothing), classes[0])
    column = None if rule is None else min(_with_kind(rule, *_NUMBERS), key=is_id)
    return FirstQueries(
        table=_model(table),
        rule=None if rule is None or column is None else _model(rule, **_view(rule, column)),
        column="" if column is None else column.name,
        threshold=0 if rule is None or column is None else _threshold(rule.operation.response, column.path),
        secrets=secrets,
        has_basic_auth=any(each.kind == "basic" for each in source.auth),
    )


def _model(each: QueryClass, **view: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    values = {**example_values(each), **view}
    return {"operation": each.name, **({each.name: values} if values else {})}


def _view(each: QueryClass, column: Column) -> dict[str, Any]:
    """Choose the alert rule's input: series over the first time column, or numbers labelled by the text columns."""
    labels = [one.name for one in _with_kind(each, "string", "json") if one.is_label]
    if times := _with_kind(each, "time"):
        view = {"show": "series", "time_column": times[0].name}
    else:
        labels = [*labels, *(one.name for one in _with_kind(each, "string") if not one.is_label)][:_MOST_LABELS]
        view = {"show": "numbers"}
    own = {"value_columns": [column.name], "label_columns": labels}
    return {**view, **{name: value for name, value in own.items() if name in {field.name for field in each.fields}}}


def _with_kind(each: QueryClass, *kinds: str) -> list[Column]:
    """List the columns of these kinds whose names Grafana uses unchanged."""
    columns = each.operation.response.columns
    return [one for one in columns if one.kind in kinds and one.name.isprintable() and "$" not in one.name]


def _threshold(response: Response, keys: Path) -> int:
    """Return a whole number below all numbers of the column in the example response."""
    rows = _find(json.loads(response.example), response.row_path)
    items = rows if isinstance(rows, list) else list(rows.values()) if response.shape == "map" and rows else [rows]
    numbers = [number for row in items if _is_number(number := _find(row, keys))]
    return math.floor(min(numbers)) - 1 if numbers else 0


def _find(value: Any, keys: Path) -> Any:  # noqa: ANN401 - JSON
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _NUMBER_LIMIT


def _value(field: QueryField, parameter: Parameter) -> object:
    """Return a value for a required field: the description's example, or a generated one."""
    example = parameter.example
    items = example if isinstance(example, tuple) else () if example is None else (example,)
    values: list[object] = [one for one in items if _fits(one, field, parameter)] or [_any_value(field, parameter)]
    if field.annotation.startswith("tuple["):
        return tuple(values)
    return values[0]


def _fits(value: object, field: QueryField, parameter: Parameter) -> bool:
    if parameter.type.choices:
        return value in parameter.type.choices and "$" not in str(value)
    if isinstance(value, str):
        is_text = "str" in field.annotation and value.strip() and "$" not in value
        return bool(is_text) and (parameter.type.kind != "integer" or value.isdecimal())
    minimum, maximum = field.ui.get("minimum"), field.ui.get("maximum")
    return (
        "str" not in field.annotation
        and _is_number(value)
        and ("float" in field.annotation or isinstance(value, int))
        and (minimum is None or value >= minimum)
        and (maximum is None or value <= maximum)
    )


def _any_value(field: QueryField, parameter: Parameter) -> object:
    if parameter.type.choices:  # Grafana replaces `$name` with an environment variable
        return next((one for one in parameter.type.choices if "$" not in str(one)), parameter.type.choices[0])
    if "str" in field.annotation:
        if parameter.type.kind == "json":
            return "{}"
        return "1" if parameter.type.kind == "integer" else _TEXTS.get(parameter.type.wire, "example")
    limits = [limit for limit in (field.ui.get("minimum"), field.ui.get("maximum")) if limit is not None]
    return math.ceil(limits[0]) if limits else 1
