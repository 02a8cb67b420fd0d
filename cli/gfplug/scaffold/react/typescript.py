"""Pieces of TypeScript and JSX as text: literals, names, imports, elements."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

WIDTH = 120
_EXACT = 2**53
_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
_PLAIN_ATTRIBUTE = re.compile(r'[^"&\\\x00-\x1f\x7f\ud800-\udfff]*')
_NO_CODE = re.compile(r"""//.*$|/\*\*.*?\*/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.MULTILINE)
_GROUP = re.compile(r"\([^()]*\)")


def string(text: str) -> str:
    """Write a text as a literal: in single quotes, unless double quotes need fewer escapes."""
    quoted = json.dumps(text, ensure_ascii=any("\ud800" <= character <= "\udfff" for character in text)).replace(
        "\x7f", "\\x7f"
    )
    if "'" in text and '"' not in text:
        return quoted
    inner = quoted[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inner}'"


def literal(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write a JSON value on one line."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{key(name)}: {literal(each)}" for name, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
    return json.dumps(int(value) if is_whole else value)


def key(name: str) -> str:
    """Write a name as the key of an object."""
    return name if _NAME.fullmatch(name) else string(name)


def member(owner: str, name: str, *, optional: bool = False) -> str:
    """Write the access to a member; a name with a dot leads into a nested object."""
    first, _, rest = name.partition(".")
    mark = "?." if optional else "."
    inner = f"{owner}{mark}{first}" if _NAME.fullmatch(first) else f"{owner}{'?.' if optional else ''}[{string(first)}]"
    return member(inner, rest, optional=optional) if rest else inner


def item(owner: str, name: str) -> str:
    """Write the access to the value of an object's key, which may contain any characters."""
    return f"{owner}.{name}" if _NAME.fullmatch(name) else f"{owner}[{string(name)}]"


def pascal(name: str) -> str:
    """Turn `max_rows` into `MaxRows`; other characters are left out."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    text = "".join(word[:1].upper() + word[1:] for word in words)
    return text if text[:1].isalpha() else f"Field{text}"


def camel(name: str) -> str:
    """Turn `max_rows` into `maxRows`."""
    name = pascal(name)
    return name[:1].lower() + name[1:]


def text_attribute(name: str, text: str) -> str:
    """Write an attribute whose value is a text."""
    return f'{name}="{text}"' if _PLAIN_ATTRIBUTE.fullmatch(text) else f"{name}={{{string(text)}}}"


def uses(code: str, name: str) -> bool:
    """Return whether code refers to a name, except as a member or a key, in a text or in a comment."""
    place = r"(?<![\w$'])(?:(?<!\.)|(?<=\.\.\.))"
    return re.search(rf"{place}{re.escape(name)}(?![\w$]|\??:)", _NO_CODE.sub("''", code)) is not None


def imports(code: str, names: Mapping[str, str], *, always: str = "") -> str:
    """Write the imports of the names that code uses, and of `always`.

    `names` maps each name to its module; `type X` is the name of a type.
    """
    by_module = defaultdict(list)
    for name, module in names.items():
        if name == always or uses(code, name.removeprefix("type ")):
            by_module[module].append(name)
    order = sorted(by_module, key=lambda module: (module.startswith("."), module.lower()))
    return "\n".join(_import(module, by_module[module]) for module in order)


def _import(module: str, names: Sequence[str]) -> str:
    if module == "react":
        return "import * as React from 'react';"
    ordered = sorted(names, key=lambda name: name.removeprefix("type ").lower())
    line = f"import {{ {', '.join(ordered)} }} from '{module}';"
    if len(line) <= WIDTH:
        return line
    return "\n".join(["import {", *(f"  {name}," for name in ordered), f"}} from '{module}';"])


@dataclass(frozen=True, slots=True)
class Element:
    """A JSX element; `attributes` are written out, such as `width={40}`."""

    name: str
    attributes: Sequence[str] = ()
    children: Sequence[Node] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Nodes that are rendered while an expression is true, or always if it is empty."""

    test: str
    nodes: Sequence[Node]


Node: TypeAlias = "Element | Condition | str"
"""A text is a line of JSX, unchanged."""


def jsx(nodes: Iterable[Node], depth: int) -> list[str]:
    """Write nodes as lines, two spaces for each level; a condition of adjacent nodes is tested once."""
    return [line for node in _join_conditions(nodes) for line in _lines(node, depth)]


def _join_conditions(nodes: Iterable[Node]) -> Iterator[Node]:
    for test, group in groupby(nodes, key=lambda node: node.test if isinstance(node, Condition) else ""):
        if test:
            yield Condition(test, [each for node in group if isinstance(node, Condition) for each in node.nodes])
        else:
            yield from group


def _lines(node: Node, depth: int) -> list[str]:
    indent = "  " * depth
    if isinstance(node, str):
        return [f"{indent}{node}"]
    if isinstance(node, Element):
        return _element(node, depth)
    if not node.test:
        return jsx(node.nodes, depth)
    inner = node.nodes if len(node.nodes) == 1 and isinstance(node.nodes[0], Element) else [Element("", (), node.nodes)]
    test = f"({node.test})" if _is_either(node.test) else node.test
    return [f"{indent}{{{test} && (", *jsx(inner, depth + 1), f"{indent})}}"]


def _is_either(test: str) -> bool:
    """Tell whether a test has `||` outside of all parentheses."""
    bare = _NO_CODE.sub("''", test)
    while bare != (shorter := _GROUP.sub("", bare)):
        bare = shorter
    return " || " in bare


def _element(element: Element, depth: int) -> list[str]:
    indent, end = "  " * depth, ">" if element.children else " />"
    opening = f"{indent}<{' '.join([element.name, *element.attributes])}{end}"
    lines = [opening]
    if len(opening) > WIDTH:
        last = f"{indent}{end.strip()}"
        lines = [f"{indent}<{element.name}", *(f"{indent}  {each}" for each in element.attributes), last]
    if not element.children:
        return lines
    return [*lines, *jsx(element.children, depth + 1), f"{indent}</{element.name}>"]
