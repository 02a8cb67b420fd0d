"""Write `src/upstream/models.py`: the options, a dataclass for each operation, and the query that chooses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.class_names import choices_type
from gfplug.scaffold.openapi.operation_fields import SHOW
from gfplug.scaffold.openapi.option_fields import GRANTS, option_lines
from gfplug.scaffold.openapi.python_text import (
    Bracket,
    Code,
    annotated,
    call,
    doc,
    identifier,
    layout,
    mapping,
    one_line,
    subscript,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.openapi.class_names import ClassNames
    from gfplug.scaffold.openapi.model import DataSource
    from gfplug.scaffold.openapi.operation_fields import QueryClass
    from gfplug.scaffold.openapi.option_fields import OptionNames

_LONGEST_LABEL = 80


def write_models(
    source: DataSource,
    classes: Sequence[QueryClass],
    options: OptionNames,
    names: ClassNames,
    examples: Mapping[str, Bracket],
) -> str:
    """Write the module; `examples` are calls of the dataclasses, by the names in the model."""
    fields = option_lines(source, options, names)
    has_oauth2 = any(each.kind == "oauth2" for each in source.auth)
    names_in_use = {"HttpOptions": True, "OAuth2Options": has_oauth2, "Secret": bool(options.secrets), "Ui": True}
    lines = [
        doc("The data source's options and its queries, as Grafana saves them: a dataclass for each operation."),
        "",
        "from dataclasses import dataclass",
        "from typing import Annotated, Literal",
        "",
        f"from gfruntime import {', '.join(name for name, is_used in names_in_use.items() if is_used)}",
        "",
    ]
    for name, values in names.choices.items():
        lines += layout(f"{name} = ", choices_type(values))
    lines += layout("Operation = ", subscript("Literal", *(each.name for each in classes)))
    lines += _constants(source, classes)
    lines += [
        "",
        "",
        "@dataclass(frozen=True)",
        "class Options:",
        doc("What the config page saves.", depth=1),
        "",
        *fields,
    ]
    for each in classes:
        lines += _query_class(each)
    lines += _model(classes)
    queries = {each.name: Code(each.class_name) for each in classes}
    lines += ["", "", *layout("QUERIES = ", mapping(queries))]
    example_calls = {each.name: _example(each, examples[each.name]) for each in classes}
    lines += layout("EXAMPLES = ", mapping(example_calls))
    return "\n".join(lines) + "\n"


def _constants(source: DataSource, classes: Sequence[QueryClass]) -> list[str]:
    """Write the constants that several fields share."""
    lines: list[str] = []
    if any(field.ui is SHOW for each in classes for field in each.fields):
        lines += layout("SHOW = ", call("Ui", **SHOW))
    if any(each.token_url or each.scopes for each in source.auth):
        lines += layout("GRANTS = ", GRANTS)
    return lines


def _query_class(each: QueryClass) -> list[str]:
    operation = each.operation
    title = operation.summary or operation.description or f"{operation.method} {operation.path}"
    lines = ["", "", "@dataclass(frozen=True)", f"class {identifier(each.class_name)}:", doc(title, depth=1)]
    if each.fields:
        lines.append("")
    for field in each.fields:
        ui = {key: value for key, value in field.ui.items() if value is not None}
        ui_code = Code("SHOW") if field.ui is SHOW else call("Ui", **ui)
        annotation = subscript("Annotated", field.annotation, ui_code) if ui else field.annotation
        lines += annotated(field.name, annotation, field.default)
    return lines


def _model(classes: Sequence[QueryClass]) -> list[str]:
    """Write the query's class: the operation, and the parameters of each operation."""
    first = next((each for each in classes if each.needs_nothing), classes[0])
    lines = ["", "", "@dataclass(frozen=True)", "class Model:", doc("What the query editor sends.", depth=1), ""]
    lines += annotated(
        "operation", subscript("Annotated", Code("Operation"), call("Ui", label="Operation")), first.name
    )
    for each in classes:
        if each.fields:
            label = one_line(each.operation.summary, longest=_LONGEST_LABEL) or None
            show_if = Bracket("{", (('"operation": ', Bracket("[", (("", each.name),), "]")),), "}")
            annotation = subscript("Annotated", Code(each.class_name), call("Ui", label=label, show_if=show_if))
            lines += annotated(each.name, annotation, Code(f"{each.class_name}()"))
    return lines


def _example(each: QueryClass, example: Bracket) -> Bracket:
    """Write a query of one operation, with the description's example values."""
    own = {each.name: example} if example.items else {}
    return call("Model", operation=each.name, **own)
