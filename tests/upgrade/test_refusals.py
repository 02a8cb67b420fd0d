"""What stops `gfplug upgrade`, in the template, the project or the disk; nothing is changed then."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from older import MINE, REQUEST, contents, text_at, use_template, write

from gfplug import cli
from gfplug.edits import journal
from gfplug.errors import IntegrityError, ProjectError, ToolError
from gfplug.project.plugin_project import Project
from gfplug.scaffold import template
from gfplug.upgrades import upgrade
from gfplug.upgrades.upgrade import UpgradeRequest

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.edits.trees import Edit


@pytest.mark.filterwarnings("ignore:.*ScandirIterator")  # copier leaves one open when a rendering fails
def test_a_template_that_can_not_be_rendered_changes_nothing(
    project: Path, templates: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error midway through the rendering leaves every byte as it was."""
    broken = shutil.copytree(templates["new"], tmp_path / "broken")
    (broken / "project" / "z.txt.jinja").write_text("{= nobody =}")
    use_template(monkeypatch, broken)
    before = contents(project)

    with pytest.raises(ToolError, match="could not be rendered"):
        upgrade.upgrade(Project(project), REQUEST)
    assert contents(project) == before


def test_a_disk_that_fills_up_changes_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure while the files are moved into place puts them back."""
    before = contents(project)
    real, left = journal._place, [5]

    def place(*arguments: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(28, "No space left on device", "x")
        real(*arguments)

    monkeypatch.setattr(journal, "_place", place)

    with pytest.raises(ProjectError, match="No space left on device"):
        upgrade.upgrade(Project(project), REQUEST)
    assert contents(project) == before


def test_a_file_written_during_the_upgrade_is_not_lost(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an editor saves while the merge runs stops the upgrade."""
    real = journal.apply

    def apply(root: Path, edits: dict[str, Edit]) -> None:
        (root / "notes.txt").write_text(MINE)
        real(root, edits)

    monkeypatch.setattr(journal, "apply", apply)

    with pytest.raises(ProjectError, match=r"notes\.txt was changed meanwhile"):
        upgrade.upgrade(Project(project), REQUEST)
    assert text_at(project, "notes.txt") == MINE
    assert text_at(project, "added.txt") is None


def test_a_project_of_a_newer_gfplug_is_refused(project: Path) -> None:
    """There is no way back to an older template."""
    lock = project / "gfplug.lock"
    lock.write_text(lock.read_text().replace('"version": "0.0.1"', '"version": "99.0"'))

    with pytest.raises(ProjectError, match=r"needs gfplug 99\.0 or newer, this is gfplug"):
        upgrade.upgrade(Project(project), REQUEST)


def test_a_base_that_is_lost_needs_force(project: Path) -> None:
    """Without what was rendered, edits can't be told apart: only `--force` goes on, and marks every difference."""
    (project / template.BASE_NAME).unlink()
    write(project, {"notes.txt": MINE})
    with pytest.raises(ProjectError, match=r"base\.zip does not exist"):
        upgrade.upgrade(Project(project), REQUEST)
    plan = upgrade.upgrade(Project(project), UpgradeRequest(answers={}, force=True))

    assert "notes.txt" in [conflict.path for conflict in plan.conflicts]
    assert "line 2, mine" in (text_at(project, "notes.txt") or "")


def test_a_base_that_is_damaged_is_told(project: Path) -> None:
    """A cut archive, or one with a flipped byte, is named."""
    path = project / template.BASE_NAME
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(IntegrityError, match=r"base\.zip"):
        upgrade.upgrade(Project(project), REQUEST)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"kontent", 1))
    with pytest.raises(IntegrityError, match=r"base\.zip"):
        upgrade.upgrade(Project(project), REQUEST)


def test_a_folder_that_is_no_project_is_told(tmp_path: Path) -> None:
    """Exit code 3, as for every command."""
    assert cli.main(["upgrade", str(tmp_path)]) == 3
