"""A plugin under a debugger: it runs standalone, and the process that Grafana starts only redirects Grafana to it.

`python -m plugin -standalone` serves on a port and writes `standalone.txt` (the address) and `pid.txt` beside
plugin.json. If the normal executable finds these files, it only prints that address as its handshake line; it ends with
the standalone server, and Grafana then starts the plugin itself again. `GF_PLUGIN_GRPC_ADDRESS_<ID>` may name an
address instead of the files. An address that other machines can reach needs `-allow-remote`.
Source: grafana-plugin-sdk-go v0.298.0, internal/standalone.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from gfruntime.serving import host_process, plugin_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from gfruntime.serving.plugin_json import Manifest

_ADDRESS_FILE, _PID_FILE = "standalone.txt", "pid.txt"
_PREFIX = "GF_PLUGIN_GRPC_ADDRESS_"
_POLL = 1.0
_ALLOW_REMOTE = {"-allow-remote", "--allow-remote"}
_REMOTE = """\
{variable} is {address!r}, where other machines can reach the plugin.
It does not check who calls: anybody who can connect can run queries, and read all that Grafana sends and receives,
secrets included.
Listen on 127.0.0.1:PORT; or add -allow-remote, on a network where you trust every machine.
"""


def find_server(environ: Mapping[str, str], own: Manifest | None = None) -> tuple[str, int] | None:
    """Return a standalone server's address, and the number of its process if known.

    Files of an ended process belong to a server that could not remove them, and are ignored.
    """
    variables = {name: value for name, value in environ.items() if name.startswith(_PREFIX)}
    manifest = plugin_json.find() if own is None else own
    address = variables.get(_variable(manifest.plugin_id), "") if variables and manifest.plugin_id else ""
    if address:
        return address, 0
    for place in () if manifest.folder is None else (manifest.folder, manifest.folder / "dist"):
        with contextlib.suppress(OSError, ValueError):
            address = (place / _ADDRESS_FILE).read_text(encoding="utf-8").strip()
            pid = _pid(place)
            if address and (pid == 0 or host_process.is_alive(pid)):
                return address, pid
    return None


def redirect_host(address: str, pid: int, host: int) -> None:
    """Redirect Grafana to the plugin, and stay until the server or Grafana is gone."""
    if address.startswith(":"):  # Go's servers write addresses like this
        address = f"127.0.0.1{address}"
    os.write(1, f"1|2|tcp|{address}|grpc\n".encode())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    clock = threading.Event()
    while (pid == 0 or host_process.is_alive(pid)) and host_process.is_host(host):
        clock.wait(_POLL)


def choose_address(environ: Mapping[str, str], plugin_id: str) -> str:
    """Return the address at which a standalone server listens: the configured address, else a free loopback port."""
    address = environ.get(_variable(plugin_id), "")
    return f"127.0.0.1{address}" if address.startswith(":") else address or "127.0.0.1:0"


def refusal(address: str, plugin_id: str, arguments: Collection[str]) -> str:
    """Explain why the server refuses an address that other machines can reach; empty if it may use the address."""
    if is_loopback(address) or _ALLOW_REMOTE & set(arguments):
        return ""
    return _REMOTE.format(variable=_variable(plugin_id), address=address)


def is_loopback(address: str) -> bool:
    """Tell whether only this machine can reach an address; a name other than localhost may mean any machine."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        return False
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    return host.lower() == "localhost"


def folder(plugin_id: str) -> Path | None:
    """Return the folder from which Grafana has loaded the plugin: `dist`, below the current folder."""
    base = Path.cwd()
    base = base.parent if base.name == "pkg" else base
    base = base / "dist" if (base / "dist").is_dir() else base
    for file in sorted(base.rglob("plugin.json")):
        manifest = plugin_json.read(file.parent)
        if manifest is not None and manifest.plugin_id == plugin_id:
            return file.parent
    return None


@contextlib.contextmanager
def announce(place: Path, where: str) -> Iterator[None]:
    """Keep the files as long as the server runs, and end Grafana's plugin process, so that Grafana restarts it."""
    files = {place / _PID_FILE: str(os.getpid()), place / _ADDRESS_FILE: where}
    for path in reversed(files):  # in this order, an address always has its process number
        path.unlink(missing_ok=True)
    for path, text in files.items():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    evict(place)
    try:
        yield
    finally:
        for path in reversed(files):
            path.unlink(missing_ok=True)


def evict(place: Path) -> list[int]:
    """End the processes that run this plugin's executable; Grafana starts it again. Only on Linux."""
    own = plugin_json.read(place)
    if own is None or not own.executable:
        return []
    program = str((place / own.executable).resolve())
    ended = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid == os.getpid() or not any(path.startswith(f"{program}_") for path in _programs(entry)):
            continue
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)
            ended.append(pid)
    return ended


def _programs(entry: Path) -> list[str]:
    """Return a process's programs: its executable, and its first argument, which may be a script."""
    programs = []
    with contextlib.suppress(OSError):
        programs.append(str((entry / "exe").readlink()))
    with contextlib.suppress(OSError):
        words = (entry / "cmdline").read_bytes().split(b"\0")[:2]
        programs += [os.path.realpath(os.fsdecode(word)) for word in words if word.startswith(b"/")]
    return programs


def _variable(plugin_id: str) -> str:
    return _PREFIX + plugin_id.upper().replace("-", "_")


def _pid(place: Path) -> int:
    """Read the server's process number; 0 if it is unknown."""
    file = place / _PID_FILE
    text = file.read_text(encoding="ascii").strip() if file.exists() else ""
    return int(text) if text else 0
