# ruff: noqa: INP001 - a script
"""Write docs/reference.md anew: every command's `--help`, and every public name of the runtime with its docstring.

python docs/refresh.py
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import os
from pathlib import Path

from gfplug import cli

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "runtime" / "gfruntime"
OUTPUT = ROOT / "docs" / "reference.md"
GROUPS = ("call", "proto")
_HEAD = """\
# Reference

Written by `docs/refresh.py` from `--help` and from docstrings; edit those.
"""


def main() -> None:
    """Write the file."""
    parts = [_HEAD, "\n## Commands\n", *(_command(words) for words in commands()), "\n## `from gfruntime import ...`\n"]
    for name, (module, text) in sorted(public_names().items()):
        parts.append(f"\n### `{name}`\n\n{text}\n\nIn `gfruntime/{module.replace('.', '/')}.py`.\n")
    OUTPUT.write_text("".join(parts), encoding="utf-8")


def commands() -> list[tuple[str, ...]]:
    """List every command, those of a group after it."""
    top = [(), *((name,) for name in _listed(()))]
    return [
        words for each in top for words in (each, *((*each, name) for name in _listed(each) if each[:1] in _groups()))
    ]


@functools.cache
def help_of(words: tuple[str, ...]) -> str:
    """Return what `--help` prints, at a fixed width."""
    os.environ.update(COLUMNS="110", TERMINAL_WIDTH="110", NO_COLOR="1")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        cli.main([*words, "--help"])
    return printed.getvalue().strip()


def public_names() -> dict[str, tuple[str, str]]:
    """Map each public name of the runtime to its module and docstring, read without importing anything."""
    tree = ast.parse((RUNTIME / "__init__.py").read_text(encoding="utf-8"))
    homes: dict[str, tuple[str, ...]] = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_HOMES"
    )
    named = {name: module for module, names in homes.items() for name in names} | {"serve": "serve"}
    return {name: (module, _docstring(module, name)) for name, module in named.items()}


def _groups() -> list[tuple[str, ...]]:
    return [(name,) for name in GROUPS]


def _listed(words: tuple[str, ...]) -> list[str]:
    _, _, listed = help_of(words).partition("\nCommands:\n")
    return [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]


def _command(words: tuple[str, ...]) -> str:
    return f"\n### `{' '.join(('gfplug', *words))}`\n\n```\n{help_of(words)}\n```\n"


def _docstring(module: str, name: str) -> str:
    for node in ast.parse((RUNTIME / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    return ""


if __name__ == "__main__":
    main()
