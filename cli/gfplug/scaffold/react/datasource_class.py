"""`datasource.ts`: which queries Grafana sends, with template variables filled in, and whose editors it shows."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from gfplug.scaffold.react import typescript
from gfplug.scaffold.react.form_fields import FormField, condition, negated, reader
from gfplug.scaffold.react.query_editor import editor_name
from gfplug.scaffold.react.typescript import key, member

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gfplug.scaffold.react.type_names import FormTypes

_read = reader("model")
_VARIABLES = """\
/** Variables are written in the query editor; the first column of the answer holds their values. */
class Variables extends DataSourceVariableSupport<DataSource, Query, Options> {}
"""
_OWN_VARIABLES = """\
/** Variables have an editor and a Python method of their own; the answer may have columns `text` and `value`. */
class Variables extends CustomVariableSupport<DataSource, VariableQuery, Query, Options> {
  editor = VariableEditor;

  constructor(private readonly datasource: DataSource) {
    super();
  }

  query = (request: DataQueryRequest<VariableQuery>) =>
    this.datasource.query({
      ...request,
      targets: request.targets.map((target) => variableQuery(target) as DataQuery as Query),
    });
}
"""
_ANNOTATIONS = "{}; // the query editor, and events from the frame's columns time, timeEnd, title, text, tags"
_OWN_ANNOTATIONS = """\
{
      QueryEditor: AnnotationEditor as AnnotationSupport<Query>['QueryEditor'],
      prepareQuery: ({ target }) => annotationQuery(target) as DataQuery as Query,
    };"""


def write_datasource(
    forms: Mapping[str, FormTypes], capabilities: Mapping[str, bool], *, migrating: Collection[str] = ()
) -> str:
    """Write the file; `forms` are the query's, by kind: `` for the query itself, `variable`, `annotation`.

    Python migrates queries of the kinds in `migrating`: they are sent as they were saved, with no default of today.
    """
    has_variables = bool(capabilities.get("variables"))
    setup = []
    if capabilities.get("annotations"):
        setup.append(f"this.annotations = {_OWN_ANNOTATIONS if 'annotation' in forms else _ANNOTATIONS}")
    if has_variables:
        setup.append(f"this.variables = new Variables({'this' if 'variable' in forms else ''});")
    variables = _OWN_VARIABLES if "variable" in forms else _VARIABLES
    code = "\n".join([*([variables] if has_variables else []), _class(forms, setup, migrating)])
    imported = {
        **dict.fromkeys(
            (
                *("type AnnotationSupport", "CustomVariableSupport", "type DataQueryRequest"),
                *("type DataSourceInstanceSettings", "DataSourceVariableSupport", "type ScopedVars"),
            ),
            "@grafana/data",
        ),
        "DataSourceWithBackend": "@grafana/runtime",
        "type DataQuery": "@grafana/schema",
        "isEmpty": "./controls/checks",
        "interpolate": "./controls/variables",
        "interpolateSql": "./controls/variables",
        "interpolateValues": "./controls/variables",
        **{editor_name(kind): f"./{editor_name(kind)}" for kind in forms if kind},
        **dict.fromkeys([f"{kind}Query" for kind in forms if kind], "./types"),
        "type Options": "./types",
    }
    for form in forms.values():
        imported |= {name: "./types" for name in (form.read, form.defaults, f"type {form.stored}") if name}
    head = "// The data source as Grafana's browser code sees it: it prepares queries, and Python answers them."
    return f"{head}\n{typescript.imports(code, imported)}\n\n{code}"


def _class(forms: Mapping[str, FormTypes], setup: list[str], migrating: Collection[str]) -> str:
    query = forms[""]
    constructor = [
        "  constructor(settings: DataSourceInstanceSettings<Options>) {",
        "    super(settings);",
        *(f"    {line}" for line in setup),
        "  }",
        "",
    ]
    defaults = ["  getDefaultQuery(): Partial<Query> {", f"    return {query.defaults};", "  }", ""]
    filling = [
        "",
        "  /** Fill in the template variables of every text. */",
        "  applyTemplateVariables(query: Query, scoped: ScopedVars): Query {",
        *_by_kind(forms, {kind: _filling(form, kind, is_saved=kind in migrating) for kind, form in forms.items()}),
        "  }",
    ]
    return "\n".join(
        [
            "export class DataSource extends DataSourceWithBackend<Query, Options> {",
            *(constructor if setup else []),
            *(defaults if query.model else []),
            "  /** Tell Grafana which queries to send: neither hidden ones nor those not complete yet. */",
            "  filterQuery(query: Query): boolean {",
            *_by_kind(forms, {kind: _filter(form, kind, is_saved=kind in migrating) for kind, form in forms.items()}),
            "  }",
            *(filling if any(form.model for form in forms.values()) else []),
            "}",
            "",
        ]
    )


def _by_kind(forms: Mapping[str, FormTypes], bodies: Mapping[str, list[str]]) -> list[str]:
    """Write a method's body: what queries of a kind of their own do comes first."""
    lines = []
    own = [kind for kind in forms if kind and bodies[kind] != bodies[""]]
    for body, kinds in groupby(own, key=lambda kind: bodies[kind]):
        test = " || ".join(f"query.queryType === '{kind}'" for kind in kinds)
        lines += [f"    if ({test}) {{", *(f"      {line}" for line in body), "    }"]
    return [*lines, *(f"    {line}" for line in bodies[""])]


def _model(form: FormTypes, kind: str) -> str:
    return f"const model = {form.read}({_query(form, kind)});"


def _filter(form: FormTypes, kind: str, *, is_saved: bool) -> list[str]:
    if is_saved:
        return ["return !query.hide; // whether it is complete is Python's to say: it may be of an older version"]
    tests = [_is_complete(field, form) for field in form.fields if field.required and field.kind != "hidden"]
    first = [_model(form, kind)] if tests else []
    return [*first, f"return {' && '.join(['!query.hide', *tests])};"]


def _is_complete(field: FormField, form: FormTypes) -> str:
    test, given = condition(field, form.fields, _read), f"!isEmpty({_read(field)})"
    return f"({negated(test)} || {given})" if test else given


def _filling(form: FormTypes, kind: str, *, is_saved: bool) -> list[str]:
    if not form.model:
        return ["return query;"]
    if is_saved:
        return [
            "// No default is filled in: Python migrates what an older version has saved.",
            "const { refId, datasource, ...saved } = query;",
            "return { ...interpolate(saved, scoped), refId, datasource } as DataQuery as Query;",
        ]
    sql = [field for field in form.fields if field.variables or field.language.endswith("sql")]
    result = " as DataQuery as Query" if kind else ""
    if not sql:
        return [f"return {{ ...query, ...interpolate({form.read}({_query(form, kind)}), scoped) }}{result};"]
    lines = [f"  {_filled_in(field)}," for field in sql if not field.owner]
    for owner in dict.fromkeys(field.owner for field in sql if field.owner):
        inside = [_filled_in(each) for each in sql if each.owner == owner]
        whole = f"...interpolate({member('model', owner)}, scoped)"
        lines.append(f"  {key(owner)}: {{ {', '.join([whole, *inside])} }},")
    head = [_model(form, kind), "return {", "  ...query,", "  ...interpolate(model, scoped),"]
    return [*head, *lines, f"}}{result};"]


def _filled_in(field: FormField) -> str:
    function = "interpolateValues" if field.variables else "interpolateSql"
    return f"{key(field.key)}: {function}({_read(field)}, scoped)"


def _query(form: FormTypes, kind: str) -> str:
    return f"query as DataQuery as {form.stored}" if kind else "query"
