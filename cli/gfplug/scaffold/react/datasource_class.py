"""`datasource.ts`: selects the queries to send, fills in template variables, and names the editors."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from gfplug.scaffold.react import typescript
from gfplug.scaffold.react.filling import model_line, query_of, write_filling
from gfplug.scaffold.react.form_fields import FormField, condition, negated, reader
from gfplug.scaffold.react.query_editor import editor_name
from gfplug.scaffold.react.typescript import member, string, uses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.scaffold.react.filling import Behaviour
    from gfplug.scaffold.react.type_names import FormTypes

_read = reader("model")
_VARIABLES = """\
/** Variables are written in the query editor; the first column of the answer holds their values. */
class Variables extends DataSourceVariableSupport<DataSource, Query, Options> {}
"""
_OWN_VARIABLES = """\
/** Variables have a separate editor and a separate Python method; the answer may have columns `text` and `value`. */
class Variables extends CustomVariableSupport<DataSource, VariableQuery, Query, Options> {
  editor = EDITOR;

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
      QueryEditor: EDITOR as AnnotationSupport<Query>['QueryEditor'],
      prepareQuery: ({ target }) => annotationQuery(target) as DataQuery as Query,
    };"""


_REMEMBER = """\
  /** Keep what the user chose in an edit for the next new query. */
  remember(edit: Edit<Query>) {
    this.memory.write(edit);
  }
"""
_TAG_KEYS = """\
  getTagKeys(options?: DataSourceGetTagKeysOptions<Query>) {
    return listTags(this, 'gfplug/tag-keys', options);
  }
"""
_TAG_VALUES = """\
  getTagValues(options: DataSourceGetTagValuesOptions<Query>) {
    return listTags(this, 'gfplug/tag-values', options);
  }
