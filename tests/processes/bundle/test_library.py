"""The editors' text, as Node and the build of the wheel read it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from commands import run

from gfplug.bundle.frontend import library

if TYPE_CHECKING:
    from pathlib import Path


def test_the_joined_text_is_javascript(tmp_path: Path) -> None:
    """Node accepts it unchanged."""
    if (node := shutil.which("node")) is None:
        pytest.skip("node is not on PATH")
    path = tmp_path / "editors.cjs"
    path.write_text(f"'use strict';{library.assemble(library.SOURCES)}", encoding="utf-8")
    done = run(node, "--check", path)

    assert (done.code, done.err) == (0, "")


def test_the_wheels_build_can_load_the_module_alone() -> None:
    """The build hook has only the standard library: no package of gfplug, no dependency."""
    module, folder = str(library.__file__), str(library.SOURCES)
    script = f"import pathlib, runpy; print(len(runpy.run_path({module!r})['assemble'](pathlib.Path({folder!r}))))"
    done = run(sys.executable, "-I", "-S", "-c", script)

    assert (done.err, done.out) == ("", f"{len(library.assemble(library.SOURCES))}\n")
