"""The handshake line of a plugin, parsed by go-plugin's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gfplug.errors import ToolError

_CORE_VERSION, _PLUGIN_VERSION = 1, 2
_PARTS_AT_LEAST = 4
_CERTIFICATE_LONGER_THAN = 50
_LONG, _SHORT = 200, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """The address at which a plugin listens."""

    network: str
    address: str
    line: str

    @property
    def target(self) -> str:
        """The address in gRPC's form."""
        return f"unix:{self.address}" if self.network == "unix" else self.address


def parse(line: str) -> Handshake:
    """Parse a handshake line such as `1|2|unix|/tmp/plugin1|grpc|`.

    Raises: ToolError naming the part that go-plugin would refuse, and why.
    Source: hashicorp/go-plugin v1.8.0, client.go, Start.
    """
    text = line.strip()
    parts = text.split("|")
    if len(parts) < _PARTS_AT_LEAST:
        raise ToolError(
            f"the plugin wrote {_excerpt(text)} to stdout where Grafana expects the handshake line",
            hint="nothing may print to stdout before the plugin serves: print to stderr, or log",
        )
    core, version, network, address = parts[:4]
    protocol = parts[4] if len(parts) > _PARTS_AT_LEAST else "netrpc"
    certificate = parts[5] if len(parts) > _PARTS_AT_LEAST + 1 else ""
    for wrong, sentence in (
        (_number(core) != _CORE_VERSION, f"go-plugin core version {_excerpt(core, _SHORT)}, not 1"),
        (_number(version) != _PLUGIN_VERSION, f"plugin protocol version {_excerpt(version, _SHORT)}, not 2"),
        (network not in {"unix", "tcp"}, f"address type {_excerpt(network, _SHORT)}, neither unix nor tcp"),
        (
            network == "tcp" and not _is_tcp_address(address),
            f"the TCP address {_excerpt(address, _SHORT)}, not host:port",
        ),
        (not address, "no address"),
        (protocol != "grpc", f"the protocol {_excerpt(protocol, _SHORT)}, not grpc"),
        (len(certificate) > _CERTIFICATE_LONGER_THAN, "a TLS certificate, though Grafana did not ask for one"),
    ):
        if wrong:
            raise ToolError(f"the plugin's handshake line names {sentence}: {_excerpt(text)}")
    return Handshake(network=network, address=address, line=text)


def _is_tcp_address(address: str) -> bool:
    host, colon, port = address.rpartition(":")
    return bool(colon) and bool(host) and 0 < _number(port) < 65536  # noqa: PLR2004 - the highest port


def _number(text: str) -> int:
    """Return a number of a few ASCII digits; -1 for any other text."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1


def _excerpt(text: str, most: int = _LONG) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")
