"""What a plugin does not use of the runtime and of grpcio, though PyInstaller would bundle it.

The runtime imports its clients when they are first used, so PyInstaller sees only the imports that type checkers read.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import gfruntime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ROOTS = str(Path("grpc", "_cython", "_credentials", "roots.pem"))
"""The authorities that grpcio brings, for TLS where the system has none; 0.5 MB."""

_CLIENTS = {"http": ("http", "openapi"), "sql": ("sql",)}
"""The runtime's packages for upstreams, and those whose names in the author's code say that one is used."""

_OF_THE_OTHER = {
    "grpcio": ("gfruntime.serving.http2", "hpack"),
    "http2": ("gfruntime.serving.relay", "gfruntime.serving.transport", "gfruntime.serving.undecodable", "grpc"),
}
"""By the transport in use, what the other one is made of."""

_ONLY_ANSWERING = ("gfruntime", "grpc", "pluginv2")


def transport(program: Path) -> tuple[str, ...]:
    """Name what brings the transport that a program does not tell `serve` to use; nothing where that can't be read.

    Raises: OSError or SyntaxError if the program can't be read.
    """
    calls = [node for node in ast.walk(ast.parse(program.read_bytes())) if isinstance(node, ast.Call)]
    serving = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] == "serve"]
    if len(serving) != 1 or any(keyword.arg is None for keyword in serving[0].keywords):
        return ()
    values = [keyword.value for keyword in serving[0].keywords if keyword.arg == "transport"]
    names = [value.value if isinstance(value, ast.Constant) else "" for value in values] or ["grpcio"]
    return _OF_THE_OTHER.get(str(names[0]), ())


def clients(source: Path, users: Iterable[str]) -> tuple[str, ...]:
    """Name the runtime's packages for upstreams that neither the author's code nor a library of theirs names.

    Shape: `source` is the folder of the author's packages; `users` are what imports the runtime: modules by
    name, the program by its path. One that is neither the author's nor the runtime's may use anything.
    Raises: OSError or UnicodeDecodeError if a file can't be read.
    """
    paths = sorted(source.rglob("*.py"))
    authors = {path.relative_to(source).parts[0].removesuffix(".py") for path in paths}
    if any(not within(user, ("gfruntime", *authors)) and not Path(user).is_relative_to(source) for user in users):
        return ()
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return tuple(f"gfruntime.{client}" for client, packages in _CLIENTS.items() if not _names(packages).search(text))


def trusts_servers(users: Iterable[str], clients_left_out: Collection[str]) -> bool:
    """Tell whether a plugin asks servers over TLS with grpcio's authorities: by gRPC, or with the runtime's client.

    Shape: `users` are the modules that import grpc. Those of the runtime and the stubs only answer by it.
    """
    return "gfruntime.http" not in clients_left_out or not all(within(user, _ONLY_ANSWERING) for user in users)


def within(module: str, packages: Iterable[str]) -> bool:
    """Tell whether a module is one of the packages or is in one of them."""
    return f"{module}.".startswith(tuple(f"{package}." for package in packages))


def _names(packages: Collection[str]) -> re.Pattern[str]:
    """Match what code writes that uses some packages: their names, `*`, or a name that `gfruntime` gives out."""
    homes = gfruntime._HOMES.items()  # noqa: SLF001  # the same distribution's
    exported = [name for home, names in homes if home.partition(".")[0] in packages for name in names]
    own = "|".join(packages)
    return re.compile(rf"\bgfruntime\.(?:{own})\b|\bgfruntime import (?:\*|{own})|\b(?:{'|'.join(exported)})\b")
