"""What the preview needs of a plugin's files in the browser; where they come from is the business of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gfplug.errors import GfplugError


class PluginFiles(Protocol):
    """The files below `public/plugins/<id>/`, as Grafana would serve them."""

    @property
    def is_source(self) -> bool:
        """Tell whether they are made from a project's source, and follow it."""

    @property
    def problem(self) -> GfplugError | None:
        """Why module.js can't be made; None if it can."""

    def read(self, name: str) -> bytes | None:
        """Return a file by its path; None if there is none."""

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as Grafana's frontend sees it: with `baseUrl`, `module`, and logos as addresses."""

    def module_address(self) -> str | None:
        """Return where module.js is, another address for each version of it; None where it can't be made."""


def frontend_meta(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a plugin.json as Grafana's frontend sees it.

    Source: grafana v13.0.0, pkg/plugins/manager/pipeline/bootstrap, and pkg/plugins/pluginassets.
    """
    base = f"public/plugins/{manifest['id']}"
    info = _mapping_or_empty(manifest.get("info"))
    logos = _mapping_or_empty(info.get("logos"))
    addresses = {size: f"{base}/{path}" for size, path in logos.items() if isinstance(path, str) and path}
    default = {"small": "public/img/icn-datasource.svg", "large": "public/img/icn-datasource.svg"}
    shown = {"author": {"name": ""}, "description": "", "links": [], "screenshots": [], "version": "", "updated": ""}
    return {
        **manifest,
        "baseUrl": base,
        "module": f"{base}/module.js",
        "info": {**shown, **info, "logos": {**default, **addresses}},
    }


def _mapping_or_empty(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
