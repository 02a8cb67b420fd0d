"""JavaScript source as far as a linker needs it: which files it requires, and whether it can stand inside a function.

Owns a small scanner that tells code from comments, strings, templates and regular expressions. It is no parser: what it
accepts may still be wrong JavaScript, but brackets match, nothing is left open, and no module syntax is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    | (?P<word>[\w$]+)
    | (?P<open>/\*|["'])        # begins something that the alternatives above did not find the end of
    | (?P<mark>\?\.|=>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TEMPLATE = re.compile(r"(?:\\.|\$(?!\{)|[^\\$`])*(?P<end>`|\$\{)", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/\w*")
_CLOSES = {")": "(", "]": "[", "}": "{", "`": "${"}
_BEFORE_REGEX = {
    *("await", "case", "delete", "do", "else", "in", "instanceof", "new", "of", "return", "throw", "typeof", "void"),
    "yield",
}
_BEFORE_CONDITION = {"if", "while", "for", "with"}
_DECLARATION = {"default", "const", "let", "var", "function", "class", "async", "{", "*"}


class ScriptError(Exception):
    """The source cannot be linked; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        """Keep the line beside the sentence."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of source: a `comment`, `string`, `template`, `regex`, `word` or `mark`."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Script:
    """A source file, scanned."""

    source: str
    tokens: tuple[Token, ...]

    @classmethod
    def scan(cls, source: str) -> Script:
        """Scan a source file.

        Raises: ScriptError if something is not closed, or the file uses import or export.
        """
        script = cls(source, tuple(_Scanner(source).tokens()))
        script._refuse_modules()
        return script

    def line_of(self, token: Token) -> int:
        """Return the line a token begins on."""
        return _line(self.source, token.start)

    def requires(self) -> Iterator[tuple[str, int]]:
        """Yield what the source requires, with its line, in order.

        Raises: ScriptError if `require` is called with anything but one literal text.
        """
        code = self._code()
        for index, token in enumerate(code):
            before = code[index - 1].text if index else ""
            if token.text != "require" or before in (".", "?.", "function") or _text(code, index + 1) != "(":
                continue
            if index + 3 >= len(code) or code[index + 2].kind != "string" or code[index + 3].text != ")":
                raise ScriptError(self.line_of(token), "require() takes one literal text, known before it runs")
            yield code[index + 2].text[1:-1], self.line_of(token)

    def without_comments(self) -> str:
        """Return the source without its comments, and without the blank lines between what is left."""
        kept: list[str] = []
        gap, end = "", 0
        for token in self.tokens:
            gap += self.source[end : token.start]
            end = token.start + len(token.text)
            if token.kind == "comment":
                gap += "\n" if "\n" in token.text else " "
                continue
            _, broken, indent = gap.rpartition("\n")
            between = f"\n{indent}" if broken else gap[:1]
            kept += ["" if kept[-1:] == ["("] and not broken else between, token.text]
            gap = ""
        return "".join(kept).strip("\n") + "\n"

    def _code(self) -> list[Token]:
        return [token for token in self.tokens if token.kind != "comment"]

    def _refuse_modules(self) -> None:
        code = self._code()
        for index, token in enumerate(code):
            before, after = code[index - 1].text if index else "", _text(code, index + 1)
            if token.kind != "word" or before in (".", "?."):
                continue
            is_import = token.text == "import" and after not in (":", ",", "=", "}", ")")
            if is_import or (token.text == "export" and after in _DECLARATION):
                raise ScriptError(self.line_of(token), f"{token.text!r} is module syntax; use require() and exports")


class _Scanner:
    """Walks the source once; `stack` holds the open brackets, each with where it is and what stood before it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.stack: list[tuple[str, int, str]] = []
        self.last = ""  # the last token that is neither space nor comment
        self.may_divide = False  # whether a slash after it divides, rather than begins a regular expression

    def tokens(self) -> Iterator[Token]:
        at = 0
        while at < len(self.source):
            token = self._next(at)
            at += len(token.text)
            if token.kind != "space":
                yield token
        if self.stack:
            bracket, start, _ = self.stack[-1]
            raise ScriptError(_line(self.source, start), f"this {'`' if bracket == '${' else bracket} is never closed")

    def _next(self, at: int) -> Token:
        character = self.source[at]
        if character == "`" or (character == "}" and self.stack and self.stack[-1][0] == "${"):
            return self._template(at)
        if character == "/" and not self.may_divide and (regex := _REGEX.match(self.source, at)):
            return self._remember(Token("regex", regex[0], at), may_divide=True)
        found = _TOKEN.match(self.source, at)
        assert found is not None  # noqa: S101 - the last alternative takes any character
        token = Token(str(found.lastgroup), found[0], at)
        match token.kind:
            case "open":
                raise ScriptError(_line(self.source, at), f"this {token.text} is never closed")
            case "space" | "comment":
                return token
            case "mark":
                return self._mark(token)
            case "word":
                return self._remember(token, may_divide=token.text not in _BEFORE_REGEX or self.last == ".")
        return self._remember(token, may_divide=True)

    def _mark(self, token: Token) -> Token:
        may_divide = False
        if token.text in ("(", "[", "{"):
            self.stack.append((token.text, token.start, self.last))
        elif token.text in _CLOSES:
            bracket, start, before = self.stack.pop() if self.stack else ("", 0, "")
            if bracket != _CLOSES[token.text]:
                opened = f", opened in line {_line(self.source, start)}" if bracket else ""
                raise ScriptError(
                    _line(self.source, token.start), f"{token.text!r} does not close {bracket or 'anything'}{opened}"
                )
            may_divide = token.text == "]" or (token.text == ")" and before not in _BEFORE_CONDITION)
        return self._remember(token, may_divide=may_divide)

    def _template(self, at: int) -> Token:
        if self.source[at] == "}":
            self.stack.pop()
        found = _TEMPLATE.match(self.source, at + 1)
        if found is None:
            raise ScriptError(_line(self.source, at), "this ` is never closed")
        if found["end"] == "${":
            self.stack.append(("${", at, self.last))
        return self._remember(Token("template", self.source[at : found.end()], at), may_divide=found["end"] == "`")

    def _remember(self, token: Token, *, may_divide: bool) -> Token:
        self.last, self.may_divide = token.text, may_divide
        return token


def _text(tokens: list[Token], index: int) -> str:
    return tokens[index].text if index < len(tokens) else ""


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1
