"""An untrusted project: its journal, its base and its links change no file outside the project, and no file of git."""

import os
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hostile_journal import CONTENT, DIGEST, plant, snapshot, step

from gfplug.edits import journal
from gfplug.edits.trees import Edit, TreeFile
from gfplug.errors import IntegrityError, ProjectError
from gfplug.project.plugin_project import Project
from gfplug.untrusted import paths
from gfplug.upgrades import origin

POSIX = pytest.mark.skipif(os.name != "posix", reason="links, owners and FIFOs of POSIX")
OUTSIDE = (
    *("../victim", "src/../../victim", "/victim", "./victim", "a//b", "a/./b", "a/..", "..", "", " ", "..."),
    *("C:/victim", "C:victim", "a\\..\\..\\victim", "\\\\host\\share\\x", "README.md:stream", "src/plugin."),
    *(".git/hooks/post-checkout", "sub/.GIT/config", "git~1/config", ".g\u200cit/config"),
    *("a\nb", "a\0b", "a\x1b[2J", "a/.. /b", "x" * 2000),
)
"""Paths outside a project on some system, paths in git's folder, and names with control characters."""


@pytest.fixture
def project(project: Project, tmp_path: Path) -> Project:
    """Make a project in a folder with a victim file beside it."""
    (tmp_path / "victim").write_text("mine")
    return project


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("plan", ["forward.json", "back.json"])
def test_a_journal_writes_only_inside_the_project(project: Project, tmp_path: Path, path: str, plan: str) -> None:
    """A path outside the project or in git's folder is refused, and nothing is written."""
    steps = [step("README.md" if path else "x", number=1), step(path)]
    plant(project.root, [{**each, "old": DIGEST} for each in steps], plan=plan)
    before = snapshot(tmp_path)

    with pytest.raises(IntegrityError, match="names"), journal.lock_project(project.root):
        pass
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "steps",
    [
        "[" * 100_000,
        "{}",
        "[1]",
        "[{}]",
        "nonsense",
        "\ufeff[]x",
        [step("a", number="../../x")],
        [step("a", number=-1)],
        [step("a", number=True)],
        [step("a", new=7)],
        [step(["a"])],
        [{**step("a"), "more": 1}],
        [step(".gfplug/journal/back.json")],
        [step("a"), step("A", number=1)],
        [step("a", new="0" * 64)],
        [step("a", number=7)],
    ],
)
def test_a_damaged_journal_is_one_error(project: Project, tmp_path: Path, steps: Any) -> None:
    """Any content of the journal ends in an error that names the file."""
    plant(project.root, steps)
    before = snapshot(tmp_path)

    with pytest.raises(IntegrityError, match="journal"), journal.lock_project(project.root):
        pass
    assert snapshot(tmp_path) == before


@POSIX
@pytest.mark.parametrize("link", ["folder", "file", ".gfplug", "journal", "new", "source", "plan", "backup", "lock"])
def test_nothing_is_written_through_a_link(project: Project, tmp_path: Path, link: str) -> None:
    """A link is refused on the way to a file, as the file itself, and in place of the journal's folders."""
    root, outside = project.root, tmp_path / "outside"
    outside.mkdir()
    (outside / "0").write_bytes(CONTENT)
    path = {"folder": "linked/x", "file": "linked"}.get(link, "x")
    folder = plant(root, [step(path)])
    if link in {"folder", "file"}:
        (root / "linked").symlink_to(outside if link == "folder" else tmp_path / "victim")
    elif link in {"backup", "lock"}:
        (root / ".gfplug" / {"backup": "backup", "lock": "upgrade.lock"}[link]).symlink_to(outside)
    else:
        place = {".gfplug": folder.parent, "journal": folder, "new": folder / "new", "source": folder / "new" / "0"}
        target = place.get(link, folder / "forward.json")
        target.rename(outside / "moved")
        target.symlink_to(outside / "moved")
    before = snapshot(tmp_path)

    with pytest.raises(IntegrityError), journal.lock_project(root):
        pass
    assert snapshot(tmp_path) == before
    assert not (root / "x").exists()


@POSIX
@pytest.mark.parametrize("name", ["upgrade.lock", "journal"])
def test_a_fifo_does_not_block_a_command(project: Project, name: str) -> None:
    """A FIFO in place of the lock or the journal is named in the error, and not opened."""
    (project.root / ".gfplug").mkdir(exist_ok=True)
    os.mkfifo(project.root / ".gfplug" / name)

    with pytest.raises(IntegrityError, match=name), journal.lock_project(project.root):
        pass


