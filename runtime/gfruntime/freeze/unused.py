"""Find the unused parts of the runtime and of grpcio that PyInstaller would bundle.

The runtime imports its clients at their first use, so PyInstaller sees only the imports for type checkers.
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
"""grpcio's certificate authorities, for TLS on systems without any; 0.5 MB."""

_CLIENTS = {"http": ("http", "openapi"), "sql": ("sql",)}
"""The runtime's packages for upstreams, and the names in an author's code that show their use."""

_UNUSED_WITH = {
    "grpcio": ("gfruntime.serving.http2", "hpack"),
    "http2": ("gfruntime.serving.relay", "gfruntime.serving.transport", "gfruntime.serving.undecodable", "grpc"),
}
"""For each transport, the modules of the other transport."""

_SERVER_SIDE = ("gfruntime", "grpc", "pluginv2")


def transport(program: Path) -> tuple[str, ...]:
    """Return the modules of the transport that a program does not use with `serve`; empty if the code does not show it.

    Raises: OSError or SyntaxError if the program can't be read.
    """
    calls = [node for node in ast.walk(ast.parse(program.read_bytes())) if isinstance(node, ast.Call)]
    serving = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] == "serve"]
    if len(serving) != 1 or any(keyword.arg is None for keyword in serving[0].keywords):
        return ()
    values = [keyword.value for keyword in serving[0].keywords if keyword.arg == "transport"]
    names = [value.value if isinstance(value, ast.Constant) else "" for value in values] or ["grpcio"]
    return _UNUSED_WITH.get(str(names[0]), ())


def clients(source: Path, users: Iterable[str]) -> tuple[str, ...]:
    """Return the runtime's packages for upstreams that neither the author's code nor the author's libraries name.

    Shape: `source` is the folder of the author's packages; `users` are the importers of the runtime: modules by
    name, the program by its path. An importer that is neither the author's nor the runtime's may use anything.
    Raises: OSError or UnicodeDecodeError if a file can't be read.
    """
    paths = sorted(source.rglob("*.py"))
    authors = {path.relative_to(source).parts[0].removesuffix(".py") for path in paths}
    if any(
        not is_in_packages(user, ("gfruntime", *authors)) and not Path(user).is_relative_to(source) for user in users
    ):
        return ()
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return tuple(f"gfruntime.{client}" for client, packages in _CLIENTS.items() if not _names(packages).search(text))


def trusts_servers(users: Iterable[str], clients_left_out: Collection[str]) -> bool:
    """Return whether a plugin connects to servers over TLS with grpcio's authorities: by gRPC, or the runtime's client.

    Shape: `users` are the modules that import grpc. The runtime and the stubs use it only to answer.
    """
    return "gfruntime.http" not in clients_left_out or not all(is_in_packages(user, _SERVER_SIDE) for user in users)


def is_in_packages(module: str, packages: Iterable[str]) -> bool:
    """Return whether a module is, or is in, one of the packages."""
    return f"{module}.".startswith(tuple(f"{package}." for package in packages))


def _names(packages: Collection[str]) -> re.Pattern[str]:
    """Make a pattern for code that uses some packages: their names, `*`, or a name that `gfruntime` exports."""
    homes = gfruntime._HOMES.items()  # noqa: SLF001  # the same distribution's
    exported = [name for home, names in homes if home.partition(".")[0] in packages for name in names]
    own = "|".join(packages)
    return re.compile(rf"\bgfruntime\.(?:{own})\b|\bgfruntime import (?:\*|{own})|\b(?:{'|'.join(exported)})\b")
