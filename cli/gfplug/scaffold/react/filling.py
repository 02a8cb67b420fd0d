"""Fill the template variables of a query before it is sent, for `datasource.ts`; write other methods of that class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.scaffold.react.form_fields import reader
from gfplug.scaffold.react.typescript import key, member

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfplug.scaffold.react.form_fields import FormField
    from gfplug.scaffold.react.type_names import FormTypes

_read = reader("model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The data source's behaviour apart from sending queries.

    `version` identifies the fields whose values are remembered. Python migrates queries of the kinds in `migrating`:
    these are sent as they were saved, without the current defaults.
    """

    capabilities: Mapping[str, bool] = dataclasses.field(default_factory=dict)
    migrating: Collection[str] = ()
    version: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether queries have ad hoc filters."""
        return bool(self.capabilities.get("tagKeys"))


def model_line(form: FormTypes, kind: str) -> str:
    """Write the constant that holds a query with its defaults."""
    return f"const model = {form.read}({query_of(form, kind)});"


def write_filling(form: FormTypes, kind: str, behaviour: Behaviour) -> list[str]:
    """Write the lines that return a query of this kind in the form that is sent."""
    query = "filtered(query, scoped, filters)" if behaviour.is_filtered else "query"
    if not form.model:
        return [f"return {query};"]
    sql = [field for field in form.fields if field.variables or field.language.endswith("sql")]
    if kind in behaviour.migrating:
        return _saved_filling(form, kind, sql, is_filtered=behaviour.is_filtered)
    result = " as DataQuery as Query" if kind else ""
    if not sql:
        return [f"return {{ ...{query}, ...interpolate({form.read}({query_of(form, kind)}), scoped) }}{result};"]
    lines = [f"  {_filled_in(field, _read(field))}," for field in sql if not field.owner]
    for owner in dict.fromkeys(field.owner for field in sql if field.owner):
        inside = [_filled_in(each, _read(each)) for each in sql if each.owner == owner]
        whole = f"...interpolate({member('model', owner)}, scoped)"
        lines.append(f"  {key(owner)}: {{ {', '.join([whole, *inside])} }},")
    head = [model_line(form, kind), "return {", f"  ...{query},", "  ...interpolate(model, scoped),"]
    return [*head, *lines, f"}}{result};"]


def _filled_in(field: FormField, value: str) -> str:
    """Write a query's property for a field, with its variables replaced and quoted for SQL."""
    function = "interpolateValues" if field.variables else "interpolateSql"
    return f"{key(field.key)}: {function}({value}, scoped)"


def _saved_filling(form: FormTypes, kind: str, sql: Sequence[FormField], *, is_filtered: bool) -> list[str]:
    """Replace the variables of a saved query everywhere, without adding a field."""
    lines = [f"  {_filled_in(each, member('saved', each.key))}," for each in sql if not each.owner]
    for owner in dict.fromkeys(each.owner for each in sql if each.owner):
        place = member("saved", owner)
        inside = [_filled_in(each, member(place, each.key)) for each in sql if each.owner == owner]
        value = f"{{ ...interpolate({place}, scoped), {', '.join(inside)} }}"
        lines.append(f"  ...({place} && {{ {key(owner)}: {value} }}),")
    result = "as DataQuery as Query"
    whole = ["{", "  ...interpolate(saved, scoped),", *lines, "  refId,", "  datasource,", f"}} {result}"]
    short = ["{ ...interpolate(saved, scoped), refId, datasource } " + result]
    first, *rest = whole if lines else short
    opening, closing = ("filtered(", ", scoped, filters)") if is_filtered else ("", "")
    text = [f"return {opening}{first}", *rest]
    return [
        "// No default is filled in: Python migrates what an older version has saved.",
        f"const {{ refId, datasource, ...saved }} = {query_of(form, kind) if sql else 'query'};",
        *text[:-1],
        f"{text[-1]}{closing};",
    ]


def query_of(form: FormTypes, kind: str) -> str:
    """Write the query; variable and annotation queries are cast to the type of their form."""
    return f"query as DataQuery as {form.stored}" if kind else "query"
