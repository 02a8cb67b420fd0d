"""Python literals from values: formatted as the formatter does, and no text becomes code."""

from __future__ import annotations

import ast

import pytest
from openapi_sources import ATTACK

from gfplug.scaffold.openapi import python_text
from gfplug.scaffold.openapi.python_text import Code, call, mapping, subscript

TEXTS = [ATTACK, "", "'", '"', "\\", "\\\\'", "é😀", "\r\n\t\x7f", "{0} %s ${x}", "a" * 500, "\ud800", "\u2028"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_literal_gives_the_same_text(text: str) -> None:
    """The literal is one line for any text."""
    code = python_text.literal(text)

    assert ast.literal_eval(code) == text
    assert code.isprintable()


@pytest.mark.parametrize("text", TEXTS)
def test_a_docstring_is_one_statement(text: str) -> None:
    """The module has nothing else."""
    code = python_text.doc(text)
    (statement,) = ast.parse(code).body

    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    assert "\n" not in code


@pytest.mark.parametrize("value", [1, -5, 0.1, 1e300, True, None, ("a",), ("a", 1, ()), ()])
def test_literals_of_numbers_booleans_and_tuples_give_the_same_value(value: object) -> None:
    """The values are numbers, booleans, None, and tuples of these."""
    assert ast.literal_eval(python_text.flat(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", object()])
def test_a_value_without_a_literal_is_refused(value: object) -> None:
    """Its text would be another value."""
    with pytest.raises(TypeError, match="has no literal"):
        python_text.flat(value)


@pytest.mark.parametrize("text", ["", "class", "a b", "a\n", "é", "1a", "x=__import__('os')"])
def test_an_invalid_python_name_is_refused(text: str) -> None:
    """Names are written without quotes."""
    with pytest.raises(ValueError, match="is not a Python name"):
        python_text.annotated(text, Code("str"), "")


def test_a_long_value_has_a_line_for_each_item() -> None:
    """With a comma after the last item, the formatter keeps these lines."""
    value = mapping({"a": call("Column", name="x" * 100, keys=("y", "z"), kind=None)})

    assert python_text.layout("X = ", value) == [
        "X = {",
        '    "a": Column(',
        f'        name="{"x" * 100}",',
        '        keys=("y", "z"),',
        "    ),",
        "}",
    ]


@pytest.mark.parametrize(
    ("default", "count"), [("a" * 105, 1), ("a" * 106, 3), ("a" * 110, 3), ("a" * 111, 1), ("宽" * 53, 3)]
)
def test_a_long_default_is_in_parentheses_if_it_then_fits(default: str, count: int) -> None:
    """The formatter does so, and counts wide characters as two."""
    lines = python_text.annotated("a", Code("str"), default)

    assert len(lines) == count
    assert ast.literal_eval("".join(lines).partition("= ")[2]) == default


def test_a_subscript_of_one_item_has_no_comma() -> None:
    """A comma would make it a tuple."""
    assert python_text.layout("X = ", subscript("Literal", "x" * 120)) == ["X = Literal[", f'    "{"x" * 120}"', "]"]
