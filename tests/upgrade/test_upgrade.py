"""`gfplug upgrade`: every scenario of the table, whole projects, from the command line."""

import os
import shutil
from pathlib import Path

import pytest
from commands import commit, git
from older import BINARY, REQUEST, contents, text_at, write
from small_trees import BOTH, MINE

from gfplug import __version__, cli
from gfplug.edits import difference
from gfplug.errors import ConflictError
from gfplug.project.plugin_project import Project
from gfplug.upgrades import upgrade

CONFLICT = f"line 1\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template {__version__}\n"

# the user's edits: path to text, or None for a deletion; then the text after the upgrade, None for no file
ROWS: dict[str, tuple[dict[str, str | None], dict[str, str | None], int]] = {
    "distant lines": ({"notes.txt": MINE}, {"notes.txt": BOTH}, 0),
    "overlapping lines": ({"short.txt": "line 1\nmine\n"}, {"short.txt": CONFLICT}, 8),
    "renamed by the template": ({"moved.txt": MINE}, {"moved.txt": None, "renamed.txt": BOTH}, 0),
    "deleted by the template, edited": ({"dropped.txt": "mine\n"}, {"dropped.txt": "mine\n"}, 0),
    "deleted by the template": ({}, {"dropped.txt": None}, 0),
    "binary on both sides": (
        {"icon.bin": BINARY[1].decode("latin-1")},
        {"icon.bin": BINARY[1].decode("latin-1"), "icon.bin.gfplug-new": BINARY[2].decode("latin-1")},
        8,
    ),
    "deleted by the user": ({"notes.txt": None}, {"notes.txt": None}, 0),
    "moved by the user": ({"notes.txt": None, "docs/notes.txt": MINE}, {"notes.txt": None, "docs/notes.txt": BOTH}, 0),
    "added by both": (
        {"added.txt": "mine\n"},
        {"added.txt": f"<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template {__version__}\n"},
        8,
    ),
    "written once": ({"src/plugin/datasource.py": "# mine\n"}, {"src/plugin/datasource.py": "# mine\n"}, 0),
    "written once, new in the template": ({}, {"src/plugin/once.py": "# first\n"}, 0),
    "a file becomes a folder": ({}, {"conf/a": "in a folder\n"}, 0),
    "an edited file becomes a folder": ({"conf": "mine\n"}, {"conf/a": "in a folder\n", "conf.yours": "mine\n"}, 8),
    "an answer in a file": ({"title.txt": None}, {"title.txt": None}, 0),
}


@pytest.mark.parametrize("is_committed", [True, False], ids=["git", "no repository"])
@pytest.mark.parametrize(("edits", "expected", "code"), list(ROWS.values()), ids=list(ROWS))
def test_an_upgrade_gives_the_expected_result_for_each_kind_of_edit(
    project: Path,
    edits: dict[str, str | None],
    expected: dict[str, str | None],
    code: int,
    *,
    is_committed: bool,
) -> None:
    """Each edit of the user is kept; files that the user must look at end in exit code 8."""
    write(project, edits)
    if is_committed:
        commit(project)

    assert cli.main(["upgrade", str(project)]) == code
    assert {path: text_at(project, path) for path in expected} == expected
    assert Project(project).changed_owned() == {}
    backups = [path for path in contents(project) if path.startswith(".gfplug/backup/")]
    assert not (is_committed and backups)


def test_an_untouched_project_becomes_a_fresh_one(project: Path, rendered: dict[str, Path]) -> None:
    """Every byte is as `gfplug new` writes it, except files that are written once."""
    upgrade.upgrade(Project(project), REQUEST)
    upgraded, expected = contents(project), contents(rendered["new"])

    assert {path for path in upgraded.keys() | expected.keys() if upgraded.get(path) != expected.get(path)} == {
        "src/plugin/once.py"
    }
    assert os.access(project / "run.sh", os.X_OK)


def test_a_second_upgrade_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second upgrade writes no file and reports this."""
    write(project, {"notes.txt": MINE})
    assert cli.main(["upgrade", str(project)]) == 0
    before = {path: (project / path).stat().st_mtime_ns for path in contents(project)}
    capsys.readouterr()

    assert cli.main(["upgrade", str(project)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"Up to date with gfplug {__version__}" in captured.err
    assert {path: (project / path).stat().st_mtime_ns for path in contents(project)} == before


@pytest.mark.parametrize("option", ["--dry-run", "--diff"])
def test_a_rehearsal_changes_nothing(project: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the changes, writes nothing, and has the exit code of conflicts."""
    write(project, {"short.txt": "line 1\nmine\n"})
    before = contents(project)

    assert cli.main(["upgrade", str(project), option]) == 8
    captured = capsys.readouterr()
    assert contents(project) == before
    assert "Nothing was changed" in captured.err
    assert ("+line 28, newer" in captured.out) == (option == "--diff")
    assert ("changed   notes.txt" in captured.out) == (option == "--dry-run")


def test_a_diff_can_be_applied(project: Path, tmp_path: Path) -> None:
    """`--diff` prints a patch; git applies it, and the files become those of an upgrade."""
    (project / "icon.bin").unlink()
    commit(project)
    plan = upgrade.plan(Project(project), REQUEST)
    patch = tmp_path / "patch"
    patch.write_bytes(difference.show({path: plan.edits[path] for path in plan.changes}).encode())
    other = shutil.copytree(project, tmp_path / "other")
    git(other, "apply", "--unsafe-paths", patch)
    upgrade.upgrade(Project(project), REQUEST)
    patched, expected = (
        {k: v for k, v in contents(f).items() if not k.startswith(".gfplug/")} for f in (other, project)
    )

    assert patched == expected


@pytest.mark.shows("errors: `.rej` files after an upgrade")
def test_a_conflict_is_marked_in_the_file_and_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The markers are those of git, without further files; the result lists each file and what to do."""
    write(project, {"short.txt": "line 1\nmine\n", "dropped.txt": "mine\n"})

    assert cli.main(["upgrade", str(project)]) == 8
    out, err = capsys.readouterr()
    assert text_at(project, "short.txt") == CONFLICT
    assert [path for path in contents(project) if path.endswith((".rej", ".orig"))] == []
    assert {"conflict  short.txt", "added     added.txt", "changed   notes.txt", "deleted   vendor/old.txt"} <= set(
        out.splitlines()
    )
    assert ".gfplug/" not in out
    assert "dropped.txt: the template no longer has it, but you changed it: kept" in err
    assert "short.txt: you and the template changed the same lines" in err
    assert "error: 1 file has conflicts" in err
    assert "hint: resolve the conflicts above, then commit; everything else is done" in err


def test_an_upgrade_that_was_not_finished_is_not_built_upon(project: Path) -> None:
    """Markers, or a new file beside an old one, stop the next upgrade until they are resolved."""
    write(project, {"short.txt": "line 1\nmine\n", "icon.bin": BINARY[1].decode("latin-1")})
    assert cli.main(["upgrade", str(project)]) == 8
    with pytest.raises(ConflictError, match=r"an earlier upgrade is not finished: icon\.bin, short\.txt"):
        upgrade.upgrade(Project(project), REQUEST)
    write(project, {"short.txt": "line 1\nboth\n", "icon.bin.gfplug-new": None})

    assert cli.main(["upgrade", str(project)]) == 0
    assert text_at(project, "short.txt") == "line 1\nboth\n"
