"""`gfplug upgrade`: every scenario of the table, whole projects, from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from older import ANSWERS, BINARY, LONG, NEWER, contents, use_template

from gfplug import cli, template, upgrade
from gfplug.edits import journal
from gfplug.errors import ConflictError, IntegrityError, ProjectError, ToolError, UsageError
from gfplug.merging import git, origin
from gfplug.project import Project
from gfplug.upgrade import Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gfplug.edits.journal import Edit

MINE = LONG.replace("line 2\n", "line 2, mine\n")
BOTH = MINE.replace("line 28\n", "line 28, newer\n")
CONFLICT = "line 1\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template 0.1.0\n"
REQUEST = Request(given={})

# what the user did: path to text, or None for a deletion; then what is there after the upgrade, None for nothing
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
        {"added.txt": "<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template 0.1.0\n"},
        8,
    ),
    "written once": ({"src/plugin/datasource.py": "# mine\n"}, {"src/plugin/datasource.py": "# mine\n"}, 0),
    "written once, new in the template": ({}, {"src/plugin/once.py": "# first\n"}, 0),
    "a file becomes a folder": ({}, {"conf/a": "in a folder\n"}, 0),
    "an edited file becomes a folder": ({"conf": "mine\n"}, {"conf/a": "in a folder\n", "conf.yours": "mine\n"}, 8),
    "an answer in a file": ({"title.txt": None}, {"title.txt": None}, 0),
}


def write(project: Path, edits: dict[str, str | None]) -> None:
    """Do what the user did."""
    for path, text in edits.items():
        if text is None:
            (project / path).unlink()
        else:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(text.encode("latin-1"))


def text_at(project: Path, path: str) -> str | None:
    """Read a file as the table writes it."""
    return (project / path).read_bytes().decode("latin-1") if (project / path).is_file() else None


@pytest.mark.parametrize("is_committed", [True, False], ids=["git", "no repository"])
@pytest.mark.parametrize(("edits", "expected", "code"), list(ROWS.values()), ids=list(ROWS))
def test_an_upgrade_wins_every_row(
    project: Path,
    commit: Callable[[Path], None],
    edits: dict[str, str | None],
    expected: dict[str, str | None],
    code: int,
    *,
    is_committed: bool,
) -> None:
    """Whatever the user did, the edit is kept, and what needs their eye ends in exit code 8."""
    write(project, edits)
    if is_committed:
        commit(project)

    assert cli.main(["upgrade", str(project)]) == code
    assert {path: text_at(project, path) for path in expected} == expected
    assert Project(project).changed_owned() == {}
    backups = [path for path in contents(project) if path.startswith(".gfplug/backup/")]
    assert not (is_committed and backups)


def test_an_untouched_project_becomes_a_fresh_one(project: Path, rendered: dict[str, Path]) -> None:
    """Every byte is as `gfplug new` would write it, but for what is written once."""
    upgrade.upgrade(Project(project), REQUEST)
    found, expected = contents(project), contents(rendered["new"])

    assert {path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path)} == {
        "src/plugin/once.py"
    }
    assert os.access(project / "run.sh", os.X_OK)


def test_a_second_upgrade_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An upgrade of what was upgraded writes no file and says so."""
    write(project, {"notes.txt": MINE})
    assert cli.main(["upgrade", str(project)]) == 0
    before = {path: (project / path).stat().st_mtime_ns for path in contents(project)}
    capsys.readouterr()

    assert cli.main(["upgrade", str(project)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Up to date with gfplug 0.1.0" in captured.err
    assert {path: (project / path).stat().st_mtime_ns for path in contents(project)} == before


def test_the_files_that_changed_are_the_result(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output lists each file with a word; what was decided is told on standard error."""
    write(project, {"short.txt": "line 1\nmine\n", "dropped.txt": "mine\n"})

    assert cli.main(["upgrade", str(project)]) == 8
    captured = capsys.readouterr()
    assert "conflict  short.txt\n" in captured.out
    assert "added     added.txt\n" in captured.out
    assert "changed   notes.txt\n" in captured.out
    assert "deleted   src/gfruntime/old_module.py\n" in captured.out
    assert ".gfplug/" not in captured.out
    assert "dropped.txt: the template no longer has it, you changed it: kept" in captured.err
    assert "short.txt: both changed the same lines" in captured.err
    assert "error: 1 file needs you" in captured.err


@pytest.mark.parametrize("option", ["--dry-run", "--diff"])
def test_a_rehearsal_changes_nothing(project: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What would be done is told, nothing is written, and conflicts have their exit code already."""
    write(project, {"short.txt": "line 1\nmine\n"})
    before = contents(project)

    assert cli.main(["upgrade", str(project), option]) == 8
    captured = capsys.readouterr()
    assert contents(project) == before
    assert "Nothing was changed" in captured.err
    assert ("+line 28, newer" in captured.out) == (option == "--diff")
    assert ("changed   notes.txt" in captured.out) == (option == "--dry-run")


def test_a_diff_can_be_applied(project: Path, commit: Callable[[Path], None], tmp_path: Path) -> None:
    """What `--diff` prints is a patch: git takes it, and the files become those of an upgrade."""
    (project / "icon.bin").unlink()
    commit(project)
    plan = upgrade.plan(Project(project), REQUEST)
    from gfplug.edits import difference  # noqa: PLC0415 - beside the one test that needs it

    patch = tmp_path / "patch"
    patch.write_bytes(difference.show({path: plan.edits[path] for path in plan.changes}).encode())
    other = shutil.copytree(project, tmp_path / "other")
    subprocess.run(["git", "-C", str(other), "apply", "--unsafe-paths", str(patch)], check=True, timeout=60)
    upgrade.upgrade(Project(project), REQUEST)
    found, expected = ({k: v for k, v in contents(f).items() if not k.startswith(".gfplug/")} for f in (other, project))

    assert found == expected


def test_a_conflict_is_marked_in_the_file_and_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As git marks it, with nothing put beside; the command names the files and what to do."""
    write(project, {"short.txt": "line 1\nmine\n"})
    code = cli.main(["upgrade", str(project)])
    said = capsys.readouterr().err

    assert code == 8
    assert text_at(project, "short.txt") == CONFLICT
    assert [path for path in contents(project) if path.endswith((".rej", ".orig"))] == []
    assert "short.txt: " in said
    assert "error: 1 file needs you" in said
    assert "hint: resolve what is listed above, then commit; everything else is done" in said


def test_an_upgrade_that_was_not_finished_is_not_built_upon(project: Path) -> None:
    """Markers, or a file put beside, stop the next upgrade; resolving them frees it."""
    write(project, {"short.txt": "line 1\nmine\n", "icon.bin": BINARY[1].decode("latin-1")})
    assert cli.main(["upgrade", str(project)]) == 8
    with pytest.raises(ConflictError, match=r"an earlier upgrade is not finished: icon\.bin, short\.txt"):
        upgrade.upgrade(Project(project), REQUEST)
    write(project, {"short.txt": "line 1\nboth\n", "icon.bin.gfplug-new": None})

    assert cli.main(["upgrade", str(project)]) == 0
    assert text_at(project, "short.txt") == "line 1\nboth\n"


def test_a_checkout_with_crlf_stays_one(project: Path, commit: Callable[[Path], None], tmp_path: Path) -> None:
    """With `core.autocrlf`, edits merge, and every line keeps its CRLF."""
    write(project, {"notes.txt": MINE})
    commit(project)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", str(project), str(clone)], check=True, timeout=60)
    assert b"\r\n" in (clone / "notes.txt").read_bytes()

    assert cli.main(["upgrade", str(clone)]) == 0
    assert (clone / "notes.txt").read_bytes() == BOTH.replace("\n", "\r\n").encode()
    assert cli.main(["upgrade", str(clone)]) == 0


def test_a_teammates_clone_is_upgraded_alike(project: Path, commit: Callable[[Path], None], tmp_path: Path) -> None:
    """What an upgrade needs is in the repository: a fresh clone gives the same project."""
    write(project, {"notes.txt": MINE})
    commit(project)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(project), str(clone)], check=True, timeout=60)
    for folder in (project, clone):
        upgrade.upgrade(Project(folder), REQUEST)

    assert contents(clone) == contents(project)


def test_other_work_in_progress_is_left_alone(project: Path, commit: Callable[[Path], None]) -> None:
    """Untracked and modified files that the template does not know stay, and do not stop the upgrade."""
    commit(project)
    write(project, {"mine.py": "mine\n", "src/plugin/datasource.py": "# in progress\n"})

    assert cli.main(["upgrade", str(project)]) == 0
    assert text_at(project, "mine.py") == "mine\n"
    assert text_at(project, "src/plugin/datasource.py") == "# in progress\n"


@pytest.mark.parametrize("has_repository", [True, False])
def test_an_edit_that_is_in_no_commit_is_copied_first(
    project: Path, commit: Callable[[Path], None], *, has_repository: bool
) -> None:
    """Merging into a file that is nowhere else keeps a copy of it; a staged file is nowhere else."""
    if has_repository:
        commit(project)
    write(project, {"notes.txt": MINE, "short.txt": "line 1\nmine\n"})
    if has_repository:
        subprocess.run(["git", "-C", str(project), "add", "short.txt"], check=True, timeout=60)
    upgrade.upgrade(Project(project), REQUEST)

    assert text_at(project, ".gfplug/backup/1/notes.txt") == MINE
    assert text_at(project, ".gfplug/backup/1/short.txt") == "line 1\nmine\n"


def test_a_project_below_a_repository_is_upgraded_in_place(
    project: Path, commit: Callable[[Path], None], tmp_path: Path
) -> None:
    """In a monorepo nothing outside of the project is read or written, moves within it are found."""
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
    """A symlinked project folder is upgraded where it is."""
    (tmp_path / "link").symlink_to(project)

    assert cli.main(["upgrade", str(tmp_path / "link")]) == 0
    assert text_at(project, "notes.txt") == NEWER


def test_a_file_that_became_a_link_is_left_alone(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written through a link, and the user is told."""
    (tmp_path / "shared.txt").write_text(LONG)
    (project / "notes.txt").unlink()
    (project / "notes.txt").symlink_to(tmp_path / "shared.txt")

    assert cli.main(["upgrade", str(project)]) == 0
    assert (project / "notes.txt").is_symlink()
    assert (tmp_path / "shared.txt").read_text() == LONG
    assert "notes.txt: you have a link there" in capsys.readouterr().err


def test_without_git_edits_are_kept(project: Path, monkeypatch: pytest.MonkeyPatch, rendered: dict[str, Path]) -> None:
    """No git at all: what only the template changed is upgraded, what both changed is put beside."""
    monkeypatch.setattr(git, "is_installed", lambda: False)
    write(project, {"notes.txt": MINE})

    assert cli.main(["upgrade", str(project)]) == 8
    assert text_at(project, "notes.txt") == MINE
    assert text_at(project, "notes.txt.gfplug-new") == NEWER
    assert (project / "conf" / "a").read_bytes() == (rendered["new"] / "conf" / "a").read_bytes()


def test_the_variables_of_a_git_hook_do_not_matter(
    project: Path, commit: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Called from a hook, with git's variables set, the upgrade is the same."""
    write(project, {"notes.txt": MINE})
    commit(project)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))

    assert cli.main(["upgrade", str(project)]) == 0
    assert text_at(project, "notes.txt") == BOTH


OWNED = {"edited": "src/gfruntime/log.py", "added": "src/gfruntime/mine.py", "deleted": "src/gfruntime/log.py"}


@pytest.mark.parametrize(("what", "path"), list(OWNED.items()), ids=list(OWNED))
def test_an_edited_owned_folder_stops_the_upgrade(
    project: Path, what: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, the file and its difference named, nothing changed; `--force` goes on and keeps a copy."""
    write(project, {path: None if what == "deleted" else "# mine\n"})
    before = contents(project)

    assert cli.main(["upgrade", str(project)]) == 3
    said = capsys.readouterr().err
    assert f"{path} ({what})" in said
    assert ("-# mine" in said) == (what != "deleted")
    assert contents(project) == before
    assert cli.main(["upgrade", str(project), "--force"]) == 0
    assert Project(project).changed_owned() == {}
    assert text_at(project, f".gfplug/backup/1/{path}") == (None if what == "deleted" else "# mine\n")


def test_edited_stubs_are_made_anew_with_force(project: Path, rendered: dict[str, Path]) -> None:
    """An edited stub is no base for a lock; the proto beside it is enough to make it again."""
    stub = "src/pluginv2/backend_pb2.pyi"
    (project / stub).write_text("# mine\n")
    assert cli.main(["upgrade", str(project)]) == 3
    upgrade.upgrade(Project(project), Request(given={}, force=True))

    assert (project / stub).read_bytes() == (rendered["new"] / stub).read_bytes()


def test_an_edited_proto_is_not_taken_for_the_locked_one(project: Path) -> None:
    """A proto that is not the lock's can't be the source of new stubs."""
    proto = project / "src" / "pluginv2" / "backend.proto"
    proto.write_bytes(proto.read_bytes() + b"// mine\n")

    with pytest.raises(IntegrityError, match="is not the proto"):
        upgrade.upgrade(Project(project), Request(given={}, force=True))


def test_stubs_of_other_tools_are_made_anew(project: Path, rendered: dict[str, Path]) -> None:
    """When the generators moved on, so do the stubs, the lock and the floors."""
    lock = json.loads((project / "gfplug.lock").read_text())
    lock["tools"]["grpcio-tools"] = "1.0.0"
    lock["floors"]["grpcio"] = "1.0.0"
    (project / "gfplug.lock").write_text(json.dumps(lock))
    upgrade.upgrade(Project(project), REQUEST)

    assert (project / "gfplug.lock").read_bytes() == (rendered["new"] / "gfplug.lock").read_bytes()


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

    with pytest.raises(ProjectError, match=r"of gfplug 99\.0, this is gfplug"):
        upgrade.upgrade(Project(project), REQUEST)


BROKEN = {
    "missing": (None, "does not exist"),
    "not JSON": (b"{", "is not valid JSON"),
    "no answers": (b"[]", "has no answers"),
    "newer": (b'{"format": 99, "answers": {}}', "has format 99"),
    "unknown key": (b'{"format": 1, "answers": {"colour": "red"}}', "asks for 'org'"),
}


@pytest.mark.parametrize(("content", "says"), list(BROKEN.values()), ids=list(BROKEN))
def test_answers_that_can_not_be_read_are_told(project: Path, content: bytes | None, says: str) -> None:
    """What is wrong with `.gfplug/answers.json`, in one sentence."""
    (project / template.ANSWERS_NAME).unlink()
    if content is not None:
        (project / template.ANSWERS_NAME).write_bytes(content)

    with pytest.raises(ProjectError, match=says):
        upgrade.upgrade(Project(project), REQUEST)


def test_an_answer_that_no_longer_serves_is_told(project: Path) -> None:
    """A choice that the template dropped is named; `--data` gives another."""
    path = project / template.ANSWERS_NAME
    path.write_text(path.read_text().replace('"signals"', '"gone"'))

    with pytest.raises(UsageError, match="there is no example 'gone'"):
        upgrade.upgrade(Project(project), REQUEST)
    assert cli.main(["upgrade", str(project), "--data", "example=signals"]) == 0


def test_a_question_that_is_not_asked_takes_no_answer(project: Path) -> None:
    """A key that no question has is refused."""
    with pytest.raises(UsageError, match="'colour' is not asked here"):
        upgrade.upgrade(Project(project), Request(given={"colour": "red"}))
    assert cli.main(["upgrade", str(project), "--data", "colour"]) == 2


def test_new_questions_take_their_defaults_and_answers_migrate(project: Path) -> None:
    """A function turns an old answer into today's; a question with a default needs none."""
    path = project / template.ANSWERS_NAME
    stored = json.loads(path.read_text())
    del stored["answers"]["example"]
    stored["answers"]["label"] = stored["answers"].pop("title")
    path.write_text(json.dumps(stored))

    def rename(answers: dict[str, str]) -> dict[str, str]:
        return {"title" if key == "label" else key: text for key, text in answers.items()}

    assert origin.answers(project, "0.0.1", migrations=[("0.1.0", rename)]) == ANSWERS
    with pytest.raises(ProjectError, match="asks for 'title'") as caught:
        origin.answers(project, "0.1.0", migrations=[("0.1.0", rename)])
    assert caught.value.hint == "give it: gfplug upgrade --data title=…"


def test_a_base_that_is_lost_needs_force(project: Path) -> None:
    """Without what was rendered, edits can't be told apart: only `--force` goes on, and marks every difference."""
    (project / template.BASE_NAME).unlink()
    write(project, {"notes.txt": MINE})
    with pytest.raises(ProjectError, match=r"base\.zip does not exist"):
        upgrade.upgrade(Project(project), REQUEST)
    plan = upgrade.upgrade(Project(project), Request(given={}, force=True))

    assert "notes.txt" in [conflict.path for conflict in plan.conflicts]
    assert "line 2, mine" in (text_at(project, "notes.txt") or "")


def test_a_base_that_is_damaged_is_told(project: Path) -> None:
    """A cut archive, or one with a flipped byte, is named."""
    path = project / template.BASE_NAME
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ProjectError, match=r"base\.zip is damaged"):
        upgrade.upgrade(Project(project), REQUEST)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"kontent", 1))
    with pytest.raises(ProjectError, match=r"base\.zip is damaged"):
        upgrade.upgrade(Project(project), REQUEST)


def test_a_folder_that_is_no_project_is_told(tmp_path: Path) -> None:
    """Exit code 3, as for every command."""
    assert cli.main(["upgrade", str(tmp_path)]) == 3
