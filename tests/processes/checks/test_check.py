"""`gfplug check` of a whole project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.checks import check as service
from gfplug.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def rules(path: Path) -> set[str]:
    """Return the names of the rules that found an error."""
    return {finding.rule for finding in service.check(path).findings if finding.level == "error"}


def test_a_project_that_does_not_ask_for_the_runtime_is_an_error(tmp_path: Path) -> None:
    """A second person's installation would lack it, though the build here has it."""
    assert main(["new", "acme-sales", str(tmp_path / "project"), "--defaults", "--offline"]) == 0
    path = tmp_path / "project" / "pyproject.toml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert "runtime-missing" not in rules(tmp_path / "project")
    path.write_text("".join(line for line in lines if '"gfruntime @ ' not in line), encoding="utf-8")

    assert "runtime-missing" in rules(tmp_path / "project")
