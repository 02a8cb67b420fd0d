"""A query editor as a file: for the query itself, or for variables or annotations with a separate form."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gfplug.scaffold.react import typescript
from gfplug.scaffold.react.field_controls import ControlContext, problem_of
from gfplug.scaffold.react.form_fields import FormField, any_of, reader, sections, simplify_within, visible_if
from gfplug.scaffold.react.form_parts import (
    IMPORTED,
    choice_lines,
    draw_rows,
    edit,
    exported_names,
    inline_field,
    problem_lines,
    row_components,
)
from gfplug.scaffold.react.typescript import Condition, Element, jsx, pascal, string, text_attribute, uses

if TYPE_CHECKING:
    from gfplug.scaffold.react.type_names import FormTypes
    from gfplug.scaffold.react.typescript import Node

_WIDTH = 40
_read = reader("model")


def editor_name(kind: str) -> str:
    """Return the name of the component and its file; `kind` is empty for the query itself."""
    return f"{pascal(kind)}Editor" if kind else "QueryEditor"


def write_query_editor(form: FormTypes, kind: str = "", *, is_filtered: bool = False) -> str:
    """Write an editor's file; `kind` is empty for the query itself, else `variable` or `annotation`.

    With `is_filtered`, a query may contain ad hoc filters.
    """
    filters = ["<AdHocFilters query={query} onChange={onChange} onRunQuery={onRunQuery} />"] if is_filtered else []
    code = "\n\n".join([*row_components(form), _component(form, kind, filters)])
    purpose = f"The editor of {kind}s." if kind else "The query editor, for panels and alert rules."
    names = {
        "type QueryEditorProps": "@grafana/data",
        "React": "react",
        **IMPORTED,
        "type DataSource": "./datasource",
        **exported_names(form),
        **({f"{kind}Query": "./types"} if kind else {}),
        "type Options": "./types",
        "type Query": "./types",
    }
    return f"// {purpose}\n{typescript.imports(code, names, always='React')}\n\n{code}\n"


def _component(form: FormTypes, kind: str, filters: list[str]) -> str:
    own = f", {form.stored}" if kind else ""
    props = f"QueryEditorProps<DataSource, Query, Options{own}>"
    if not form.model:
        root = Element("div", ['data-testid="gf-query-editor"'], filters)
        names = "{ query, onChange, onRunQuery }" if filters else "_props"
        body = ["  // The query has no fields.", "  return (", *jsx([root], 2), "  );"]
        return "\n".join([f"export function {editor_name(kind)}({names}: {props}) {{", *body, "}"])
    calls = {field.name: problem_of(field, _read(field), form.choices.get(field.name, "")) for field in form.fields}
    problems = {field.name: calls[field.name] for field in form.fields if calls[field.name] and field.kind != "list"}
    constants = [*choice_lines(form, "model"), *problem_lines(problems)]
    hint = [] if kind else ["<NoVariables app={app} model={model} />"]
    lines = jsx([Element("div", ['data-testid="gf-query-editor"'], [*_nodes(form, problems), *filters, *hint])], 2)
    code = "\n".join([*constants, *lines])
    edits = [name for name in ("edit", "run", "pick", "done") if uses(code, name)]
    is_remembered = not kind and any(field.remember for field in form.fields)
    remember = ", (each) => datasource.remember(each)" if is_remembered else ""
    setup = [
        *([f"const query = {kind}Query(stored);"] if kind else []),
        f"const model = {form.read}(query);",
        *([f"const {{ {', '.join(edits)} }} = useEdits(query, onChange, onRunQuery{remember});"] if edits else []),
        *(["const id = (name: string) => `gf-query-${query.refId}-${name}`;"] if uses(code, "id") else []),
    ]
    edit_names = ["query: stored" if kind else "query", *(["onChange", "onRunQuery"] if edits or filters else [])]
    parameters = ", ".join([*edit_names, *(name for name in ("datasource", "app") if uses(code + remember, name))])
    return "\n".join(
        [
            f"export function {editor_name(kind)}({{ {parameters} }}: {props}) {{",
            *(f"  {line}" for line in [*setup, *constants]),
            "  return (",
            *lines,
            "  );",
            "}",
        ]
    )


def _nodes(form: FormTypes, problems: dict[str, str]) -> list[Node]:
    """Write the fields by section; a condition of a whole section is tested once."""
    width = max([12, *(len(field.label) + 4 for field in form.fields if field.kind not in ("hidden", "list"))])
    nodes: list[Node] = []
    for name, fields in sections(form.fields):
        tests = [visible_if(field, form.fields, _read) for field in fields]
        whole = any_of(tests) if name else ""
        controls = [_draw(form, field, width, is_checked=field.name in problems) for field in fields]
        parts: list[Node] = [
            Condition(simplify_within(test, whole), [node]) for node, test in zip(controls, tests, strict=True)
        ]
        nodes.append(Condition(whole, [Element("Section", [text_attribute("label", name)], parts)] if name else parts))
    return nodes


def _draw(form: FormTypes, field: FormField, width: int, *, is_checked: bool) -> Element:
    name = string(field.name)
    change = partial(edit, "edit", field, "query")
    if field.kind == "list":
        attributes = [f"rows={{{_read(field)}}}", f"onChange={{(rows) => {change('rows')}}}", "onDone={run}"]
        return draw_rows(form, field, f"id={{id({name})}}", attributes)
    context = ControlContext(
        id=f"id={{id({name})}}",
        value=_read(field),
        write_change=change,
        write_choice=partial(edit, "pick", field, "query"),
        width=_WIDTH,
        end_edit="{...done}",
        end_edit_function="run",
        choices=form.choices.get(field.name, ""),
    )
    return inline_field(field, context, f"labelWidth={{{width}}}", f"htmlFor={{id({name})}}", is_checked=is_checked)
