"""The handshake with the host before the first call: the cookie, the address, the line.

Source: hashicorp/go-plugin v1.8.0, server.go (Serve, serverListener) and docs/internals.md.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfruntime.serving import folders

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

COOKIE_KEY, COOKIE_VALUE = "grafana_plugin_type", "datasource"
_CORE_VERSION = 1
_PLUGIN_VERSION = 2  # the only version; Grafana offers it since 7.0
_LONGEST_PATH = 103 if sys.platform == "darwin" else 107
_HAS_UNIX_SOCKETS = os.name != "nt"  # on Windows, gRPC supports them only in newer builds
_REFUSAL = """\
This is a Grafana data source plugin. It is started by Grafana and is not meant to be run by hand.
To try it without Grafana, run `gfplug call health` or `gfplug call query` in the plugin's project.
"""


class ListenError(Exception):
    """The plugin can't listen as the host requests; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """The plugin's address; `folders` must be removed at the end, `ports` are the allowed TCP ports."""

    network: str
    value: str
    folders: tuple[str, ...] = ()
    ports: Collection[int] = ()

    @property
    def target(self) -> str:
        """Write the address for gRPC."""
        return f"unix:{self.value}" if self.network == "unix" else self.value

    def listen(self, bind: Callable[[str], int]) -> ListenAddress:
        """Bind the address, on the first free port of several; `bind` takes a `target` and returns the port.

        Raises: the exceptions of `bind`, RuntimeError or OSError; ListenError if no port is free.
        """
        if self.network == "unix":
            bind(self.target)
            return self
        host, _, port = self.value.rpartition(":")
        for each in self.ports or (port,):
            try:
                return replace(self, value=f"{host}:{bind(f'{host}:{each}')}")
            except (RuntimeError, OSError):  # the port is in use; grpcio raises RuntimeError
                if not self.ports:
                    raise
        raise ListenError(
            f"no port from {min(self.ports)} to {max(self.ports)} is free (PLUGIN_MIN_PORT, PLUGIN_MAX_PORT)"
        )

    def remove(self) -> None:
        """Remove the socket and its folders."""
        if self.network == "unix":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.value)
        for folder in self.folders:
            folders.remove(folder)


def refusal(environ: Mapping[str, str]) -> str:
    """Explain why the plugin doesn't start without the host's cookie; empty if the cookie is set."""
    return "" if environ.get(COOKIE_KEY) == COOKIE_VALUE else _REFUSAL


def choose_address(environ: Mapping[str, str]) -> ListenAddress:
    """Choose a unix socket that only this user can reach, or a loopback port on systems without such sockets.

    `PLUGIN_UNIX_SOCKET_DIR` is used, unless its path is too long for a socket, or no socket can be created there.
    """
    if not _HAS_UNIX_SOCKETS:
        return _loopback(environ)
    shared = environ.get("PLUGIN_UNIX_SOCKET_DIR")
    if shared:
        parent = os.path.abspath(shared)
        path = f"{parent}/plugin{os.getpid()}-{os.urandom(4).hex()}"
        if _fits(path) and _can_bind(path):
            return ListenAddress(network="unix", value=path)
        return _loopback(environ)
    try:
        return private_socket()
    except OSError:
        return _loopback(environ)


def private_socket() -> ListenAddress:
    """Return a unix socket address in a new folder that only this user can enter.

    Raises: OSError if no temporary folder is writable, or all paths are too long for a socket.
    """
    if not _HAS_UNIX_SOCKETS:
        raise OSError("this system has no unix sockets for gRPC")
    for parent in _temporary_folders():
        try:
            folder = folders.make(parent)
        except OSError:
            continue
        if _fits(f"{folder}/socket"):
            return ListenAddress(network="unix", value=f"{folder}/socket", folders=(folder,))
        folders.remove(folder)
    raise OSError("no folder for temporary files can hold a unix socket")


def restrict_socket(address: ListenAddress, environ: Mapping[str, str]) -> None:
    """Allow only the owner, or also the group that the host names, to use the socket."""
    if address.network != "unix":
        return
    group = environ.get("PLUGIN_UNIX_SOCKET_GROUP")
    if not group:
        os.chmod(address.value, 0o600)
        return
    import shutil  # noqa: PLC0415  # seldom needed

    shutil.chown(address.value, group=int(group) if group.isdecimal() else group)
    os.chmod(address.value, 0o660)
    folder = os.path.dirname(address.value)
    if folder in address.folders:
        shutil.chown(folder, group=int(group) if group.isdecimal() else group)
        os.chmod(folder, 0o710)  # noqa: S103  # the group must get through


def handshake_line(address: ListenAddress, certificate: str = "") -> bytes:
    """Write the handshake line, the only output on stdout."""
    fields = (_CORE_VERSION, _PLUGIN_VERSION, address.network, address.value, "grpc", certificate)
    return ("|".join(map(str, fields)) + "\n").encode()


def _temporary_folders() -> list[str]:
    candidates = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    return list(dict.fromkeys(folder for folder in [*candidates, "/tmp", "/var/tmp"] if folder))  # noqa: S108  # 0700


def _fits(path: str) -> bool:
    """Tell whether a path is short enough to bind, and has no characters with a meaning in the line or for gRPC."""
    return (
        len(os.fsencode(path)) <= _LONGEST_PATH
        and path.isprintable()
        and not any(character in path for character in "|%?#")
    )


def _can_bind(path: str) -> bool:
    """Tell whether a socket can be created: the folder may be read-only, or its disk full."""
    if sys.platform == "win32":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(path)
            os.unlink(path)
        except OSError:
            return False
    return True


def _loopback(environ: Mapping[str, str]) -> ListenAddress:
    """Return a loopback port: on Windows in the host's range, as in go-plugin, else any port."""
    first, last = (environ.get(name, "") for name in ("PLUGIN_MIN_PORT", "PLUGIN_MAX_PORT"))
    has_range = not _HAS_UNIX_SOCKETS and first.isdecimal() and last.isdecimal()
    ports = range(int(first), int(last) + 1) if has_range else ()
    return ListenAddress(network="tcp", value="127.0.0.1:0", ports=ports)
