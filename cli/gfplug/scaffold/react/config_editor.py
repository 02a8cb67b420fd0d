"""`ConfigEditor.tsx`: the config page, which stores each option in the place that the schema names."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gfplug.scaffold.react import field_controls, typescript
from gfplug.scaffold.react.field_controls import ControlContext, change, label_attributes, problem_of
from gfplug.scaffold.react.form_fields import SECRETS, FormField, any_of, condition, sections, simplify_within
from gfplug.scaffold.react.form_parts import IMPORTED, draw_rows, exported_names, problem_lines, row_components
from gfplug.scaffold.react.typescript import Condition, Element, jsx, key, member, string, text_attribute, uses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.react.type_names import FormTypes
    from gfplug.scaffold.react.typescript import Node

_WIDTH = 50
_SAVE = """\
  const save = (change: Options) => onOptionsChange({ ...options, jsonData: { ...options.jsonData, ...change } });
"""
_SECRETS = """\
  const { secureJsonData, secureJsonFields } = options;
  const saveSecret = (change: Secrets) =>
    onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, ...change } });
  const forget = (name: keyof Secrets) =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...secureJsonFields, [name]: false },
      secureJsonData: { ...secureJsonData, [name]: '' },
    });
"""


def write_config_editor(config: Sequence[FormField], settings: FormTypes) -> str:
    """Write the file from all fields of the config page; `settings` are the fields in jsonData."""
    code = "\n\n".join([*row_components(settings, disabled="disabled"), _component(config, settings)])
    names = {
        "type DataSourcePluginOptionsEditorProps": "@grafana/data",
        "config": "@grafana/runtime",
        "React": "react",
        **IMPORTED,
        **exported_names(settings),
        "type Options": "./types",
        "type Secrets": "./types",
    }
    return f"// The config page.\n{typescript.imports(code, names, always='React')}\n\n{code}\n"


def _read(field: FormField) -> str:
    owners = {"root": "options", "url": "options", "secureJsonData": "secureJsonData"}
    if field.store == "secureJsonData":
        return member("secureJsonData", field.name, optional=True)
    return member(owners.get(field.store, "settings"), field.name if field.store != "url" else "url")


def _write(field: FormField, value: str) -> str:
    if field.store in ("root", "url"):
        name = "url" if field.store == "url" else field.name
        pair = value if value == name else f"{key(name)}: {value}"
        return f"onOptionsChange({{ ...options, {pair} }})"
    if field.store == "secureJsonData":
        return f"saveSecret({change(field, value, '')})"
    return f"save({change(field, value, 'options.jsonData')})"


def _is_stored(field: FormField) -> str:
    return member("secureJsonFields", field.name, optional=True)


def _component(config: Sequence[FormField], settings: FormTypes) -> str:
    problems = _problems(config, settings)
    nodes: list[Node] = []
    for name, fields in sections(config):
        tests = [condition(field, config, _read) for field in fields]
        whole = any_of(tests)
        parts: list[Node] = [
            Condition(simplify_within(test, whole), [_draw(field, settings, is_checked=field.name in problems)])
            for field, test in zip(fields, tests, strict=True)
        ]
        label = [text_attribute("label", name)] if name else []
        nodes.append(Condition(whole, [Element("FieldSet", label, parts)]))
    if not nodes:
        nodes = ["<p>This data source has no settings.</p>"]
    lines = jsx([Element("div", ['data-testid="gf-config-editor"'], nodes)], 2)
    code = "\n".join([*lines, *problems.values()])
    functions = [name for name in ("complaint", "done", "leave") if uses("\n".join(lines), name)]
    head = (
        "  const { options, onOptionsChange } = props;\n",
        f"  const settings = {settings.read}(options.jsonData);\n" if uses(code, "settings") else "",
        _SAVE if uses(code, "save") else "",
        _SECRETS if any(field.kind in SECRETS for field in config) else "",
        "".join(f"  {line}\n" for line in problem_lines(problems)),
        f"  const {{ {', '.join(functions)} }} = useComplaints(problems, props);\n" if functions else "",
    )
    is_read = bool(functions) or uses(code, "options")
    props = "props" if is_read else "_props"
    return "\n".join(
        [
            f"export function ConfigEditor({props}: DataSourcePluginOptionsEditorProps<Options, Secrets>) {{",
            ("".join(head) if is_read else "") + "  return (",
            *lines,
            "  );",
            "}",
        ]
    )


def _problems(config: Sequence[FormField], settings: FormTypes) -> dict[str, str]:
    """Write the problem of each field; a hidden field or a stored secret has no problem."""
    problems = {}
    for field in config:
        call = problem_of(field, _read(field), settings.choices.get(field.name, ""))
        if call:
            if field.kind in SECRETS:
                call = f"{_is_stored(field)} ? undefined : {call}"
            if test := condition(field, config, _read):
                inner = f"({call})" if " ? " in call else call
                call = f"{test} ? {inner} : undefined"
            problems[field.name] = call
    return problems


def _draw(field: FormField, settings: FormTypes, *, is_checked: bool) -> Node:
    identity, name = text_attribute("id", f"gf-config-{field.name}"), string(field.name)
    write = partial(_write, field)
    if field.kind == "headers":
        return Element(
            "Headers", [text_attribute("label", field.label), "options={options}", "onChange={onOptionsChange}"]
        )
    if field.kind == "list":
        attributes = [
            f"rows={{{_read(field)}}}",
            "disabled={options.readOnly}",
            f"onChange={{(rows) => {write('rows')}}}",
        ]
        return draw_rows(settings, field, identity, attributes)

    def pick(value: str) -> str:
        return f"{{ {write(value)}; leave({name}); }}" if is_checked and field.required else write(value)

    context = ControlContext(
        id=identity,
        value=_read(field),
        write_change=write,
        write_choice=pick,
        width=_WIDTH,
        end_edit=f"{{...done({name})}}" if is_checked else "",
        end_edit_function=f"() => leave({name})" if is_checked else "",
        disabled="options.readOnly",
        choices=settings.choices.get(field.name, ""),
        stored_test=f"Boolean({_is_stored(field)})" if field.kind in SECRETS else "",
        forget_function=f"() => forget({name})",
    )
    attributes = [
        text_attribute("label", field.label),
        text_attribute("htmlFor", f"gf-config-{field.name}"),
        *label_attributes(field, inline=False),
        "disabled={options.readOnly}",
        *([f"{{...complaint({name})}}"] if is_checked else []),
    ]
    return Element("Field", attributes, [field_controls.control(field, context)])
