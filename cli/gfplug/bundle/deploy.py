"""`gfplug deploy` as a service: the exact lines that install a plugin, for each way to run Grafana.

Only text is generated; nothing is installed. The variables are spelled as Grafana reads them: Grafana silently ignores
a wrong prefix (`GF_ALLOW_LOADING...`).

Source: grafana/grafana v13.0.0, conf/defaults.ini ([paths], [plugins]) and packaging/docker/run.sh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS = ("ini", "env", "compose", "helm", "dockerfile")
FOLDER = "/var/lib/grafana/plugins"
_IMAGE = "grafana/grafana"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedPlugin:
    """The plugin to deploy; `url` is the archive's URL for a host with a network, empty without such a URL."""

    id: str
    archive: str
    is_signed: bool
    image: str = f"{_IMAGE}:13.0.0"
    url: str = ""


def lines(plugin: DeployedPlugin, way: str) -> str:
    """Return the lines for one way to run Grafana.

    Raises: UsageError if there is no such way.
    """
    if way not in _MAKERS:
        raise UsageError(f"--as {way!r} is not supported", hint=f"choose one of {', '.join(WAYS)}")
    return _MAKERS[way](plugin)


def _ini(plugin: DeployedPlugin) -> str:
    allowed = "" if plugin.is_signed else f"\n[plugins]\nallow_loading_unsigned_plugins = {plugin.id}\n"
    return (
        f"# 1. Unpack the archive into Grafana's plugin folder, as the user that runs Grafana:\n"
        f"#      unzip {plugin.archive} -d {FOLDER}\n"
        f"# 2. In grafana.ini (several ids are separated by commas):\n"
        f"[paths]\nplugins = {FOLDER}\n{allowed}"
        f"# 3. Restart Grafana.\n"
    )


def _env(plugin: DeployedPlugin) -> str:
    lines = [f"GF_PATHS_PLUGINS={FOLDER}"]
    if not plugin.is_signed:
        lines.append(f"GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS={plugin.id}")
    if plugin.url:
        lines.append(f"GF_INSTALL_PLUGINS={plugin.url};{plugin.id}")
    else:
        lines.insert(0, f"# without a network: unzip {plugin.archive} -d {FOLDER}, before Grafana starts")
    return "\n".join(lines) + "\n"


def _compose(plugin: DeployedPlugin) -> str:
    variables = _variables(plugin, "      {name}: {value}")
    mount = "" if plugin.url else f"    volumes:\n      - ./{plugin.id}:{FOLDER}/{plugin.id}:ro\n"
    before = "" if plugin.url else f"# first: unzip {plugin.archive}\n"
    environment = f"    environment:\n{variables}" if variables else ""
    return f"{before}services:\n  grafana:\n    image: {plugin.image}\n    ports: ['3000:3000']\n{environment}{mount}"


def _helm(plugin: DeployedPlugin) -> str:
    ini = "" if plugin.is_signed else f"grafana.ini:\n  plugins:\n    allow_loading_unsigned_plugins: {plugin.id}\n"
    if plugin.url:
        return f"# values.yaml of the chart grafana/grafana\n{ini}plugins:\n  - {plugin.url};{plugin.id}\n"
    repository, _, tag = plugin.image.partition(":")
    return (
        f"# values.yaml of the chart grafana/grafana; the image is the one of `gfplug deploy --as dockerfile`\n"
        f"{ini}image:\n  repository: registry.example.com/{repository.rpartition('/')[2]}-with-{plugin.id}\n"
        f"  tag: '{tag or 'latest'}'\n"
    )


def _dockerfile(plugin: DeployedPlugin) -> str:
    fetch = f"ADD {plugin.url} /tmp/plugin.zip" if plugin.url else f"COPY {plugin.archive} /tmp/plugin.zip"
    allowed = "" if plugin.is_signed else f"ENV GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS={plugin.id}\n"
    return (
        "# The plugin is in the image, outside of the folder that a volume hides; also for hosts without a network.\n"
        f"FROM busybox:stable AS unpacked\n{fetch}\nRUN unzip -q /tmp/plugin.zip -d /plugins\n\n"
        f"FROM {plugin.image}\nCOPY --from=unpacked --chown=472:0 /plugins /usr/share/plugins\n"
        f"ENV GF_PATHS_PLUGINS=/usr/share/plugins\n{allowed}"
    )


def _variables(plugin: DeployedPlugin, pattern: str) -> str:
    assignments = [line.partition("=") for line in _env(plugin).splitlines() if not line.startswith("#")]
    variables = [(name, value) for name, _, value in assignments if name != "GF_PATHS_PLUGINS"]
    return "".join(pattern.format(name=name, value=value) + "\n" for name, value in variables)


_MAKERS: dict[str, Callable[[DeployedPlugin], str]] = {
    "ini": _ini,
    "env": _env,
    "compose": _compose,
    "helm": _helm,
    "dockerfile": _dockerfile,
}
