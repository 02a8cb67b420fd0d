"""Common parts of query editors and the config page: rows, choices from resources, inline labels, imports."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from gfplug.scaffold.react import field_controls
from gfplug.scaffold.react.field_controls import ControlContext, change, label_attributes, problem_of
from gfplug.scaffold.react.form_fields import FormField, reader, visible_if
from gfplug.scaffold.react.typescript import (
    Condition,
    Element,
    item,
    jsx,
    key,
    string,
    text_attribute,
    uses,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.react.type_names import FormTypes

_ROW_WIDTH = 20
_PLACEHOLDER = re.compile(r"\{([\w.]+)\}")
IMPORTED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("CodeEditor", "Combobox", "Field", "FieldSet", "InlineField", "InlineSwitch", "Input", "MultiCombobox"),
            *("RadioButtonGroup", "SecretInput", "SecretTextArea", "TagsInput", "TextArea"),
        ),
        "@grafana/ui",
    ),
    "AdHocFilters": "./controls/AdHocFilters",
    "Headers": "./controls/Headers",
    "NoVariables": "./controls/NoVariables",
    "NumberInput": "./controls/NumberInput",
    "Rows": "./controls/Rows",
    "type RowProps": "./controls/Rows",
    "Section": "./controls/Section",
    "numbers": "./controls/tags",
    "path": "./controls/choices",
    "problem": "./controls/checks",
    "useChoices": "./controls/choices",
    "useComplaints": "./controls/complaints",
    "useEdits": "./controls/edits",
}
"""The names that an editor may import, and their modules."""


def exported_names(form: FormTypes) -> dict[str, str]:
    """Map the names that a form's editor may import to `types.ts`."""
    parts = [form, *form.rows.values()]
    constants = [
        part.choices[each.name]
        for part in parts
        for each in part.fields
        if each.name in part.choices and not each.source
    ]
    values = [name for part in parts for name in (part.defaults, part.read) if name] + constants
    types = [f"type {part.model}" for part in parts if part.model]
    return dict.fromkeys([*values, *types, f"type {form.stored}"], "./types")


def problem_lines(problems: Mapping[str, str]) -> list[str]:
    """Write the constant with the problems, by field."""
    if not problems:
        return []
    return ["const problems = {", *(f"  {key(name)}: {call}," for name, call in problems.items()), "};"]


def choice_lines(form: FormTypes, owner: str, outer: FormTypes | None = None) -> list[str]:
    """Write the constants for choices that resources list; a name in a path is a field of the row, else of the form."""
    fields, read = form.fields, reader(owner)
    values = {field.name: reader("model")(field) for field in outer.fields} if outer else {}
    values |= {field.name: read(field) for field in fields}
    lines = []
    for field in fields:
        if field.source and field.kind != "hidden":
            path, name = _path(field.source, values), form.choices[field.name]
            if test := visible_if(field, fields, read):
                path = f"{test} ? {path} : ''"
            types = "<number>" if field.numeric else ""
            lines.append(f"const {name} = useChoices{types}({string(field.label)}, datasource, {path});")
    return lines


def _path(source: str, values: Mapping[str, str]) -> str:
    if not _PLACEHOLDER.search(source):
        return string(source)
    text = re.sub(r"([`\\]|\$(?=\{))", r"\\\1", source)
    return "path`" + _PLACEHOLDER.sub(lambda name: f"${{{values.get(name[1], string(''))}}}", text) + "`"


def edit(verb: str, field: FormField, stored: str, value: str) -> str:
    """Write the call that changes one field; `verb` is the function."""
    return f"{verb}({change(field, value, stored)})"


def inline_field(field: FormField, context: ControlContext, *more: str, is_checked: bool) -> Element:
    """Write a field with its label on one line."""
    error = " ?? ".join(
        [
            *([item("problems", field.name)] if is_checked else []),
            *([f"{context.choices}.error"] if field.source else []),
        ]
    )
    attributes = [
        text_attribute("label", field.label),
        *more,
        *label_attributes(field, inline=True),
        *([f"disabled={{{context.disabled}}}"] if context.disabled else []),
        *([f"invalid={{Boolean({error})}}", f"error={{{error}}}"] if error else []),
    ]
    return Element("InlineField", attributes, [field_controls.control(field, context)])


def draw_rows(form: FormTypes, field: FormField, identity: str, attributes: Sequence[str]) -> Element:
    """Write a list of rows; `identity` is its id, `attributes` read the rows and write a change."""
    types = form.rows[field.name]
    context = "".join(f" {name}={{{name}}}" for name in _context(form, field))
    help_ = [text_attribute("help", field.help)] if field.help else []
    shared = [identity, text_attribute("label", field.label), *help_, f"newRow={{{types.defaults}}}"]
    return Element("Rows", [*shared, *attributes], [f"{{(row) => <{types.model}Fields {{...row}}{context} />}}"])


def _context(form: FormTypes, field: FormField) -> list[str]:
    """List the properties of a row's component besides the row: the form's values, and the source of choices."""
    rows = form.rows[field.name]
    tests = [visible_if(each, rows.fields, reader("row")) for each in rows.fields]
    code = "\n".join([*choice_lines(rows, "row", form), *tests])
    return [name for name in ("model", "datasource", "app") if uses(code, name)]


def row_components(form: FormTypes, *, disabled: str = "") -> list[str]:
    """Write a component for the rows of each list; `disabled` is the property that disables them, if there is one."""
    return [_row_component(form, field, disabled) for field in form.fields if field.kind == "list"]


def _row_component(form: FormTypes, field: FormField, disabled: str) -> str:
    types, read = form.rows[field.name], reader("row")
    calls = {each.name: problem_of(each, read(each), types.choices.get(each.name, "")) for each in field.fields}
    problems = {name: call for name, call in calls.items() if call}

    def draw(each: FormField) -> Condition:
        name = string(each.name)
        context = ControlContext(
            id=f"id={{id({name})}}",
            value=read(each),
            write_change=partial(edit, "edit", each, "stored"),
            write_choice=partial(edit, "pick", each, "stored"),
            width=_ROW_WIDTH,
            end_edit="{...done}",
            end_edit_function="run",
            choices=types.choices.get(each.name, ""),
            disabled=disabled,
        )
        element = inline_field(each, context, f"htmlFor={{id({name})}}", is_checked=each.name in problems)
        return Condition(visible_if(each, field.fields, read), [element])

    nodes = [draw(each) for each in field.fields if each.kind != "hidden"]
    is_one = len(nodes) == 1 and not nodes[0].test
    lines = jsx(nodes if is_one else [Element("", (), nodes)], 2)
    constants = [*choice_lines(types, "row", form), *problem_lines(problems)]
    code, context = "\n".join([*constants, *lines]), _context(form, field)
    names = [name for name in ("id", "disabled", "edit", "run", "pick", "done") if uses(code, name)]
    kinds = {"model": f"model: {form.model}", "datasource": "datasource: DataSource", "app": "app?: string"}
    more = f" & {{ {'; '.join(kinds[name] for name in context)} }}" if context else ""
    parameters = ", ".join(["stored", *names, *context])
    return "\n".join(
        [
            f"function {types.model}Fields({{ {parameters} }}: RowProps<{types.model}>{more}) {{",
            f"  const row = {types.read}(stored);",
            *(f"  {line}" for line in constants),
            "  return (",
            *lines,
            "  );",
            "}",
        ]
    )
