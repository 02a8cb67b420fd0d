"""Write one field of a form as JSX: its label, and the control of @grafana/ui for its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.scaffold.react.form_fields import TEXTS, FormField
from gfplug.scaffold.react.typescript import Element, key, literal, member, string, text_attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlContext:
    """The context of a control: the code that reads its value, writes a change, and finishes an edit.

    `write_change` writes the statement for a change while typing, `write_choice` for a choice; both take the code of
    the new value. `end_edit` are the properties that finish an edit of an input, `end_edit_function` does so in other
    controls; empty if nothing is validated.
    `choices` is the name of the constant, or of the result of `useChoices`.
    """

    id: str
    value: str
    write_change: Callable[[str], str]
    write_choice: Callable[[str], str]
    width: int
    end_edit: str = ""
    end_edit_function: str = ""
    disabled: str = ""
    choices: str = ""
    stored_test: str = ""
    """For a secret: the test whether it is stored."""
    forget_function: str = ""
    """For a secret: the function that deletes it."""


def bounds_of(field: FormField, choices: str = "") -> str:
    """Write the rules for a value, as the argument of `problem`; empty if every value is valid."""
    if field.kind in ("hidden", "headers"):
        return ""
    parts = ["required: true"] if field.required else []
    if field.kind == "list":
        pass
    elif field.is_number:
        limits = {"min": field.min, "max": field.max}
        parts += ["number: true", *(["whole: true"] if field.integer else [])]
        parts += [f"{name}: {literal(limit)}" for name, limit in limits.items() if limit is not None]
    elif choices and not field.source:
        parts.append(f"choices: {choices}")
    elif field.pattern:
        parts.append(f"pattern: {string(field.pattern)}")
    return f"{{ {', '.join(parts)} }}" if parts else ""


def problem_of(field: FormField, value: str, choices: str = "") -> str:
    """Write the call that returns the problem of a value; empty if every value is valid."""
    bounds = bounds_of(field, choices)
    return f"problem({string(field.label)}, {value}, {bounds})" if bounds else ""


def change(field: FormField, value: str, stored: str) -> str:
    """Write a change of one field, as an object; a field of a nested dataclass keeps its other fields."""
    pair = value if value == field.key else f"{key(field.key)}: {value}"
    if not field.owner:
        return f"{{ {pair} }}"
    return f"{{ {key(field.owner)}: {{ ...{member(stored, field.owner)}, {pair} }} }}"


def label_attributes(field: FormField, *, inline: bool) -> list[str]:
    """List the attributes of a label that come from the field itself."""
    help_ = [text_attribute("tooltip" if inline else "description", field.help)] if field.help else []
    return [
        *help_,
        *(["interactive"] if help_ and inline else []),
        *(["required"] if field.required else []),
        *(["grow"] if inline and field.kind in ("text", "code") else []),
    ]


def control(field: FormField, context: ControlContext) -> Element:
    """Write the control of a field.

    Raises: KeyError for rows and headers, which need more than one control.
    """
    writers = {
        "boolean": _switch,
        "number": _number,
        "code": _code,
        "select": _radio if field.radio else _select,
        "multi": _multi,
        "tags": _tags,
        **dict.fromkeys(("string", "text", "secret", "secretText"), _text),
    }
    return writers[field.kind](field, context)


def _common(field: FormField, context: ControlContext, *, width: bool = True) -> list[str]:
    placeholder = [text_attribute("placeholder", field.placeholder)] if field.placeholder else []
    # The label of every required field has a star, but the controls of multi and tags can't have a name without it.
    has_star = field.required and field.kind not in ("multi", "tags")
    name = [text_attribute("aria-label", field.label)] if has_star else []
    return [context.id, *name, *([f"width={{{context.width}}}"] if width else []), *placeholder]


def _switch(field: FormField, context: ControlContext) -> Element:
    statement = context.write_choice("event.currentTarget.checked")
    value = f"Boolean({context.value})" if field.nullable or field.store == "root" else context.value
    return Element("InlineSwitch", [context.id, f"value={{{value}}}", f"onChange={{(event) => {statement}}}"])


def _number(field: FormField, context: ControlContext) -> Element:
    limits: Mapping[str, float | None] = {"min": field.min, "max": field.max}
    value = "value ?? null" if field.nullable else "value"
    return Element(
        "NumberInput",
        [
            *_common(field, context),
            *(f"{name}={{{literal(limit)}}}" for name, limit in limits.items() if limit is not None),
            *(["step={1}"] if field.integer else []),
            f"value={{{context.value}}}",
            f"onChange={{(value) => {context.write_change(value)}}}",
            f"onDone={{{context.end_edit_function or '() => {}'}}}",
        ],
    )


def _text(field: FormField, context: ControlContext) -> Element:
    components = {"text": "TextArea", "secret": "SecretInput", "secretText": "SecretTextArea"}
    typed = "event.currentTarget.value" + (" || null" if field.nullable else "")
    has_lines, is_secret = field.kind in ("text", "secretText"), bool(context.stored_test)
    attributes = _common(field, context, width=not has_lines)
    if has_lines:
        attributes.append(f"rows={{{field.rows or (6 if is_secret else 4)}}}")
    if is_secret:
        attributes += ["cols={50}"] if has_lines else []
        attributes += ['autoComplete="new-password"', f"isConfigured={{{context.stored_test}}}"]
    empty = "" if _is_text(field) else " ?? ''"
    attributes += [f"value={{{context.value}{empty}}}", f"onChange={{(event) => {context.write_change(typed)}}}"]
    if is_secret:
        attributes.append(f"onReset={{{context.forget_function}}}")
    if context.end_edit_function:
        attributes.append(f"onBlur={{{context.end_edit_function}}}" if has_lines else context.end_edit)
    return Element(components.get(field.kind, "Input"), attributes)


def _is_text(field: FormField) -> bool:
    """Return whether the value is always a text."""
    return field.kind in TEXTS and field.default is not None and not field.nullable and field.store != "root"


def _code(field: FormField, context: ControlContext) -> Element:
    handler = f"{{(value) => {context.write_choice('value || null' if field.nullable else 'value')}}}"
    return Element(
        "CodeEditor",
        [
            text_attribute("language", field.language or "plaintext"),
            f"height={{{(field.rows or 8) * 20}}}",
            'width="100%"',
            "showLineNumbers",
            "showMiniMap={false}",
            *([f"readOnly={{{context.disabled}}}"] if context.disabled else []),
            *([f"getSuggestions={{() => {context.choices}.options.map({_SUGGESTION})}}"] if field.source else []),
            f"value={{{context.value}{'' if _is_text(field) else ' ?? ' + string('')}}}",
            f"onBlur={handler}",
            f"onSave={handler}",
        ],
    )


_SUGGESTION = "({ value, label, description }) => ({ label, insertText: value, detail: description })"


def _radio(field: FormField, context: ControlContext) -> Element:
    return Element(
        "RadioButtonGroup",
        [
            context.id,
            text_attribute("aria-label", field.label),
            *([f"disabled={{{context.disabled}}}"] if context.disabled else []),
            f"options={{{context.choices}}}",
            f"value={{{context.value}}}",
            f"onChange={{(value) => {context.write_choice('value')}}}",
        ],
    )


def _choice_attributes(field: FormField, context: ControlContext) -> list[str]:
    """List the attributes of a control with choices."""
    if not field.source:
        return [f"options={{{context.choices}}}"]
    return [f"options={{{context.choices}.options}}", f"loading={{{context.choices}.loading}}", "createCustomValue"]


def _select(field: FormField, context: ControlContext) -> Element:
    value = f"{context.value} || null" if field.source else context.value
    change = "onChange={({ value }) => " + context.write_choice("value") + "}"
    if field.nullable or field.source:
        value_code = f"choice?.value ?? {'null' if field.nullable else string('')}"
        change = f"onChange={{(choice) => {context.write_choice(value_code)}}}"
    clearable = ["isClearable"] if field.nullable or field.source else []
    return Element(
        "Combobox",
        [*_common(field, context), *clearable, *_choice_attributes(field, context), f"value={{{value}}}", change],
    )


def _multi(field: FormField, context: ControlContext) -> Element:
    value = context.value if not field.nullable else f"{context.value} ?? []"
    statement = context.write_choice("chosen.map(({ value }) => value)")
    change = f"onChange={{(chosen) => {statement}}}"
    return Element(
        "MultiCombobox",
        [*_common(field, context), "isClearable", *_choice_attributes(field, context), f"value={{{value}}}", change],
    )


def _tags(field: FormField, context: ControlContext) -> Element:
    value = f"{context.value} ?? []" if field.nullable else context.value
    tags = (f"({value})" if field.nullable else value) + ".map(String)" if field.numeric else value
    statement = context.write_choice("numbers(tags)" if field.numeric else "tags")
    return Element("TagsInput", [*_common(field, context), f"tags={{{tags}}}", f"onChange={{(tags) => {statement}}}"])
