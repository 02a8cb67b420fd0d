"""The fields of an operation's dataclass, which a query sets: their types, defaults and presentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.class_names import camel
from gfplug.scaffold.openapi.python_text import Bracket, Code, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfplug.scaffold.openapi.class_names import ClassNames
    from gfplug.scaffold.openapi.model import Column, DataSource, Operation, Parameter

_LONGEST_HELP = 300
_LONGEST_PLACEHOLDER = 60
_LONGEST_DEFAULT = 60
_VIEW = ("show", "time_column", "value_columns", "label_columns")
_NOT_FIELDS = {*_VIEW, "str", "int", "float", "bool", "tuple", "constructor", "prototype"}
_NOT_IN_MODELS = {"operation", "hide", "key", "datasource", "scopes", "constructor", "prototype"}
"""Names that have a meaning in Grafana, in JavaScript or in the class itself."""

_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "json": "str"}
_NUMBERS = ("integer", "number")
_WHOLE = "-?[0-9]+"

SHOW = {"widget": "radio", "help": "A table, series over time, or numbers; for alert rules, use series or numbers"}
"""The presentation of the field `show`, which is the same in all operations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryField:
    """One field; `annotation` is its type without the presentation, `ui` are the arguments of `Ui`."""

    name: str
    annotation: Code
    default: object
    ui: Mapping[str, Any]
    parameter: Parameter | None = None

    @property
    def is_needed(self) -> bool:
        """Return whether a query needs a value for the field."""
        return bool(self.ui.get("required")) and self.default in ("", (), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryClass:
    """The dataclass of one operation; `names` maps the identifiers of all parameters to their names in the code."""

    operation: Operation
    name: str
    class_name: str
    fields: tuple[QueryField, ...]
    names: Mapping[str, str]

    @property
    def needs_nothing(self) -> bool:
        """Return whether the operation needs no values."""
        return not any(each.is_needed for each in self.fields)

    @property
    def bounds_rows(self) -> bool:
        """Return whether the panel's time range limits the answer."""
        return any(parameter.bound for parameter in self.operation.parameters)


def plan_classes(source: DataSource, names: ClassNames) -> list[QueryClass]:
    """Plan the dataclasses of all operations."""
    model_names = _names_of([each.identifier for each in source.operations], _NOT_IN_MODELS, "query")
    classes = {each.identifier: names.take(camel(each.identifier)) for each in source.operations}
    parameters = {
        each.identifier: _names_of([one.identifier for one in each.parameters], _NOT_FIELDS, "parameter")
        for each in source.operations
    }
    query_classes = []
    for operation in source.operations:
        plan = _Plan(operation, model_names, parameters, classes[operation.identifier], names)
        query_classes.append(
            QueryClass(
                operation=operation,
                name=model_names[operation.identifier],
                class_name=classes[operation.identifier],
                fields=(*plan.parameters(), *plan.view()),
                names=parameters[operation.identifier],
            )
        )
    return query_classes


@dataclass(frozen=True, slots=True)
class _Plan:
    """The input for the fields of one operation."""

    operation: Operation
    model_names: Mapping[str, str]
    parameter_names: Mapping[str, Mapping[str, str]]
    class_name: str
    names: ClassNames

    def parameters(self) -> list[QueryField]:
        parameters = [each for each in self.operation.parameters if _is_shown(each, self.operation)]
        return [self._parameter(each, {one.identifier for one in parameters}) for each in parameters]

    def _parameter(self, parameter: Parameter, field_names: Collection[str]) -> QueryField:
        options_from = self._options_from(parameter, field_names)
        annotation, default = self._type(parameter, is_text=bool(options_from))
        kind, is_list = parameter.type.kind, parameter.type.is_list
        has_limits = kind in _NUMBERS and not options_from and not _is_choice(parameter)
        ui = {
            "help": one_line(parameter.description, longest=_LONGEST_HELP) or None,
            "placeholder": _placeholder(parameter, annotation),
            "minimum": _number(parameter.type.minimum) if has_limits else None,
            "maximum": _number(parameter.type.maximum) if has_limits else None,
            "required": True if parameter.is_required and default in ("", (), None) else None,
            "pattern": _WHOLE if options_from and kind == "integer" else None,
            "options_from": options_from,
            **({"widget": "code", "language": "json"} if kind == "json" and not is_list else {}),
        }
        name = self.parameter_names[self.operation.identifier][parameter.identifier]
        return QueryField(name=name, annotation=annotation, default=default, ui=ui, parameter=parameter)

    def _type(self, parameter: Parameter, *, is_text: bool) -> tuple[Code, object]:
        """Choose the type of a parameter, and its default."""
        kind, default, is_list = parameter.type.kind, parameter.default, parameter.type.is_list
        if kind == "json":  # includes lists: the user types a list as one text
            return Code("str"), default if isinstance(default, str) else ""
        if _is_choice(parameter) or (is_list and kind == "boolean"):
            values = parameter.type.choices if _is_choice(parameter) else ("true", "false")
            item = self.names.choose(camel(parameter.identifier), values, self.class_name)
            if is_list:
                return Code(f"tuple[{item}, ...]"), default if isinstance(default, tuple) and kind != "boolean" else ()
            first = values[0] if parameter.is_required else None
            value = default if default in values else first
            return (Code(f"{item} | None"), None) if value is None else (item, value)
        has_count = kind == "time" and parameter.type.wire in ("seconds", "milliseconds")
        plain = "int" if has_count else "str" if is_text else _TYPES.get(kind, "str")
        if is_list:
            items = default if isinstance(default, tuple) else ()
            return Code(f"tuple[{plain}, ...]"), tuple(map(str, items)) if is_text else items
        if plain == "str":
            is_prose = default is None or len(str(default)) > _LONGEST_DEFAULT  # a sentence, not a value
            return Code("str"), "" if is_prose else str(default)
        if default is None and plain == "bool" and parameter.is_required:
            default = False
        return (Code(f"{plain} | None"), None) if default is None else (Code(plain), default)

    def _options_from(self, parameter: Parameter, field_names: Collection[str]) -> str | None:
        """Return the path of the resource that lists a parameter's choices; None if there is no resource."""
        source = parameter.options_from
        is_fit = parameter.type.kind in ("string", "integer") and not _is_choice(parameter)
        if source is None or not is_fit or source.operation not in self.model_names:
            return None
        if not {own for _, own in source.arguments} <= set(field_names):
            return None
        own, theirs = (self.parameter_names[each] for each in (self.operation.identifier, source.operation))
        model = self.model_names[self.operation.identifier]
        query = "&".join(f"{theirs[other]}={{{model}.{own[mine]}}}" for other, mine in source.arguments)
        return f"choices/{model}.{own[parameter.identifier]}" + (f"?{query}" if query else "")

    def view(self) -> list[QueryField]:
        """Plan the fields that choose how to show the rows, if the rows have numbers."""
        columns = self.operation.response.columns
        times, numbers = _names_of_kinds(columns, "time"), _names_of_kinds(columns, *_NUMBERS)
        texts = [each.name for each in columns if each.is_label or each.kind in ("string", "boolean") or is_id(each)]
        if not numbers:
            return []
        views = ("table", *(["series"] if times else []), "numbers")
        is_bounded = any(parameter.bound for parameter in self.operation.parameters)
        default = "series" if times and is_bounded else "table"
        show = f"{self.model_names[self.operation.identifier]}.show"
        graph_condition = {show: [each for each in views if each != "table"]}
        labels = tuple(each.name for each in columns if each.is_label)
        fields = [
            QueryField(
                name="show",
                annotation=self._choose("ShowSeries" if times else "Show", views),
                default=default,
                ui=SHOW,
            )
        ]
        if times:
            fields.append(self._view_field("time_column", times, times[0], show_if={show: ["series"]}))
        if len(numbers) > 1:
            default_columns = "all except ids" if any(map(is_id, columns)) else "all"
            help_text = f"Empty: {default_columns}"
            fields.append(self._view_field("value_columns", numbers, (), help=help_text, show_if=graph_condition))
        if texts:
            help_text = "The columns that distinguish the series"
            fields.append(self._view_field("label_columns", texts, labels, help=help_text, show_if=graph_condition))
        return fields

    def _view_field(self, name: str, values: Sequence[str], default: object, **ui: Any) -> QueryField:  # noqa: ANN401
        item = self._choose(self.class_name + camel(name.removesuffix("s")), tuple(values))
        is_list = isinstance(default, tuple)
        condition = Bracket("{", tuple((f'"{key}": ', _list(each)) for key, each in ui.pop("show_if").items()), "}")
        annotation = Code(f"tuple[{item}, ...]") if is_list else item
        return QueryField(name=name, annotation=annotation, default=default, ui={**ui, "show_if": condition})

    def _choose(self, name: str, values: tuple[str, ...]) -> Code:
        return self.names.choose(name, values, self.class_name)


def is_id(column: Column) -> bool:
    """Return whether a column of whole numbers has ids and not measurements."""
    name = column.name.rpartition(".")[2]
    return column.kind == "integer" and (name.lower() == "id" or name.endswith(("_id", "Id", "ID")))


def is_page_parameter(parameter: Parameter, operation: Operation) -> bool:
    """Return whether a parameter requests the next page."""
    pages = operation.pagination
    if pages is None:
        return False
    return parameter.identifier == pages.parameter or (parameter.identifier == pages.size_parameter and pages.size > 0)


def _is_shown(parameter: Parameter, operation: Operation) -> bool:
    return not parameter.bound and not is_page_parameter(parameter, operation)


def _is_choice(parameter: Parameter) -> bool:
    return bool(parameter.type.choices) and parameter.type.kind in ("string", "integer")


def _names_of_kinds(columns: Sequence[Column], *kinds: str) -> list[str]:
    return [each.name for each in columns if each.kind in kinds]


def _list(values: Sequence[str]) -> Bracket:
    return Bracket("[", tuple(("", value) for value in values), "]")


def _names_of(identifiers: Sequence[str], reserved: Collection[str], suffix: str) -> dict[str, str]:
    """Map each identifier to a unique name that is not reserved."""
    names: dict[str, str] = {}
    used_names = {each for each in identifiers if each not in reserved}
    for each in identifiers:
        name, number = each if each not in reserved else f"{each}_{suffix}", 2
        while each in reserved and name in used_names:
            name, number = f"{each}_{suffix}_{number}", number + 1
        used_names.add(name)
        names[each] = name
    return names


def _placeholder(parameter: Parameter, annotation: Code) -> str | None:
    example = parameter.example
    is_typed = annotation in ("str", "int | None", "float | None", "int", "float")
    if example is None or isinstance(example, (tuple, bool)) or not is_typed:
        return None
    return one_line(str(example), longest=_LONGEST_PLACEHOLDER) or None


def _number(limit: float | None) -> float | None:
    """Write a limit as a whole number if its fraction is zero."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
