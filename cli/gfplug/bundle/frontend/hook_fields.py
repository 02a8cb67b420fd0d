"""Check the fields for which `frontend/hooks.js` has controls: a form must show each of them.

The names are read from `exports.fields = { table: Table }` and `exports.fields.table = Table`. This is not a JavaScript
parser: in code that it can't read, the editors check the names in the browser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend.hooks import FILE, without_comments
from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMS = {
    "fields": "the query editor",
    "configFields": "the config page",
    "variableFields": "the form of variables",
    "annotationFields": "the form of annotations",
}
"""The exports of hooks.js with controls, and their forms."""

_OWN = {"variableFields": "query_variable", "annotationFields": "query_annotation"}
_EXPORT = re.compile(rf"(?<![\w$.])(?:module\.)?exports\.(?P<export>{'|'.join(FORMS)})\b\s*")
_MEMBER = re.compile(r"\.(?P<name>[\w$]+)\s*=(?!=)|\[\s*(?P<quote>[\"'])(?P<text>[^\"'\\\n]+)(?P=quote)\s*\]\s*=(?!=)")
_OBJECT = re.compile(r"=\s*\{")
_TOKEN = re.compile(r"\s+|(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<word>[\w$]+)|(?P<sign>\.\.\.|.)", re.DOTALL)
_AFTER_KEY = re.compile(r"\s*[:,(}]")
_UNREADABLE = frozenset("/`'\"\\")


def check(text: str, schema: Mapping[str, Any]) -> None:
    """Check the names of fields in the text of hooks.js against the schema's forms.

    Raises: ProjectError naming the line, and the field that no form shows.
    """
    forms = {
        "fields": schema["query"],
        "configFields": schema["config"],
        "variableFields": schema.get("own", {}).get("variable"),
        "annotationFields": schema.get("own", {}).get("annotation"),
    }
    for export, name, line in names(text):
        form = forms[export]
        if form is None:
            raise ProjectError(
                f"{FILE}:{line}: exports.{export} names {name!r}, but there is no {FORMS[export].removeprefix('the ')}",
                hint=f"without the method {_OWN[export]}, they use the query editor, with exports.fields",
            )
        field_names = [field["name"] for field in form["fields"] if field["kind"] != "hidden"]
        if name not in field_names:
            raise ProjectError(
                f"{FILE}:{line}: exports.{export} names {name!r}, which is not a field that {FORMS[export]} shows",
                hint=f"its fields are {', '.join(field_names)}" if field_names else "it has no fields",
            )


def names(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the export, the field's name and the line of each control, as far as the code can be read."""
    code = without_comments(text)
    for match in _EXPORT.finditer(code):
        if member := _MEMBER.match(code, match.end()):
            yield match["export"], member["name"] or member["text"], _line(code, match.start())
        elif opening := _OBJECT.match(code, match.end()):
            for name, start in _keys(code, opening.end()):
                yield match["export"], name, _line(code, start)


def _keys(code: str, position: int) -> Iterator[tuple[str, int]]:
    """Yield the keys of an object and their positions, from after its brace to its end, or to unreadable code."""
    depth, is_key = 1, True
    while depth and (token := _TOKEN.match(code, position)):
        position = token.end()
        sign = token["sign"]
        if sign in _UNREADABLE:
            return
        if depth == 1 and is_key and sign is None and token[0].strip():
            is_key = False
            if _AFTER_KEY.match(code, position):
                yield token[0].strip("'\""), token.start()
        elif sign is not None:
            is_key = depth == 1 and sign == ","
            depth += (sign in "([{") - (sign in ")]}")


def _line(code: str, position: int) -> int:
    return code.count("\n", 0, position) + 1
