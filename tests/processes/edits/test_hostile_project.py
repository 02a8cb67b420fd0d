"""An untrusted project: only an upgrade applies its journal, and no command uses a journal above it."""

from __future__ import annotations

import hashlib
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from hostile_journal import plant, snapshot, step
from small_project import small_project

from gfplug import cli

if TYPE_CHECKING:
    from pathlib import Path


READING = {
    "check": ["check"],
    "check --alerts": ["check", "--alerts"],
    "doctor": ["doctor"],
    "upgrade --dry-run": ["upgrade", "--dry-run"],
    "upgrade --diff": ["upgrade", "--diff"],
    "call health": ["call", "health"],
    "call query": ["call", "query"],
    "proto verify": ["proto", "verify"],
    "proto upgrade --dry-run": ["proto", "upgrade", "--dry-run", "--offline"],
    "build": ["build"],
    "dev": ["dev"],
}


@pytest.mark.parametrize("words", READING.values(), ids=list(READING))
def test_only_an_upgrade_finishes_an_upgrade(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every other command reports the interrupted upgrade, and changes nothing."""
    project = small_project(tmp_path / "project")
    plant(project.root, [step("x")])
    before = snapshot(tmp_path)

    assert cli.main([*words, str(project.root)]) in {3, 6}
    output = capsys.readouterr()
    assert "interrupted" in output.out + output.err
    assert "gfplug upgrade" in output.out + output.err
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "command", [["check"], ["doctor"], ["upgrade"], ["proto", "verify"], ["build", "--python", sys.executable]]
)
def test_nothing_above_a_project_is_acted_on(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A journal in a folder above, with or without a lock beside it, is not read."""
    (tmp_path / "victim").write_text("mine")
    project = small_project(tmp_path / "project")
    plant(tmp_path, [step("victim", old=hashlib.sha256(b"mine").hexdigest())])
    shutil.copy(project.lock_path, tmp_path)
    cli.main([*command, str(project.root)])
    capsys.readouterr()

    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / ".gfplug" / "journal" / "forward.json").exists()
