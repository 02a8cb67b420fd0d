"""`types.ts`: the types that the editors save and send, with Python's defaults, from the fields of each form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.scaffold.react import typescript
from gfplug.scaffold.react.form_fields import SECRETS, FormField
from gfplug.scaffold.react.type_names import FormTypes, Naming, TypeNames
from gfplug.scaffold.react.typescript import camel, key, literal, member, pascal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


def describe_form(fields: Sequence[FormField], naming: Naming, names: TypeNames) -> FormTypes:
    """Name the parts of a form and write their types; a form without fields has only a name for the stored type."""
    model, stored, defaults, read = (naming.model, naming.stored, naming.defaults, naming.read)
    if not fields:
        code = f"export type {stored} = {naming.base};\n"
        return FormTypes(fields=fields, model="", stored=stored, defaults="", read="", code=code)
    choices = _choice_names(fields, naming.prefix, names)
    rows = {each.name: _describe_rows(each, naming, names) for each in fields if each.kind == "list"}
    nested = _by_owner(fields)
    owners = {owner: names.take(pascal(owner), naming.prefix) for owner in nested if owner}
    types = {name: each.model for name, each in rows.items()}
    blocks = [
        *(each.code for each in rows.values()),
        *_choices(fields, choices),
        *(_interface(owners[owner], inside, types) for owner, inside in nested.items() if owner),
        f"/** {naming.comment} */\n" + _interface(model, nested.get("", []), types, owners),
        _stored(naming, owners),
        f"export const {defaults}: {model} = {_defaults(nested)};\n",
        f"/** Fill in the defaults of what is left out. */\n{_reading(naming, nested)}",
    ]
    return FormTypes(
        fields=fields,
        model=model,
        stored=stored,
        defaults=defaults,
        read=read,
        choices=choices,
        rows=rows,
        code="\n".join(blocks),
    )


def _describe_rows(field: FormField, naming: Naming, names: TypeNames) -> FormTypes:
    """Describe one row of a list as a small form: `filters` are of the type `FilterRow`."""
    model = names.take(pascal(f"{_singular(field.name)}_row"), naming.prefix)
    lower = camel(model)
    defaults, read = names.take(f"{lower}Defaults", naming.prefix), names.take(f"{lower}Of", naming.prefix)
    choices = _choice_names(field.fields, f"{naming.prefix}_{field.name}", names)
    parts = Naming(
        model=model, stored=f"Partial<{model}>", defaults=defaults, read=read, base="", prefix="", comment=""
    )
    inside = {"": list(field.fields)}
    blocks = [
        *_choices(field.fields, choices),
        _interface(model, field.fields, {}),
        f"export const {defaults}: {model} = {_defaults(inside)};\n",
        _reading(parts, inside),
    ]
    code = "\n".join(blocks)
    return FormTypes(
        fields=field.fields, model=model, stored=parts.stored, defaults=defaults, read=read, choices=choices, code=code
    )


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    if name.endswith(("sses", "xes", "ches", "shes", "zes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) else name


def _choice_names(fields: Iterable[FormField], prefix: str, names: TypeNames) -> dict[str, str]:
    """Name the constants with choices: in `types.ts`, or in the editor that requests them from a resource."""
    with_choices = [each for each in fields if (each.options or each.source) and each.kind != "hidden"]
    ends = {each.name: "from_plugin" if each.source else "choices" for each in with_choices}
    return {name: names.take(camel(f"{name}_{end}"), prefix) for name, end in ends.items()}


def _choices(fields: Iterable[FormField], choices: Mapping[str, str]) -> list[str]:
    return [_choice_list(choices[each.name], each) for each in fields if each.name in choices and not each.source]


def _choice_list(name: str, field: FormField) -> str:
    items = [
        f"  {{ value: {literal(option['value'])}, label: {literal(option['label'])} }}," for option in field.options
    ]
    head = f"export const {name}: Array<Choice<{_union(field)}>> = ["
    return "\n".join([head, *items, "];", ""])


def _by_owner(fields: Iterable[FormField]) -> dict[str, list[FormField]]:
    """Group fields by the dataclass that contains them; a group has the position of its first field."""
    groups: dict[str, list[FormField]] = {}
    for each in fields:
        groups.setdefault(each.owner, []).append(each)
    return groups


def _union(field: FormField) -> str:
    return " | ".join(dict.fromkeys(literal(option["value"]) for option in field.options))


def value_type(field: FormField, rows: Mapping[str, str]) -> str:
    """Write the type of a field's value, which may be null only if Python accepts None."""
    if field.kind == "list":
        return f"{rows[field.name]}[]"
    if field.options and not field.source:
        single = _union(field)
    elif field.is_number or field.integer:
        single = "number"
    elif isinstance(field.default, bool) or field.kind == "boolean":
        single = "boolean"
    elif isinstance(field.default, (int, float)):
        single = "number"
    else:
        single = "string"
    if field.is_list and field.numeric:
        single = "number | string"  # a template variable
    whole = (f"Array<{single}>" if "|" in single else f"{single}[]") if field.is_list else single
    return f"{whole} | null" if field.nullable else whole


