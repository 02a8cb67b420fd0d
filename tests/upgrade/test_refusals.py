"""Errors in the template or the project that stop `gfplug upgrade`; nothing changes then."""

import shutil
from pathlib import Path

import pytest
from older import REQUEST, contents, text_at, use_template, write
from small_trees import MINE

from gfplug.edits import journal
from gfplug.edits.trees import Edit
from gfplug.errors import ProjectError, ToolError
from gfplug.project.plugin_project import Project
from gfplug.scaffold import template
from gfplug.upgrades import upgrade
from gfplug.upgrades.upgrade import UpgradeRequest


@pytest.mark.filterwarnings("ignore:.*ScandirIterator")  # copier leaves a file open when a rendering fails
def test_a_template_that_can_not_be_rendered_changes_nothing(
    project: Path, templates: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error during the rendering changes no byte."""
    broken = shutil.copytree(templates["new"], tmp_path / "broken")
    (broken / "project" / "z.txt.jinja").write_text("{= nobody =}")
    use_template(monkeypatch, broken)
    before = contents(project)

    with pytest.raises(ToolError, match="could not be rendered"):
        upgrade.upgrade(Project(project), REQUEST)
    assert contents(project) == before


def test_a_file_written_during_the_upgrade_is_not_lost(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that an editor saves during the merge stops the upgrade."""
    real = journal.apply

    def apply(root: Path, edits: dict[str, Edit]) -> None:
        (root / "notes.txt").write_text(MINE)
        real(root, edits)

    monkeypatch.setattr(journal, "apply", apply)

    with pytest.raises(ProjectError, match=r"notes\.txt was changed in the meantime"):
        upgrade.upgrade(Project(project), REQUEST)
    assert text_at(project, "notes.txt") == MINE
    assert text_at(project, "added.txt") is None


def test_a_base_that_is_lost_needs_force(project: Path) -> None:
    """Without a base, edits can't be recognised: only `--force` continues, and marks every difference."""
    (project / template.BASE_NAME).unlink()
    write(project, {"notes.txt": MINE})
    with pytest.raises(ProjectError, match=r"base\.zip does not exist"):
        upgrade.upgrade(Project(project), REQUEST)
    plan = upgrade.upgrade(Project(project), UpgradeRequest(answers={}, force=True))

    assert "notes.txt" in [conflict.path for conflict in plan.conflicts]
    assert "line 2, mine" in (text_at(project, "notes.txt") or "")