@POSIX
def test_another_users_journal_is_not_applied(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal changes nothing in a project of another user."""
    plant(project.root, [step("x")])
    monkeypatch.setattr(os, "geteuid", lambda: project.root.stat().st_uid + 1)

    with pytest.raises(IntegrityError, match="belongs to another user"), journal.lock_project(project.root):
        pass
    assert not (project.root / "x").exists()


def test_an_interrupted_upgrade_is_finished_after_a_message(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """The journal only names files of the project."""
    plant(project.root, [step("x")])

    with journal.lock_project(project.root):
        assert (project.root / "x").read_bytes() == CONTENT
    assert "was interrupted: finishing it" in caplog.text


@POSIX
def test_a_project_in_a_parent_folder_must_belong_to_the_user(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that another user put into a shared folder does not make the folders below a project."""
    inner = project.root / "inner"
    inner.mkdir()
    assert Project.find(inner) == project
    monkeypatch.setattr(os, "geteuid", lambda: project.root.stat().st_uid + 1)

    with pytest.raises(ProjectError, match="project of another user"):
        Project.find(inner)


def base_with(root: Path, *names: str, text: bytes = b"mine") -> Path:
    """Write a `base.zip` with members of these names, and return its path."""
    place = root / ".gfplug" / "base.zip"
    place.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return place


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        *(([path], r"base\.zip names") for path in OUTSIDE if "\0" not in path and len(path) < 2000),
        (["README.md", "readme.MD"], "twice"),
    ],
)
def test_a_base_names_only_files_of_the_project(project: Project, names: list[str], sentence: str) -> None:
    """A name outside is refused, since an upgrade would delete that file; so are two names of one file."""
    base_with(project.root, *names)

    with pytest.raises(IntegrityError, match=sentence):
        origin.base(project.root)


def test_edits_are_checked_before_they_are_written(project: Project) -> None:
    """The last step before writing refuses a bad path from any source."""
    with journal.lock_project(project.root), pytest.raises(IntegrityError, match="names"):
        journal.apply(project.root, {"../victim": Edit(None, TreeFile(b"x"))})


@pytest.mark.parametrize("path", ["README.md", ".gfplug/base.zip", ".github/workflows/ci.yml", "a b/ü.txt", "x.git/y"])
def test_paths_inside_the_project_are_accepted(path: str) -> None:
    """These are paths of real projects."""
    assert paths.require_inside(path, source="test") == path


def test_a_file_in_place_of_the_journals_folder_is_one_error(project: Project, tmp_path: Path) -> None:
    """The error names the file that cannot be moved, and the existing file stays."""
    (project.root / "taken").write_text("mine")
    plant(project.root, [step("taken/below")])

    with pytest.raises(ProjectError, match="taken"), journal.lock_project(project.root):
        pass
    assert (project.root / "taken").read_text() == "mine"
    assert (tmp_path / "victim").read_text() == "mine"


@POSIX
@pytest.mark.parametrize("name", ["base.zip", "answers.json"])
@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_only_regular_files_are_read_from_a_project(project: Project, tmp_path: Path, name: str, kind: str) -> None:
    """A FIFO does not block gfplug, and no link is followed."""
    place = project.root / ".gfplug" / name
    place.parent.mkdir()
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to(tmp_path / "victim")
    else:
        place.mkdir()

    readers: dict[str, Callable[[Path], object]] = {
        "base.zip": origin.base,
        "answers.json": partial(origin.answers, template_version="0.1.0"),
    }
    with pytest.raises(ProjectError, match=name):
        readers[name](project.root)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:45] + b"\xff" * 15 + content[60:],
        lambda content: content[: len(content) // 2],
        lambda content: content[:44] + bytes([content[44] ^ 1]) + content[45:],
    ],
    ids=["garbage", "cut short", "a flipped bit"],
)
def test_a_damaged_base_is_one_error(project: Project, damage: Callable[[bytes], bytes]) -> None:
    """The damage makes zlib fail in several ways."""
    place = base_with(project.root, "README.md", text=b"text " * 1000)
    place.write_bytes(damage(place.read_bytes()))

    with pytest.raises(IntegrityError, match=r"base\.zip(: 'README\.md' is damaged| is not a whole zip file)"):
        origin.base(project.root)