def _interface(
    name: str, fields: Sequence[FormField], rows: Mapping[str, str], owners: Mapping[str, str] | None = None
) -> str:
    lines = [f"  {key(each.key)}{'?' if each.default is None else ''}: {value_type(each, rows)};" for each in fields]
    lines += [f"  {key(owner)}: {type_};" for owner, type_ in (owners or {}).items()]
    return "\n".join([f"export interface {name} {{", *lines, "}", ""])


def _stored(naming: Naming, owners: Mapping[str, str]) -> str:
    head = f"export interface {naming.stored} extends {naming.base}, Partial<"
    if not owners:
        return f"{head}{naming.model}> {{}}\n"
    without = f"Omit<{naming.model}, {' | '.join(map(literal, owners))}>"
    lines = [f"  {key(owner)}?: Partial<{type_}>;" for owner, type_ in owners.items()]
    return "\n".join([f"{head}{without}> {{", *lines, "}", ""])


def _defaults(nested: Mapping[str, Sequence[FormField]]) -> str:
    lines = []
    for owner, inside in nested.items():
        pairs = [f"{key(each.key)}: {literal(each.default)}" for each in inside if each.default is not None]
        if owner:
            lines.append(f"  {key(owner)}: {{ {', '.join(pairs)} }}," if pairs else f"  {key(owner)}: {{}},")
        else:
            lines += [f"  {pair}," for pair in pairs]
    return "\n".join(["{", *lines, "}"]) if lines else "{}"


def _reading(naming: Naming, nested: Mapping[str, Sequence[FormField]]) -> str:
    """Write the function that fills in defaults, also for a null that Python does not accept."""
    argument = camel(naming.stored) if naming.base else "row"
    lines = []
    for owner, inside in nested.items():
        fields = [f"{key(each.key)}: {_value(each, argument, naming.defaults)}," for each in inside]
        if owner:
            lines += [f"    {key(owner)}: {{", *(f"      {line}" for line in fields), "    },"]
        else:
            lines += [f"    {line}" for line in fields]
    head = f"export function {naming.read}({argument}: {naming.stored}): {naming.model} {{"
    return "\n".join([head, "  return {", *lines, "  };", "}", ""])


def _value(field: FormField, stored: str, defaults: str) -> str:
    inside = member(stored, field.owner) if field.owner else stored
    stored_value = member(inside, field.key) if not field.owner else member(inside, field.key, optional=True)
    if field.default is None:
        return stored_value
    default = member(defaults, field.name)
    return (
        f"{stored_value} === undefined ? {default} : {stored_value}"
        if field.nullable
        else f"{stored_value} ?? {default}"
    )


def write_types(
    config: Sequence[FormField], forms: Mapping[str, FormTypes], settings: FormTypes, *, migrating: Collection[str] = ()
) -> str:
    """Write the file; `forms` are the query's, by kind: `` for the query itself, `variable`, `annotation`.

    Python migrates queries of the kinds in `migrating`: saved queries of these kinds get no current default.
    """
    secrets = [each for each in config if each.kind in SECRETS]
    lines = [f"  {key(each.name)}?: string;" for each in secrets]
    secrets_code = (
        "\n".join(["export interface Secrets {", *lines, "}", ""])
        if secrets
        else "export type Secrets = Record<string, string>;\n"
    )
    own = [_own_query(kind, form, is_saved=kind in migrating) for kind, form in forms.items() if kind]
    code = "\n".join([settings.code, secrets_code, *(form.code for form in forms.values()), *own])
    names = {
        "type DataSourceJsonData": "@grafana/data",
        "type DataQuery": "@grafana/schema",
        "type Choice": "./controls/checks",
        "type FilteredQuery": "./controls/filters",
    }
    head = "// What the editors save and send. Keep these types equal to the dataclasses in src/plugin/datasource.py."
    return f"{head}\n{typescript.imports(code, names)}\n\n{code}"


def _own_query(kind: str, form: FormTypes, *, is_saved: bool) -> str:
    defaults = f"...{form.defaults}, " if form.defaults and not is_saved else ""
    article = "An" if kind[0] in "aeiou" else "A"
    what = f"{article} {kind}'s query" + (" with its defaults" if defaults else "")
    return (
        f"/** {what}; an old dashboard may hold a text in its place. */\n"
        f"export function {kind}Query(query: unknown): {form.stored} {{\n"
        f"  const given = typeof query === 'object' ? query : {{}};\n"
        f"  return {{ refId: '{kind}', {defaults}...given, queryType: '{kind}' }};\n"
        "}\n"
    )
