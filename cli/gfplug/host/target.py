"""The program to start, and the environment that Grafana gives it."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GRAFANA_VERSION = "13.0.0"
"""The Grafana version that gfplug simulates."""

COOKIE = ("grafana_plugin_type", "datasource")

_GO_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_GO_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "i686": "386", "i386": "386"}

# The variables that Grafana sets for a plugin, or passes on if it skips the host environment (the default since 12.4).
# Its own settings (GF_SECURITY_..., GF_DATABASE_...) are not passed on.
_PASSED_VARIABLES = {
    *("PLUGIN_UNIX_SOCKET_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
}
_PASSED_GRAFANA = {"GF_VERSION", "GF_EDITION", "GF_APP_URL", "GF_DATAPROXY_RESPONSE_LIMIT"}
_PASSED_PREFIXES = ("GF_PLUGIN_", "GF_PLUGINS_PROFILER", "GF_INSTANCE_", "GF_SECURE_SOCKS_DATASOURCE_PROXY_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A plugin that can be started.

    Shape: `command` is the complete argument vector; `env` is added to the clean environment; `proto` is the text of
    the plugin's pluginv2 proto.
    """

    command: tuple[str, ...]
    plugin_id: str
    proto: bytes = field(repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: Path = field(default_factory=Path.cwd)
    plugin_version: str = ""

    @property
    def name(self) -> str:
        """The plugin's name in a sentence."""
        return self.plugin_id or Path(self.command[0]).name


def environment(target: Target, host: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a plugin's complete environment: the variables of go-plugin, of Grafana and of the target.

    Source: grafana/grafana pkg/plugins/envvars; hashicorp/go-plugin v1.8.0, client.go, Start.
    """
    outside = os.environ if host is None else host
    passed = {name: value for name, value in outside.items() if _is_passed(name)}
    return {
        "GF_VERSION": GRAFANA_VERSION,
        **passed,
        **({"GF_PLUGIN_VERSION": target.plugin_version} if target.plugin_version else {}),
        COOKIE[0]: COOKIE[1],
        "PLUGIN_PROTOCOL_VERSIONS": "2",
        "PLUGIN_MIN_PORT": "10000",
        "PLUGIN_MAX_PORT": "25000",
        **target.env,
    }


def go_platform() -> str:
    """Return this platform as in the names of plugin executables, such as `linux_amd64`."""
    machine = platform.machine().lower()
    return f"{_GO_SYSTEMS.get(sys.platform, sys.platform)}_{_GO_MACHINES.get(machine, machine)}"


def user_agent() -> str:
    """Return the user agent that Grafana sends with each request."""
    return f"Grafana/{GRAFANA_VERSION} ({go_platform().replace('_', '; ', 1)})"


def _is_passed(name: str) -> bool:
    windows = sys.platform == "win32" and name.upper() == "SYSTEMROOT"  # Windows programs do not start without it
    return name in _PASSED_VARIABLES or name in _PASSED_GRAFANA or name.startswith(_PASSED_PREFIXES) or windows
