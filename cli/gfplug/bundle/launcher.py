"""The launcher: a small executable in `dist/` that Grafana starts instead of a frozen plugin.

It runs the project's source (`gfruntime.dev`), or prints the address of a plugin that runs elsewhere. On Windows, where
a script is not an executable, it is the stub that also starts console scripts: an .exe, a line with the interpreter,
and a zip with `launched.py`.

Source: distlib 0.4, scripts.py, for the stub; Grafana's locator mode, grafana-plugin-sdk-go v0.298.0,
internal/standalone.
"""

from __future__ import annotations

import io
import ipaddress
import json
import re
import shlex
import zipfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from gfplug.errors import ToolError, UsageError

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_STUBS = {"windows_amd64": "t64.exe", "windows_arm64": "t64-arm.exe"}
_LAUNCHED = Path(__file__).parent / "launchers" / "windows_main.py"
_LAST_PORT = 65535

_SOURCE_SCRIPT = """\
#!/bin/sh
# Written by `gfplug dev`: runs the project's source and starts it again on each save. `gfplug build` replaces it.
{say}if [ ! -x {python} ]; then
  say error "gfplug dev: this Grafana cannot see the interpreter {shown}; Grafana must run on the same file system"
  exit 1
fi
GFPLUG_LINK={link} PYTHONPATH={source} exec {python} -P -m gfruntime.dev
"""

_ATTACH_SCRIPT = """\
#!/bin/sh
# Written by `gfplug dev --attach`: Grafana starts this, and connects to the plugin that runs in a terminal or debugger.
{say}here=${{0%/*}}
locate() {{
  address={address}
  server=none
  if [ -s "$here/standalone.txt" ]; then
    if [ -s "$here/pid.txt" ] && ! kill -0 "$(cat "$here/pid.txt")" 2>/dev/null; then
      stale="standalone.txt names a process that has ended"
    else
      address=$(cat "$here/standalone.txt")
      server=$(cat "$here/pid.txt" 2>/dev/null)
      case $address in :*) address="127.0.0.1$address" ;; esac
    fi
  fi
}}
locate
first=$address/$server
[ -z "$stale" ] || say warn "gfplug dev: $stale; using $address"
say info "gfplug dev: attached to $address; start the plugin there with: {command}"
echo "1|2|tcp|$address|grpc"
while kill -0 "$PPID" 2>/dev/null; do
  sleep 1 </dev/null >/dev/null 2>&1
  locate
  [ "$address/$server" = "$first" ] || exit 0  # Grafana starts it again, and connects anew
done
"""
_SAY = """\
say() {
  printf '{"@level":"%s","@message":"%s","@timestamp":"%s"}\\n' "$1" "$2" "$(date -u +%Y-%m-%dT%H:%M:%S.000000Z)" >&2
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """What to start: the source folder with an interpreter, or only an address.

    `command` is the command that makes the plugin listen at the address; `link` tells the runtime, in JSON, how to link
    module.js again (`gfruntime.dev.link`).
    """

    python: Path
    source: Path
    address: str = ""
    command: str = ""
    link: str = ""

    def executable(self, platform: str) -> bytes:
        """Return the launcher's bytes for a platform in Go's spelling.

        Raises: ToolError if there is no launcher for the platform.
        """
        return self._stub(platform) if platform.startswith("windows_") else self._script()

    def _script(self) -> bytes:
        if self.address:
            text = _ATTACH_SCRIPT.format(address=shlex.quote(self.address), command=_plain(self.command), say=_SAY)
        else:
            python, source = shlex.quote(str(self.python)), shlex.quote(str(self.source))
            plain_python, link = _plain(str(self.python)), shlex.quote(self.link)
            text = _SOURCE_SCRIPT.format(python=python, source=source, shown=plain_python, link=link, say=_SAY)
        return text.encode(errors="surrogateescape")

    def _stub(self, platform: str) -> bytes:
        name = _STUBS.get(platform)
        if name is None:
            raise ToolError(f"there is no launcher for {platform}", hint="use --attach, or a 64-bit Windows")
        stub = resources.files("distlib").joinpath(name).read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            config = {"source": str(self.source), "address": self.address, "command": self.command, "link": self.link}
            archive.writestr(zipfile.ZipInfo("__main__.py"), _LAUNCHED.read_bytes())
            archive.writestr(zipfile.ZipInfo("launch.json"), json.dumps(config, sort_keys=True))
        return stub + f'#!"{self.python}"\r\n'.encode() + packed.getvalue()


def address(text: str, *, allow_remote: bool = False) -> str:
    """Return an address that Grafana can connect to.

    Raises: UsageError if it is not host:port, or other machines can reach it without --allow-remote.
    """
    match = _ADDRESS.fullmatch(text)
    if not match or not 0 < int(match[2]) <= _LAST_PORT:
        raise UsageError(f"--address {text!r} is not host:port", hint="such as 127.0.0.1:50051")
    if not allow_remote and not is_loopback(text):
        raise UsageError(
            f"--address {text}: other machines can reach it, and the plugin does not check callers: anyone who "
            "connects can run its queries, and read all requests and answers, secrets included",
            hint="use 127.0.0.1, or add --allow-remote on a network where you trust every machine",
        )
    return text


def is_loopback(address: str) -> bool:
    """Tell whether only this machine can reach an address; a name other than localhost may mean any machine."""
    host = address.rpartition(":")[0]
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _plain(text: str) -> str:
    """Return a text that is unchanged between double quotes of a shell and in a JSON string."""
    return re.sub(r"[^A-Za-z0-9 _./:=@%+,~-]", "?", text)
