"""An installed gfplug becomes its wheel again."""

from __future__ import annotations

import sys
import venv
from importlib.metadata import Distribution, PathDistribution
from typing import TYPE_CHECKING

import pytest
from commands import succeed

from gfplug.errors import ProjectError
from gfplug.project import wheels

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a site-packages folder with an installed gfplug."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = folder / wheels.NAMES["gfplug"]
    wheel.write_bytes(wheels.build("gfplug"))
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = ("pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    succeed(sys.executable, "-m", *install)
    return next((folder / "env").rglob("gfplug/__init__.py")).parents[1]


def distribution(site: Path) -> Distribution:
    """Return the installed gfplug."""
    return PathDistribution(next(site.glob("gfplug-*.dist-info")))


def test_an_installed_gfplug_becomes_its_wheel_again(site: Path) -> None:
    """All bytes are equal, so that every machine makes the same wheel; files of pip and Python are left out."""
    assert wheels._pack(wheels._installed_files(distribution(site))) == wheels.build("gfplug")


def test_a_changed_installation_makes_no_wheel(site: Path) -> None:
    """A project gets the wheel that was installed, or an error names the changed file."""
    module = site / "gfplug" / "project" / "names.py"
    before = module.read_bytes()
    module.write_bytes(before + b"# mine\n")
    try:
        with pytest.raises(ProjectError, match=r"names\.py was changed since gfplug was installed"):
            wheels._installed_files(distribution(site))
    finally:
        module.write_bytes(before)