"""


def write_datasource(forms: Mapping[str, FormTypes], behaviour: Behaviour) -> str:
    """Write the file; `forms` are the query's, by kind: `` for the query itself, `variable`, `annotation`."""
    has_variables = bool(behaviour.capabilities.get("variables"))
    setup = []
    if behaviour.capabilities.get("annotations"):
        own_annotations = _OWN_ANNOTATIONS.replace("EDITOR", _editor("annotation", behaviour))
        setup.append(f"this.annotations = {own_annotations if 'annotation' in forms else _ANNOTATIONS}")
    if has_variables:
        setup.append(f"this.variables = new Variables({'this' if 'variable' in forms else ''});")
    own_variables = _OWN_VARIABLES.replace("EDITOR", _editor("variable", behaviour))
    variables = own_variables if "variable" in forms else _VARIABLES
    code = "\n".join([*([variables] if has_variables else []), _class(forms, setup, behaviour)])
    imported = {
        **dict.fromkeys(
            (
                *("type AdHocVariableFilter", "type AnnotationSupport", "CustomVariableSupport"),
                *("type DataQueryRequest", "type DataSourceGetTagKeysOptions", "type DataSourceGetTagValuesOptions"),
                *("type DataSourceInstanceSettings", "DataSourceVariableSupport", "type ScopedVars"),
            ),
            "@grafana/data",
        ),
        "DataSourceWithBackend": "@grafana/runtime",
        "type DataQuery": "@grafana/schema",
        **dict.fromkeys(("isEmptied", "isEmpty"), "./controls/checks"),
        "type Edit": "./controls/edits",
        **dict.fromkeys(("filtered", "listTags"), "./controls/filters"),
        "Memory": "./controls/memory",
        "migratedQuery": "./controls/migration",
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


def _editor(kind: str, behaviour: Behaviour) -> str:
    name = editor_name(kind)
    return f"migratedQuery({name}, {kind}Query)" if kind in behaviour.migrating else name


def _class(forms: Mapping[str, FormTypes], setup: list[str], behaviour: Behaviour) -> str:
    query = forms[""]
    remembered = [string(each.name) for each in query.fields if each.remember]
    memory = [
        "  /** The user's last choices. If a field gets another type, change the version, so that they are ignored. */",
        f"  private readonly memory = new Memory(this, {string(behaviour.version)}, [{', '.join(remembered)}]);",
        "",
    ]
    constructor = [
        "  constructor(settings: DataSourceInstanceSettings<Options>) {",
        "    super(settings);",
        *(f"    {line}" for line in setup),
        "  }",
        "",
    ]
    value_code = f"this.memory.fill({query.defaults})" if remembered else query.defaults
    defaults = ["  getDefaultQuery(): Partial<Query> {", f"    return {value_code};", "  }", ""]
    has = behaviour.capabilities.get
    more = [
        *([_REMEMBER] if remembered else []),
        *([_TAG_KEYS] if has("tagKeys") else []),
        *([_TAG_VALUES] if has("tagValues") else []),
    ]
    filters = ", filters?: AdHocVariableFilter[]" if behaviour.is_filtered else ""
    purpose = "Fill in the template variables of every text" + (", and add the ad hoc filters." if filters else ".")
    filling = [
        "",
        f"  /** {purpose} */",
        f"  applyTemplateVariables(query: Query, scoped: ScopedVars{filters}): Query {{",
        *_by_kind(forms, {kind: write_filling(form, kind, behaviour) for kind, form in forms.items()}),
        "  }",
    ]
    return "\n".join(
        [
            "export class DataSource extends DataSourceWithBackend<Query, Options> {",
            *(memory if remembered else []),
            *(constructor if setup else []),
            *(defaults if query.model else []),
            *more,
            "  /** Tell Grafana which queries to send: neither hidden ones nor those not complete yet. */",
            "  filterQuery(query: Query): boolean {",
            *_by_kind(forms, {kind: _filter(form, kind, behaviour) for kind, form in forms.items()}),
            "  }",
            *(filling if filters or any(form.model for form in forms.values()) else []),
            "}",
            "",
        ]
    )


def _by_kind(forms: Mapping[str, FormTypes], bodies: Mapping[str, list[str]]) -> list[str]:
    """Write a method's body; the statements for variable and annotation queries come first."""
    lines = []
    own = [kind for kind in forms if kind and bodies[kind] != bodies[""]]
    for body, kinds in groupby(own, key=lambda kind: bodies[kind]):
        test = " || ".join(f"query.queryType === '{kind}'" for kind in kinds)
        lines += [f"    if ({test}) {{", *(f"      {line}" for line in body), "    }"]
    return [*lines, *(f"    {line}" for line in bodies[""])]


def _filter(form: FormTypes, kind: str, behaviour: Behaviour) -> list[str]:
    is_saved = kind in behaviour.migrating
    query = query_of(form, kind)
    required_fields = [field for field in form.fields if field.required and field.kind != "hidden"]
    tests = [_is_complete(field, form, query=query if is_saved else "") for field in required_fields]
    first = [model_line(form, kind)] if any(uses(test, "model") for test in tests) else []
    hint = (
        ["// A query of an older version may have other field names, so Python checks whether it is complete."]
        if is_saved
        else []
    )
    return [*hint, *first, f"return {' && '.join(['!query.hide', *tests])};"]


def _is_complete(field: FormField, form: FormTypes, *, query: str = "") -> str:
    """Write the test that a required field has a value; `query` is the saved query if Python migrates it."""
    value_code = f"!isEmptied({_saved_value(field, query)})" if query else f"!isEmpty({_read(field)})"
    test = condition(field, form.fields, _read)
    return f"({negated(test)} || {value_code})" if test else value_code


def _saved_value(field: FormField, query: str) -> str:
    """Write the access to a query's value of a field."""
    owner = f"({query})" if " as " in query else query
    return member(member(owner, field.owner), field.key, optional=True) if field.owner else member(owner, field.key)
