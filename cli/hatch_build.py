"""Hatchling's hook for gfplug's wheel and sdist: adds the parts that are made during the build.

Both contain the runtime's wheel; the wheel also contains the editors' code, joined into one file. An editable install
contains neither: gfplug then makes them from the checkout when it needs them.
"""

from __future__ import annotations

import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

PUBLISHED = "GFPLUG_PUBLISHED"
"""The variable that the release workflow sets: projects may then ask the package index for gfplug and its runtime."""


class CarryParts(BuildHookInterface[Any]):
    """Make the parts and add them to the wheel or sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the runtime's wheel; to a wheel also the editors, and the marker of a published gfplug."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="gfplug-wheel-")
        folder, root = Path(self._folder.name), Path(self.root)
        wheels = WheelBuilder(str(root / "runtime")).build(directory=str(folder), versions=["standard"])
        place = "runtime/dist"
        if self.target_name == "wheel":
            place = "gfplug/_data"
            library = runpy.run_path(str(root / "cli" / "gfplug" / "bundle" / "frontend" / "library.py"))
            (folder / "editors.js").write_text(library["assemble"](library["SOURCES"]), encoding="utf-8", newline="\n")
            if os.environ.get(PUBLISHED) == "1":
                (folder / "published").write_text("Stamped by the release workflow.\n", encoding="utf-8")
        list(wheels)
        build_data["force_include"].update({str(path): f"{place}/{path.name}" for path in folder.iterdir()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the files that only the build needed."""
        if version != "editable":
            self._folder.cleanup()
