"""Hatchling's hook for gfplug's wheel and sdist: both carry the wheel of the runtime.

An editable install carries none: gfplug then builds the runtime's wheel from the checkout whenever it needs one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

PUBLISHED = "GFPLUG_PUBLISHED"
"""The variable that the release workflow sets: projects may then ask the package index for gfplug and its runtime."""


class CarryRuntime(BuildHookInterface[Any]):
    """Build the runtime's wheel and add it to what is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the wheel, and the mark of a published gfplug where it is asked for."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="gfplug-wheel-")
        folder = Path(self._folder.name)
        runtime = Path(
            next(WheelBuilder(str(Path(self.root) / "runtime")).build(directory=str(folder), versions=["standard"]))
        )
        data = "gfplug/_data" if self.target_name == "wheel" else "runtime/dist"
        build_data["force_include"][str(runtime)] = f"{data}/{runtime.name}"
        if self.target_name == "wheel" and os.environ.get(PUBLISHED) == "1":
            (folder / "published").write_text("Stamped by the release workflow.\n", encoding="utf-8")
            build_data["force_include"][str(folder / "published")] = f"{data}/published"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove what was only needed while building."""
        if version != "editable":
            self._folder.cleanup()
