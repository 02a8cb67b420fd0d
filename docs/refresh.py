# ruff: noqa: INP001 - a script
"""Write docs/reference.md again: commands, methods of a data source, the runtime's public names, environment variables.

python docs/refresh.py
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import os
import runpy
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import cli
from gfruntime.author.handlers import METHODS
from gfruntime.sql import dialects, macros

sys.path.insert(0, str(Path(__file__).parent))

import api

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "docs" / "reference.md"
ENVIRONMENT = ROOT / "docs" / "environment.toml"
GROUPS = ("call", "proto")
FORMER = {
    "gfruntime.fakes": "gfruntime.testing.fakes",
    "gfruntime.fixtures": "gfruntime.testing.fixtures",
    "gfruntime.calls.admission": "gfruntime",
}
"""Modules that only repeat the names of others, so that older projects find them."""

_HEAD = """\
# Reference

Written by `docs/refresh.py` from `--help`, signatures and docstrings; edit those.

[Commands](#commands) · [The data source class](#the-data-source-class) ·
[SQL macros](#sql-macros) · [`from gfruntime import …`](#from-gfruntime-import-) · [Other modules](#other-modules) ·
[Environment variables](#environment-variables)
"""
_PLACES = {
    "calls": "`def`: a worker thread; `async def`: the event loop",
    "instance": "a thread of its own",
    "class": "on the class, without an instance",
}
_WHOM = {
    "gfplug": "Read by gfplug",
    "plugin": "Read by a plugin from its own environment",
    "request": "Sent by Grafana with each request, and read by a plugin from `config`",
    "tests": "Read by a project's tests",
}


def main() -> None:
    """Write the file."""
    own, others = _public()
    parts = [_HEAD, "\n## Commands\n", *(_command(words) for words in commands()), _methods()]
    parts.append(_macros())
    parts.append("\n## `from gfruntime import …`\n")
    parts += [api.markdown(entry) for entry in own]
    parts.append("\n## Other modules\n")
    parts += [f"\nThe names of `{former}` are those of `{module}`.\n" for former, module in sorted(FORMER.items())]
    for module, entries in others.items():
        parts.append(f"\n## `from {module} import …`\n")
        parts += [api.markdown(entry) for entry in entries]
    OUTPUT.write_text("".join([*parts, _environment()]), encoding="utf-8")


def commands() -> list[tuple[str, ...]]:
    """List every command; those of a group come after it."""
    top = [(), *((name,) for name in _subcommands(()))]
    return [
        words
        for each in top
        for words in (each, *((*each, name) for name in _subcommands(each) if each[:1] in _groups()))
    ]


@functools.cache
def help_of(words: tuple[str, ...]) -> str:
    """Return the output of `--help` at a fixed width."""
    os.environ.update(COLUMNS="110", TERMINAL_WIDTH="110", NO_COLOR="1")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        cli.main([*words, "--help"])
    return printed.getvalue().strip()


def public_entries() -> list[api.Entry]:
    """Describe every public name of the runtime, with its members."""
    own, others = _public()
    names = [*own, *(entry for entries in others.values() for entry in entries)]
    return [each for entry in names for each in (entry, *entry.members)]


def environment() -> dict[str, dict[str, str]]:
    """Map groups to environment variables, and each variable to its meaning."""
    groups: dict[str, dict[str, str]] = tomllib.loads(ENVIRONMENT.read_text(encoding="utf-8"))
    return groups


def _public() -> tuple[list[api.Entry], Mapping[str, list[api.Entry]]]:
    """Describe the names of `gfruntime`, and the other names of its public modules."""
    modules = runpy.run_path(str(ROOT / "tests" / "runtime" / "public_api.py"))["MODULES"]
    described = api.entries({module: names for module, names in modules.items() if module not in FORMER})
    own = described.pop("gfruntime")
    own_names = {entry.name for entry in own}
    rest = {
        module: [entry for entry in entries if entry.name not in own_names] for module, entries in described.items()
    }
    return own, {module: entries for module, entries in rest.items() if entries}


def _groups() -> list[tuple[str, ...]]:
    return [(name,) for name in GROUPS]


def _subcommands(words: tuple[str, ...]) -> list[str]:
    _, _, command_lines = help_of(words).partition("\nCommands:\n")
    return [line.split()[0] for line in command_lines.splitlines() if line.startswith("  ") and line[2] != " "]


def _command(words: tuple[str, ...]) -> str:
    return f"\n### `{' '.join(('gfplug', *words))}`\n\n```\n{help_of(words)}\n```\n"


def _methods() -> str:
    """Write the methods of a data source class."""
    text = sys.modules[METHODS["query"].__class__.__module__].__doc__ or ""
    parts = ["\n## The data source class\n", f"\n{text.strip()}\n"]
    for name, method in METHODS.items():
        parts.append(f"\n### `{name}({method.signature})`\n\n{method.when}\n")
        parts.append(f"\n- returns {method.returns}\n- runs: {_PLACES[method.place]}\n")
    return "".join(parts)


def _macros() -> str:
    """Write the macros of SQL and of URLs: the tables of the two modules that replace them."""
    return "".join(
        ["\n## SQL macros\n", *(f"\n{inspect.cleandoc(module.__doc__ or '')}\n" for module in (macros, dialects))]
    )


def _environment() -> str:
    parts = ["\n## Environment variables\n"]
    for group, variables in environment().items():
        parts.append(f"\n### {_WHOM[group]}\n\n| variable | what it does |\n| --- | --- |\n")
        parts += [f"| `{name}` | {text} |\n" for name, text in variables.items()]
    return "".join(parts)


if __name__ == "__main__":
    main()
