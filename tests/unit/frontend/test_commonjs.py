"""JavaScript as far as the linker needs it: what is code, what it requires, what it may not be."""

from __future__ import annotations

import pytest

from gfplug.frontend.commonjs import Script, ScriptError


def required(source: str) -> list[tuple[str, int]]:
    """List what a source requires, each with its line."""
    return list(Script.scan(source).requires())


def test_requires_are_found_in_order_with_their_lines() -> None:
    """Quotes of both kinds and spaces inside the parentheses are fine."""
    assert required("const a = require('a');\nuse(require( \"./b\" ));") == [("a", 1), ("./b", 2)]


@pytest.mark.parametrize(
    "source",
    [
        "// require('a')",
        "/* require('a')\n */",
        "const text = \"require('a')\";",
        "const text = 'require(\"a\")';",
        "const text = `require('a')`;",
        "const re = /require('a')/;",
        "const re = /[/]require('a')/g.test(x);",
        "if (x) /require('a')/.test(x);",
        "return /'/.test(\"require('a')\");",
        "module.require('a');",
        "loader?.require('a');",
        "const require2 = (a) => a; require2('a');",
        "a = b / c; // require('a') / 2",
    ],
)
def test_what_only_looks_like_a_require_is_none(source: str) -> None:
    """Comments, texts, regular expressions and other functions require nothing."""
    assert required(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = a / b; y = require('a') / 2;",
        "x = (a) / require('a') / 2;",
        "x = list[0] / require('a') / 2;",
        "x = `one ${require('a')} two`;",
        "x = `${`${require('a')}`}`;",
        "x = `${{ a: '}' }.a}${require('a')}`;",
        "x = '\\'' + require('a');",
        "x = \"//\"; require('a');",
        "x = '/*'; require('a'); y = '*/';",
        "x = /[/'\"`]/; require('a');",
        "x = /\\//; require('a');",
        "x.of / 2; require('a') / 2;",
        "`\\``; require('a');",
    ],
)
def test_a_require_is_found_beside_what_confuses_simple_scanners(source: str) -> None:
    """Divisions, nested templates and quotes inside other things do not hide it."""
    assert [name for name, _ in required(source)] == ["a"]


@pytest.mark.parametrize("source", ["require(name)", "require('a' + b)", "require(`a`)", "require()", "require('a'"])
def test_a_computed_require_is_refused(source: str) -> None:
    """The linker must know the file before the code runs."""
    with pytest.raises(ScriptError, match=r"one literal text|never closed") as caught:
        required(f"\n{source}")

    assert caught.value.line == 2


@pytest.mark.parametrize(
    "source",
    [
        "import x from 'x'",
        "import 'x'",
        "import { x } from 'x'",
        "import * as x from 'x'",
        "const x = import('x')",
        "import.meta.url",
        "export default 1",
        "export const x = 1",
        "export { x }",
        "export * from 'x'",
        "a();export function f() {}",
    ],
)
def test_module_syntax_is_refused(source: str) -> None:
    """It cannot stand inside a function."""
    with pytest.raises(ScriptError, match="is module syntax") as caught:
        Script.scan(f"// one\n// two\n{source}")

    assert caught.value.line == 3


@pytest.mark.parametrize(
    "source", ["x.import('a')", "x?.export", "({ import: 1, export: 2 })", "/* import x */ 'export *'", "exports.a = 1"]
)
def test_what_only_looks_like_module_syntax_is_fine(source: str) -> None:
    """Property names, comments and texts are no syntax."""
    assert Script.scan(source).source == source


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("f(\n1", "this ( is never closed", 1),
        ("\n}); alert(1); ({", "'}' does not close anything", 2),
        ("a = [1\n}", "'}' does not close [, opened in line 1", 2),
        ("/* open", "this /* is never closed", 1),
        ("'open\n'", "this ' is never closed", 1),
        ('x = "', 'this " is never closed', 1),
        ("\n`open", "this ` is never closed", 2),
        ("`${open", "this ` is never closed", 1),
        ("`${a} open", "this ` is never closed", 1),
    ],
)
def test_what_would_break_out_of_its_function_is_refused(source: str, message: str, line: int) -> None:
    """A file that leaves something open, or closes what it did not open, would break the whole module."""
    with pytest.raises(ScriptError) as caught:
        Script.scan(source)

    assert (str(caught.value), caught.value.line) == (message, line)


def test_comments_go_and_code_stays() -> None:
    """Texts, templates and regular expressions are kept to the letter; blank lines between statements are not."""
    source = "// one\n\n/** two */\nconst a = f(/** three */ b, /* c */ d);\n\n\nconst t = `\n\n// kept`; // gone\n"

    assert Script.scan(source).without_comments() == "const a = f(b, d);\nconst t = `\n\n// kept`;\n"


def test_a_comment_still_separates_words() -> None:
    """Where a comment was the only space between two words, a space remains."""
    assert Script.scan("return/* x */a").without_comments() == "return a\n"


@pytest.mark.timeout(30)
def test_a_long_file_is_scanned_in_time() -> None:
    """Ten thousand lines that tempt a scanner to look back take less than a second, not minutes."""
    source = "const a = b / c; // '\n" * 5_000 + "x = ['`', \"'\"];\n" * 5_000

    assert required(source) == []
