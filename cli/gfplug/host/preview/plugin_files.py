"""The interface through which the preview gets a plugin's files for the browser; other modules provide the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gfplug.errors import GfplugError


class PluginFiles(Protocol):
    """The files below `public/plugins/<id>/`, as Grafana serves them."""

    @property
    def is_source(self) -> bool:
        """Whether the files are built from a project's source, and follow its changes."""

    @property
    def problem(self) -> GfplugError | None:
        """Why module.js can't be built; None if it can be built."""

    def read(self, name: str) -> bytes | None:
        """Return a file by its path; None if it does not exist."""

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as Grafana's frontend gets it: with `baseUrl`, `module`, and addresses of logos."""

    def module_address(self) -> str | None:
        """Return the address of module.js, which changes with its content; None if it can't be built."""


def frontend_meta(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a plugin.json as Grafana's frontend gets it.

    Source: grafana v13.0.0, pkg/plugins/manager/pipeline/bootstrap, and pkg/plugins/pluginassets.
    """
    base = f"public/plugins/{manifest['id']}"
    info = _mapping_or_empty(manifest.get("info"))
    logos = _mapping_or_empty(info.get("logos"))
    addresses = {size: f"{base}/{path}" for size, path in logos.items() if isinstance(path, str) and path}
    default = {"small": "public/img/icn-datasource.svg", "large": "public/img/icn-datasource.svg"}
    no_info = {"author": {"name": ""}, "description": "", "links": [], "screenshots": [], "version": "", "updated": ""}
    return {
        **manifest,
        "baseUrl": base,
        "module": f"{base}/module.js",
        "info": {**no_info, **info, "logos": {**default, **addresses}},
    }


def _mapping_or_empty(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
