"""The whole build: its order, its result, and the files that a failure does not change."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from commands import commit, git
from small_project import fake_python

from gfplug import files
from gfplug.bundle import build as service
from gfplug.bundle import build_info, dist, exchange, freeze, packing
from gfplug.bundle.build import BuildOptions
from gfplug.bundle.frontend import linker
from gfplug.cli import main
from gfplug.errors import ProjectError, ToolError, UsageError
from gfplug.host import smoke
from gfplug.project.environment import interpreters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gfplug.project.plugin_project import Project

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts"),
    pytest.mark.usefixtures("_linked"),
]


@pytest.fixture
def project(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make the small project, and let its fake plugin start."""
    monkeypatch.setattr(smoke, "smoke", lambda *_, **__: SimpleNamespace(handshake_ms=80.5, first_answer_ms=130.0))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return project


def failing(error: BaseException) -> Callable[..., Any]:
    """Return a function that raises."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_build_makes_dist_and_an_archive_with_its_digest(project: Project, python: Path) -> None:
    """The result names the files on disk, and no temporary file stays."""
    bundle = service.build(project, BuildOptions(python=python))

    artifacts = project.root / "artifacts"
    assert bundle.archive == artifacts / "acme-sales-datasource-1.2.3.linux_amd64.zip"
    assert bundle.archive_bytes == bundle.archive.stat().st_size
    assert packing.digest_path(bundle.archive).read_text().split()[0] == bundle.sha256
    assert bundle.executable == project.dist / "gpx_sales_linux_amd64"
    assert bundle.files == len(files.entries(project.dist))
    assert {path.name for path in artifacts.iterdir()} == {
        ".cache",
        bundle.archive.name,
        packing.digest_path(bundle.archive).name,
    }


def test_the_json_is_one_object_with_the_promised_keys(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` is for programs: its keys are the documented ones, its paths are text."""
    assert main(["build", str(project.root), "--python", str(python), "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    sizes = "archive archive_bytes archive_bytes_before bundle_bytes bundle_bytes_before"
    keys = f"{sizes} executable files first_answer_ms glibc_floor handshake_ms sha256 stages"
    stages = "environment compare frontend freeze slim bundle smoke archive"
    assert (sorted(report), list(report["stages"])) == (keys.split(), stages.split())
    assert (report["handshake_ms"], report["glibc_floor"]) == (80.5, None)


def test_stdout_has_only_the_path_of_the_archive(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`zip=$(gfplug build)` works; progress goes to stderr."""
    assert main(["build", str(project.root), "--python", str(python)]) == 0

    output = capsys.readouterr()
    assert output.out == f"{project.root}/artifacts/acme-sales-datasource-1.2.3.linux_amd64.zip\n"
    assert "Froze the plugin" in output.err


@pytest.mark.parametrize("stage", ["read_schema", "freeze", "assemble", "smoke", "pack", "install"])
@pytest.mark.parametrize("error", [ToolError("broken"), KeyboardInterrupt()], ids=["failed", "interrupted"])
def test_a_build_that_fails_at_any_stage_keeps_the_old_bundle(
    project: Project, python: Path, monkeypatch: pytest.MonkeyPatch, stage: str, error: BaseException
) -> None:
    """Bundle, archive and digest are those of the last successful build."""
    service.build(project, BuildOptions(python=python))
    before = snapshot(project.root)
    (project.root / "README.md").write_text("# changed\n")
    owner = {"read_schema": linker, "freeze": freeze, "assemble": dist, "smoke": smoke, "pack": packing}
    monkeypatch.setattr(owner.get(stage, exchange), stage, failing(error))
    with pytest.raises(type(error)):
        service.build(project, BuildOptions(python=python))

    assert snapshot(project.root) == before


def snapshot(root: Path) -> dict[str, bytes]:
    """Read all files that a build makes."""
    return {str(path): path.read_bytes() for folder in ("dist", "artifacts") for path in files.entries(root / folder)}


def test_the_error_for_a_module_missing_in_the_bundle_has_the_line_to_add(
    project: Project, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment has it, the bundle does not: PyInstaller missed it."""
    monkeypatch.setattr(
        smoke, "smoke", failing(ToolError("cannot be loaded: ModuleNotFoundError: No module named 'yaml.reader'"))
    )
    with pytest.raises(ToolError, match=r"lacks the module yaml\.reader") as caught:
        service.build(project, BuildOptions(python=python))

    assert caught.value.hint == 'add "yaml.reader" to HIDDEN_IMPORTS in plugin.spec'


def test_a_module_missing_in_the_environment_gets_no_hint_for_plugin_spec(
    project: Project, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line in plugin.spec would not help, so the error is that of the plugin."""
    fake_python(
        tmp_path / "other",
        report='{"version": [3, 12, 1], "libpython": true, "free_threaded": false, "missing": ["yaml"]}',
    )
    probe = interpreters.probe
    monkeypatch.setattr(
        interpreters,
        "probe",
        lambda python, **question: probe(tmp_path / "other" if "modules" in question else python, **question),
    )
    monkeypatch.setattr(smoke, "smoke", failing(ToolError("No module named 'yaml'")))
    with pytest.raises(ToolError, match=r"^No module named 'yaml'$"):
        service.build(project, BuildOptions(python=python))


def test_an_import_that_fails_in_the_environment_names_the_dependency(
    project: Project, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dependency is missing in pyproject.toml; the error keeps the traceback."""
    error = ProjectError("ModuleNotFoundError: No module named 'requests'", details="Traceback")
    monkeypatch.setattr(linker, "read_schema", failing(error))
    with pytest.raises(ProjectError) as caught:
        service.build(project, BuildOptions(python=python))

    assert "requests" in caught.value.hint
    assert "pyproject.toml" in caught.value.hint
    assert caught.value.details == "Traceback"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/pluginv2/backend.proto", "edited"),
        ("plugin.json", "{"),
        ("plugin.json", '{"id": "x", "name": "y"}'),
        ("pyproject.toml", '[project]\nname = "x"\n'),
    ],
)
def test_broken_files_stop_the_build_before_it_begins(project: Project, python: Path, name: str, text: str) -> None:
    """The exit code is as documented, and nothing is made; an edited file that gfplug owns counts as broken."""
    (project.root / name).write_text(text)

    assert main(["build", str(project.root), "--python", str(python)]) == 3
    assert not (project.root / "artifacts").exists()


def test_the_date_is_that_of_the_projects_last_commit(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two builds of one commit show one date, whenever they run."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2024-02-29T12:00:00Z")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    commit(project.root)

    assert service.day_of(project) == date(2024, 2, 29)


def test_the_date_is_that_of_source_date_epoch_or_today(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository, these are the only sources of a date."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    before = datetime.now(UTC).date()
    assert before <= service.day_of(project) <= datetime.now(UTC).date()

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert service.day_of(project) == date(2023, 11, 14)


@pytest.mark.parametrize("name", [".git", "other"])
def test_without_git_a_note_says_that_the_date_is_today(
    project: Project, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The project has commits, but git is not installed."""
    (tmp_path / name).mkdir()
    service.day_of(project)
    assert caplog.messages == []

    monkeypatch.setenv("PATH", str(tmp_path))
    service.day_of(project)
    lost = "git is not installed: the bundle has today's date instead of the last commit's"
    assert caplog.messages == ([lost] if name == ".git" else [])


def test_a_changed_size_is_shown_beside_the_previous_size(
    project: Project, python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture of 300 kB is added, then removed; without a change, or with a tiny one, no difference is shown."""
    words, picture = ["build", str(project.root), "--python", str(python)], project.root / "frontend/img/photo.png"
    printed = []
    for content in (b"", b"", hashlib.shake_128().digest(300_000), b"", bytes(1000)):
        picture.write_bytes(content)
        assert main(words) == 0
        printed.append(capsys.readouterr().err)

    assert [bool(re.search("MB since the last build", text)) for text in printed] == [False, False, True, True, False]
    assert re.search(r"files \(\+0\.3 MB since the last build\), .* packed \(\+0\.3 MB since", printed[2])
    assert re.search(r"files \(-0\.3 MB since the last build\), .* packed \(-0\.3 MB since", printed[3])


def test_the_bundle_says_which_commit_it_is_of(
    project: Project, python: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has the repository, and the commit with its time, on any branch; with uncommitted files it names no commit."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2024-02-29T12:00:00Z")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    (project.root / ".gitignore").write_text("artifacts\ndist\n.venv\n")
    commit(project.root)
    git(project.root, "branch", "-M", "topic/sales")
    git(project.root, "remote", "add", "origin", "https://me:secret@example.com/acme/sales.git")
    expected = {
        "time": 1709208000000,
        "repo": "https://example.com/acme/sales",
        "hash": git(project.root, "rev-parse", "HEAD").strip(),
    }

    def build_info() -> Any:
        service.build(project, BuildOptions(python=python))
        return json.loads((project.dist / "plugin.json").read_text())["info"]["build"]

    assert build_info() == expected
    git(project.root, "checkout", "-q", "--detach")
    assert build_info() == expected
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build_info()["time"] == 1_700_000_000_000
    caplog.set_level("INFO", logger="gfplug")
    (project.root / "README.md").write_text("# changed\n")
    assert "hash" not in build_info()
    assert "plugin.json names no commit" in caplog.text


def test_a_repository_of_another_folder_is_ignored(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project outside all commits names no commit; a given time is still used."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent.parent))
    (project.root.parent / "other").write_text("")
    git(project.root.parent, "init", "-q")
    git(project.root.parent, "add", "other")
    git(project.root.parent, "commit", "-q", "-m", "other")

    assert build_info.build_info(project.root) == {}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert build_info.build_info(project.root) == {"time": 1_700_000_000_000}


def test_a_build_of_an_unchanged_project_does_nothing(project: Project, python: Path) -> None:
    """It does not freeze or start the plugin; the result is the previous one, with the time of the comparison."""
    first = service.build(project, BuildOptions(python=python))
    before = snapshot(project.root)
    again = service.build(project, BuildOptions(python=python))

    assert (again.sha256, again.files, again.handshake_ms) == (first.sha256, first.files, first.handshake_ms)
    assert list(again.stages) == ["environment", "compare"]
    assert snapshot(project.root) == before
    assert list(service.build(project, BuildOptions(python=python, clean=True)).stages) == list(first.stages)


def test_the_build_of_a_moved_project_returns_the_new_path_of_its_archive(project: Project, python: Path) -> None:
    """Only the project's folder has changed."""
    service.build(project, BuildOptions(python=python))
    moved = replace(project, root=project.root.rename(project.root.with_name("moved")))
    again = service.build(moved, BuildOptions(python=python))

    assert list(again.stages) == ["environment", "compare"]
    assert again.archive.parent == moved.root / "artifacts"
    assert again.archive.is_file()
    assert again.executable.is_relative_to(moved.root)


@pytest.mark.parametrize("name", ["dist/module.js", "artifacts/acme-sales-datasource-1.2.3.linux_amd64.zip"])
def test_an_edited_bundle_or_archive_is_built_again(project: Project, python: Path, name: str) -> None:
    """An edited bundle or archive is replaced by the built one."""
    first = service.build(project, BuildOptions(python=python))
    (project.root / name).write_text("edited")
    again = service.build(project, BuildOptions(python=python))

    assert again.sha256 == first.sha256
    assert (project.root / name).read_bytes() != b"edited"


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        (BuildOptions(libc="musl"), "system or bundled"),
        (BuildOptions(max_glibc="newest"), "not a glibc version"),
        (BuildOptions(libc="bundled", max_glibc="2.31"), "with its own libc"),
    ],
)
def test_impossible_options_are_refused_first(project: Project, wishes: BuildOptions, sentence: str) -> None:
    """The exit code is 2, and nothing changes."""
    with pytest.raises(UsageError, match=sentence):
        service.build(project, wishes)

    assert not (project.root / "artifacts").exists()
