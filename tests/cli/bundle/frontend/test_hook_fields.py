"""Field names in hooks.js: which of them are read, and which are refused."""

import re
from typing import Any

import pytest

from gfplug.bundle.frontend import hook_fields
from gfplug.errors import ProjectError

SCHEMA: dict[str, Any] = {
    "config": {"fields": [{"name": "url", "kind": "string"}]},
    "query": {
        "fields": [
            {"name": "table", "kind": "string"},
            {"name": "window.size", "kind": "number"},
            {"name": "rows", "kind": "list", "fields": [{"name": "column", "kind": "string"}]},
            {"name": "version", "kind": "hidden"},
        ]
    },
    "own": {"variable": {"fields": [{"name": "of", "kind": "string"}]}},
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("exports.fields = { table: Table, 'window.size': Size, \"rows\": Rows };", ["table", "window.size", "rows"]),
        ("exports.fields = { table };", ["table"]),
        ("module.exports.fields = {\n  table({ id, value }) { return h('input', { id, value }); },\n};", ["table"]),
        ("exports.fields = { table: ({ id }) => h(Input, { id, width: 3 }), rows: Rows };", ["table", "rows"]),
        ("exports.fields = { ...others, table: Table, [name]: Other, rows };", ["table", "rows"]),
        ("exports.fields = { // the table: of sales\n  table: Table };", ["table"]),
        ("// exports.fields = { gone: Table };", []),
        ("exports.fields = {};", []),
        ("exports.fields.table = Table; exports.fields['window.size'] = Size;", ["table", "window.size"]),
        ("if (exports.fields.table === Table) { f({ gone: 1 }); }", []),
        ("const fields = { gone: 1 }; exports.fields = fields;", []),
        ("exports.fieldset = { gone: 1 }; other.exports.fields = { gone: 1 };", []),
        ("exports.fields = { table: (value) => value.replace(/[{'\"]/, ''), gone: 1 };", ["table"]),
        ("exports.fields = { table: `a ${b}`, gone: 1 };", ["table"]),
        ("exports.fields = { async table() {}, get rows() { return { gone: 1 }; } };", []),
    ],
)
def test_field_names_are_read_from_the_controls_object(text: str, names: list[str]) -> None:
    """Only keys of the object are read.

    Reading ends at code that the line reader does not understand; the browser checks that.
    """
    assert [name for _, name, _ in hook_fields.names(text)] == names


def test_controls_for_fields_of_the_forms_are_accepted() -> None:
    """Each export belongs to one form."""
    text = """
exports.fields = { table: A, rows: B };
exports.configFields = { url: C };
exports.variableFields = { of: D };
"""

    hook_fields.check(text, SCHEMA)


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        (
            "exports.fields = {\n  table: A,\n  tabel: B,\n};",
            "frontend/hooks.js:3: exports.fields names 'tabel', which is not a field that the query editor shows",
            "its fields are table, window.size, rows",
        ),
        (
            "exports.fields = { version: A };",
            "frontend/hooks.js:1: exports.fields names 'version', which",
            "its fields",
        ),
        ("exports.fields = { column: A };", "frontend/hooks.js:1: exports.fields names 'column', which", "its fields"),
        (
            "\nexports.configFields = { table: A };",
            "frontend/hooks.js:2: exports.configFields names 'table', which",
            "its",
        ),
        ("exports.variableFields.gone = A;", "frontend/hooks.js:1: exports.variableFields names 'gone', which", "its"),
        (
            "exports.annotationFields = { kind: A };",
            "frontend/hooks.js:1: exports.annotationFields names 'kind', but there is no form of annotations",
            "without the method query_annotation, they use the query editor, with exports.fields",
        ),
    ],
)
def test_a_control_for_an_unknown_field_is_refused_with_its_line(text: str, sentence: str, hint: str) -> None:
    """No form would show such a control."""
    with pytest.raises(ProjectError, match=f"^{re.escape(sentence)}") as excinfo:
        hook_fields.check(text, SCHEMA)

    assert (excinfo.value.hint or "").startswith(hint)
