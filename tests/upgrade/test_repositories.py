"""`gfplug upgrade` in a repository, in a clone, below another repository, behind a link and without git."""

import shutil
from pathlib import Path

import pytest
from commands import commit, git
from older import REQUEST, contents, text_at, write
from small_trees import BOTH, LONG, MINE, NEWER

from gfplug import cli
from gfplug.project.plugin_project import Project
from gfplug.untrusted import repository
from gfplug.upgrades import upgrade

BYTE_FOR_BYTE = (
    "gfplug.lock eol=lf\nsrc/pluginv2/** eol=lf\n.gfplug/answers.json eol=lf\n*.proto eol=lf\nvendor/** binary\n"
)


def test_a_checkout_with_crlf_keeps_crlf(project: Path, tmp_path: Path) -> None:
    """`core.autocrlf` is set: edits merge in a project with CRLF, and every line keeps its CRLF."""
    write(project, {"notes.txt": MINE, ".gitattributes": BYTE_FOR_BYTE})
    commit(project)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", project, clone)
    assert b"\r\n" in (clone / "notes.txt").read_bytes()

    assert cli.main(["upgrade", str(clone)]) == 0
    assert (clone / "notes.txt").read_bytes() == BOTH.replace("\n", "\r\n").encode()
    assert cli.main(["upgrade", str(clone)]) == 0


def test_other_work_in_progress_is_left_alone(project: Path) -> None:
    """Untracked and modified files that the template does not know stay, and do not stop the upgrade."""
    commit(project)
    write(project, {"mine.py": "mine\n", "src/plugin/datasource.py": "# in progress\n"})

    assert cli.main(["upgrade", str(project)]) == 0
    assert text_at(project, "mine.py") == "mine\n"
    assert text_at(project, "src/plugin/datasource.py") == "# in progress\n"


@pytest.mark.parametrize("has_repository", [True, False])
def test_an_edit_that_is_in_no_commit_is_copied_first(project: Path, *, has_repository: bool) -> None:
    """The upgrade copies a file before a merge if no commit has its text; this includes a staged file."""
    if has_repository:
        commit(project)
    write(project, {"notes.txt": MINE, "short.txt": "line 1\nmine\n"})
    if has_repository:
        git(project, "add", "short.txt")
    upgrade.upgrade(Project(project), REQUEST)

    assert text_at(project, ".gfplug/backup/1/notes.txt") == MINE
    assert text_at(project, ".gfplug/backup/1/short.txt") == "line 1\nmine\n"


def test_a_project_below_a_repository_is_upgraded_in_place(project: Path, tmp_path: Path) -> None:
    """In a monorepo nothing outside of the project is read or written; moves within the project are found."""
    mono = tmp_path / "mono"
    inside = mono / "plugins" / "sales"
    shutil.copytree(project, inside)
    write(inside, {"notes.txt": None, "docs/notes.txt": MINE})
    (mono / "notes.txt").write_text(LONG)
    commit(mono)
    outside = contents(mono).keys() - {f"plugins/sales/{path}" for path in contents(inside)}

    assert cli.main(["upgrade", str(inside / "docs")]) == 0
    assert text_at(inside, "docs/notes.txt") == BOTH
    assert outside == {"notes.txt"}
    assert (mono / "notes.txt").read_text() == LONG


def test_a_link_to_the_project_leads_to_it(project: Path, tmp_path: Path) -> None:
    """A symlinked project folder is upgraded in its place."""
    (tmp_path / "link").symlink_to(project)

    assert cli.main(["upgrade", str(tmp_path / "link")]) == 0
    assert text_at(project, "notes.txt") == NEWER


def test_a_file_that_became_a_link_is_left_alone(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written through a link, and the output says this."""
    (tmp_path / "shared.txt").write_text(LONG)
    (project / "notes.txt").unlink()
    (project / "notes.txt").symlink_to(tmp_path / "shared.txt")

    assert cli.main(["upgrade", str(project)]) == 0
    assert (project / "notes.txt").is_symlink()
    assert (tmp_path / "shared.txt").read_text() == LONG
    assert "notes.txt: you have a link there" in capsys.readouterr().err


def test_without_git_edits_are_kept(project: Path, monkeypatch: pytest.MonkeyPatch, rendered: dict[str, Path]) -> None:
    """Files that only the template changed are upgraded; where both changed, the new file is put beside."""
    monkeypatch.setattr(repository, "is_installed", lambda: False)
    write(project, {"notes.txt": MINE})

    assert cli.main(["upgrade", str(project)]) == 8
    assert text_at(project, "notes.txt") == MINE
    assert text_at(project, "notes.txt.gfplug-new") == NEWER
    assert (project / "conf" / "a").read_bytes() == (rendered["new"] / "conf" / "a").read_bytes()


def test_the_variables_of_a_git_hook_do_not_matter(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The upgrade from a hook, with git's variables set, gives the same files."""
    write(project, {"notes.txt": MINE})
    commit(project)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))

    assert cli.main(["upgrade", str(project)]) == 0
    assert text_at(project, "notes.txt") == BOTH
