"""Parts of the React sources: texts in TypeScript and in markup, conditions, imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from gfplug.scaffold.react import typescript
from gfplug.scaffold.react.form_fields import any_of, condition, negated, read_fields, reader, simplify_within
from gfruntime.author.forms import form


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("plain", "'plain'"),
        ("it's", '"it\'s"'),
        ("""a 'b' "c" """, """'a \\'b\\' "c" '"""),
        ("a\\\n", r"'a\\\n'"),
        ("\ud800é", r"'\ud800\u00e9'"),
        ("${x} `y`", "'${x} `y`'"),
    ],
)
def test_texts_become_typescript_literals(text: str, code: str) -> None:
    """Only quotes, backslashes, line ends and unpaired surrogates are escaped."""
    assert typescript.string(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Rate < 5 {x}", 'label="Rate < 5 {x}"'),
        ('"quoted"', "label={'\"quoted\"'}"),
        ("A &amp; B", "label={'A &amp; B'}"),
        ("a\\b", r"label={'a\\b'}"),
    ],
)
def test_texts_become_markup(text: str, code: str) -> None:
    """JSX has entities and no escapes, so texts with special characters become expressions."""
    assert typescript.text_attribute("label", text) == code


@dataclass(frozen=True)
class Conditional:
    """Fields that others depend on."""

    mode: Literal["a", "b", "c"] = "a"
    on: bool = False
    maybe: bool | None = None
    level: int = 1


@pytest.mark.parametrize(
    ("show_if", "test"),
    [
        ({"mode": ["a"]}, "model.mode === 'a'"),
        ({"mode": ["a", "b", "a"]}, "model.mode === 'a' || model.mode === 'b'"),
        ({"on": [True]}, "model.on"),
        ({"on": [False]}, "!model.on"),
        ({"maybe": [False]}, "model.maybe === false"),
        ({"maybe": [None]}, "model.maybe == null"),
        ({"mode": ["a", "b"], "on": [True]}, "(model.mode === 'a' || model.mode === 'b') && model.on"),
        ({"level": [1, 2]}, "model.level === 1 || model.level === 2"),
        ({"gone": [1]}, ""),
    ],
)
def test_conditions_become_typescript_expressions(show_if: dict[str, list[Any]], test: str) -> None:
    """They compare with === as the other editors do; a condition about an unknown field is dropped."""
    (field,) = read_fields({"fields": [{"name": "x", "kind": "string", "label": "X", "showIf": show_if}]})

    assert condition(field, read_fields({"fields": form(Conditional)}), reader("model")) == test


def test_conditions_are_combined_and_negated() -> None:
    """A section is shown with any of its fields; its own condition is not repeated inside."""
    assert any_of(["a", "a && b"]) == "a"
    assert any_of(["a && b", "c"]) == "(a && b) || c"
    assert any_of(["a", ""]) == ""
    assert (simplify_within("a && b", "a"), simplify_within("a", "a"), simplify_within("a", "")) == ("b", "", "a")
    assert [negated(test) for test in ("a", "!a", "a === 1", "a === 1 || b")] == [
        "!a",
        "a",
        "a !== 1",
        "!(a === 1 || b)",
    ]


def test_names_in_texts_are_not_imported() -> None:
    """A label with a component's name, or a field, does not count as its use."""
    code = """<Input label="Combobox" />; model.problem; { Rows: 1 }; f('numbers'); // Section's"""
    names = dict.fromkeys(["Combobox", "Input", "Rows", "Section", "numbers", "problem"], "x")

    assert typescript.imports(code.replace(" // ", "\n// "), names) == "import { Input } from 'x';"
