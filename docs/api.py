# ruff: noqa: INP001 - part of a script
"""The public names of the runtime as Markdown: each with its signature, its paragraph, and its members.

Everything is read from the source: signatures, docstrings, and the text below a field.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "runtime"
_EXAMPLE = re.compile(r"(?:^>>> .*\n?(?:^\.\.\. .*\n?|^(?!>>>)[^\n]+\n?)*)+", re.MULTILINE)
_WIDE = 90
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Entry:
    """A public name, or a member of one: `Frame`, `Frame.of`. `text` is its paragraph, or empty."""

    name: str
    signature: str
    text: str
    kind: str
    members: Sequence[Entry] = ()


def entries(modules: Mapping[str, Sequence[str]]) -> dict[str, list[Entry]]:
    """Describe the public names of each module; without names, describe those that the module defines."""
    return {
        module: [describe(module, name) for name in sorted(names or public_names(module), key=str.lower)]
        for module, names in modules.items()
    }


def public_names(module: str) -> list[str]:
    """List the public names of a module: its `__all__`, or the names that it defines."""
    imported = import_module(module)
    if hasattr(imported, "__all__"):
        return list(imported.__all__)
    defined = _definitions(module)
    return [name for name in defined if not name.startswith("_") and not re.fullmatch(r"[A-Z]\w*T", name)]


def describe(module: str, name: str) -> Entry:
    """Describe one name, from the source that defines it."""
    home, node = _home(module, name)
    if isinstance(node, _Function):
        return Entry(name, _signature(node, name), _text(node), "function")
    if isinstance(node, ast.ClassDef):
        members = [*_fields(name, node), *_methods(name, node)]
        return Entry(name, _constructor(node, members), _text(node), "class", members)
    return Entry(name, name, _constant_text(home, name), "constant")


def markdown(entry: Entry) -> str:
    """Write one name: heading, signature, paragraph, members."""
    parts = [f"\n### `{entry.name}`\n", f"\n```python\n{entry.signature}\n```\n", f"\n{_with_examples(entry.text)}\n"]
    parts += [_member(each) for each in entry.members]
    return "".join(parts)


def _member(entry: Entry) -> str:
    first, _, rest = _with_examples(entry.text).partition("\n")
    title = f"\n- `{entry.signature}`"
    body = textwrap.indent(rest, "  ").rstrip()
    return f"{title}: {first}" + (f"\n{body}" if body.strip() else "") + "\n" if first else f"{title}\n"


def _with_examples(text: str) -> str:
    """Put examples into separate blocks."""
    return _EXAMPLE.sub(lambda match: f"```pycon\n{match[0].rstrip()}\n```\n", text).rstrip()


def _home(module: str, name: str) -> tuple[str, ast.stmt | None]:
    """Find the module that defines a name, and the definition; follow one re-export."""
    value = getattr(import_module(module), name)
    home = getattr(value, "__module__", module)
    home = home if isinstance(home, str) and home.startswith("gfruntime") else module
    return home, _definitions(home).get(getattr(value, "__name__", name))


@functools.cache
def _definitions(module: str) -> dict[str, ast.stmt]:
    path = Path(inspect.getfile(import_module(module)))
    body = ast.parse(path.read_text(encoding="utf-8")).body
    definitions = {node.name: node for node in body if isinstance(node, (*_Function.__args__, ast.ClassDef))}
    return {**definitions, **{name: node for name, node, _ in _assignments(body)}}


def _assignments(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt, str]]:
    """List the assignments, each with the text below it."""
    for node, following in zip(body, [*body[1:], None], strict=True):
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        if isinstance(target, ast.Name):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            yield target.id, node, inspect.cleandoc(str(following.value.value)) if is_text else ""  # type: ignore[union-attr]  # is_text says so


def _fields(owner: str, node: ast.ClassDef) -> Iterator[Entry]:
    for name, assigned, text in _assignments(node.body):
        if not name.startswith("_"):
            kind = f": {ast.unparse(assigned.annotation)}" if isinstance(assigned, ast.AnnAssign) else ""
            value = assigned.value if isinstance(assigned, ast.AnnAssign | ast.Assign) else None
            yield Entry(f"{owner}.{name}", f"{name}{kind}{_default(value)}", text, "field")


def _default(value: ast.expr | None) -> str:
    if value is None:
        return ""
    text = ast.unparse(value)
    if not text.startswith("field("):
        return f" = {text}"
    arguments = {keyword.arg: keyword.value for keyword in getattr(value, "keywords", [])}
    if "default" in arguments:
        return f" = {ast.unparse(arguments['default'])}"
    empty = {"dict": "{}", "tuple": "()", "list": "[]"}
    factory = ast.unparse(arguments["default_factory"]) if "default_factory" in arguments else ""
    return f" = {empty.get(factory, f'{factory}()')}" if factory else ""


def _methods(owner: str, node: ast.ClassDef) -> Iterator[Entry]:
    methods = {each.name: each for each in node.body if isinstance(each, _Function)}  # the last of several overloads
    for name, method in methods.items():
        if name.startswith("_") and name not in {"__len__", "__getitem__", "__call__"}:
            continue
        marks = {ast.unparse(each) for each in method.decorator_list}
        is_property = bool(marks & {"property", "cached_property"})
        returned = f": {ast.unparse(method.returns)}" if method.returns else ""
        signature = (
            f"{name}{returned}" if is_property else _signature(method, name, is_method="staticmethod" not in marks)
        )
        yield Entry(f"{owner}.{name}", signature, _text(method), "property" if is_property else "method")


def _constructor(node: ast.ClassDef, members: Sequence[Entry]) -> str:
    own = next((each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None)
    if own is not None:
        return _signature(own, node.name, is_method=True).removesuffix(" -> None")
    fields = [member.signature for member in members if member.kind == "field"]
    if not fields or not any("dataclass" in ast.unparse(each) for each in node.decorator_list):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    inside, lines = ", ".join(fields), ",\n    ".join(fields)
    return f"{node.name}({inside})" if len(inside) < _WIDE else f"{node.name}(\n    {lines},\n)"


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str, *, is_method: bool = False) -> str:
    arguments = ast.unparse(node.args)
    if is_method:
        arguments = arguments.partition(", ")[2] if ", " in arguments else ""
    word = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{word}{name}({arguments}){returned}"


def _text(node: ast.stmt) -> str:
    return ast.get_docstring(node) or ""  # type: ignore[arg-type]  # functions and classes alone come here


def _constant_text(module: str, name: str) -> str:
    path = Path(inspect.getfile(import_module(module)))
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return next((text for each, _, text in _assignments(body) if each == name), "")
