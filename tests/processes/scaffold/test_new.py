"""`gfplug new`: a complete project or none, its path on stdout, and no questions without a terminal."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from commands import commit, git

from gfplug import cli, console, sdk
from gfplug.errors import ToolError
from gfplug.project import provenance
from gfplug.project.plugin_project import Project
from gfplug.scaffold import new, template
from gfplug.scaffold.template import Answers
from gfplug.sdk import stubs

ANSWERS = Answers(org="acme", name="sales", title="Acme Sales", description="Sales", author="Acme")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder, and work in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def _request(destination: Path, **options: object) -> new.NewProject:
    return new.NewProject(
        answers=ANSWERS,
        destination=destination,
        sdk_version=sdk.default(),
        **options,  # type: ignore[arg-type]  # the tests name real fields
    )


def test_lock_stubs_and_owned_files_of_a_new_project_are_consistent(tmp_path: Path) -> None:
    """Lock, stubs, floors and owned files are consistent."""
    project = new.create(_request(tmp_path / "project"))
    pyproject = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))

    project.require_unedited()

    assert project.manifest.id == "acme-sales-datasource"
    assert project.lock.sdk_version == str(sdk.default())
    assert project.lock.owned.keys() >= {"src/pluginv2/backend_pb2.py", provenance.detect().runtime_wheel}
    for package, floor in project.lock.floors.items():
        assert [text for text in pyproject["project"]["dependencies"] if text.startswith(f"{package}>={floor},")]


def test_every_checkout_has_the_same_bytes(tmp_path: Path) -> None:
    """Git for Windows writes CRLF unless a project says otherwise: its archives would differ from those of Linux."""
    project = new.create(_request(tmp_path / "project")).root
    (project / "table.csv").write_bytes(b"a,b\n")
    (project / "frontend/img/photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\r\n")
    commit(project)
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", project, tmp_path / "clone")

    names = git(project, "ls-files", "-z").split("\0")[:-1]
    differing = [name for name in names if (tmp_path / "clone" / name).read_bytes() != (project / name).read_bytes()]
    assert len(names) > 20
    assert differing == []


def test_stdout_holds_the_path_and_nothing_else(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`cd $(gfplug new …)` works; the next steps are on stderr."""
    assert cli.main(["new", "Acme Sales", "--defaults"]) == 0

    out, err = capsys.readouterr()

    assert out == "acme-sales-datasource\n"
    assert "plugin id acme-sales-datasource" in err
    assert "cd acme-sales-datasource\n  gfplug call query\n  gfplug build\n" in err
    assert Project.find(here / "acme-sales-datasource").manifest.name == "Acme Sales"


@pytest.mark.parametrize(
    ("arguments", "plugin_id"),
    [
        (["sales"], "myorg-sales-datasource"),
        (["sales", "--org", "Acme Inc."], "acmeinc-sales-datasource"),
        (["web-sales", "--org", "acme"], "acme-websales-datasource"),
        (["acme-web-sales"], "acme-websales-datasource"),
    ],
)
def test_the_id_comes_from_name_and_organisation(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], plugin_id: str
) -> None:
    """`--org` takes the first part; else the first of several words does."""
    assert cli.main(["new", *arguments, "--dry-run"]) == 0

    assert capsys.readouterr().out == f"{plugin_id}\n"
    assert not list(here.iterdir())


def test_dry_run_lists_what_would_be_made(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list is that of a real run, and nothing is made."""
    assert cli.main(["new", "sales", "--example", "http", "--dry-run"]) == 0
    names = {line.strip() for line in capsys.readouterr().err.splitlines() if line.startswith("  ")}
    assert not list(here.iterdir())

    assert cli.main(["new", "sales", "--example", "http", "--no-git"]) == 0

    root = here / "myorg-sales-datasource"
    assert names == {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_the_data_option_sets_answers(here: Path) -> None:
    """They are in plugin.json and stored; a value may contain an equals sign."""
    data = ["--data", "title=A = B", "--data", "description=All of it", "--data", "author=Zoë"]

    assert cli.main(["new", "sales", "p", *data]) == 0

    manifest = Project(here / "p").manifest
    stored = json.loads((here / "p" / template.ANSWERS_NAME).read_text(encoding="utf-8"))["answers"]
    assert (manifest.name, manifest.content["info"]["description"]) == ("A = B", "All of it")
    assert manifest.content["info"]["author"] == {"name": "Zoë"}
    assert Answers.from_json(stored).author == "Zoë"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("it's", "it's"),
        ("O\u2019Neil DB", "O\u2019Neil DB"),
        ('Sales "42" {{ x }} <b>', 'Sales "42" {{ x }} <b>'),
        ("myds", "Myds"),
        ("acme-sales", "Acme Sales"),
    ],
)
def test_the_title_is_the_name_as_typed(here: Path, capsys: pytest.CaptureFixture[str], name: str, title: str) -> None:
    """Words in lower case are an id, and the title is made from it."""
    assert cli.main(["new", name, "p", "--defaults"]) == 0

    assert Project(here / "p").manifest.name == title
    assert f"{title}: plugin id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["売上"], 2, "remove: 上 売"),
        (["./sales"], 2, "is a path, not a name"),
        (["sales", "--org", "!"], 2, "can't become a plugin id"),
        (["sales", "--example", "csv"], 2, "'csv' is not one of 'signals', 'http', 'sql'"),
        (
            ["sales", "--data", "colour=red"],
            2,
            "where KEY is title or description or author or license or gfplug; got 'colour=red'",
        ),
        (["sales", "--data", "title"], 2, "got 'title'"),
        (["sales", "--data", "title="], 2, "title must be one line"),
        (["sales", "--data", "license=GPL"], 2, "there is no license 'GPL'"),
        (["sales", "--sdk-version", "main"], 2, "not a release"),
        (["sales", "--sdk-version", "v0.96.0"], 7, "too old"),
        (["sales", "--from", "nothing.proto"], 4, "nothing.proto"),
        (["sales", "full"], 3, "exists and is not empty"),
        (["sales", "file"], 3, "exists and is not a folder"),
        (["sales", "file/deeper"], 3, "it is not a folder"),
        (["sales", "dangling"], 3, "exists and is not a folder"),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_bad_input_makes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, sentence: str, *, dry: bool
) -> None:
    """There is one error with the documented exit code, and no file is made or removed."""
    (here / "full").mkdir()
    (here / "full" / "mine.txt").write_text("mine")
    (here / "file").write_text("mine")
    (here / "dangling").symlink_to("nowhere")
    before = sorted(here.rglob("*"))

    exit_code = cli.main(["new", *arguments, *(["--dry-run"] if dry else [])])

    out, err = capsys.readouterr()
    assert (exit_code, out) == (code, "")
    assert sentence in err
    assert "Traceback" not in err
    assert before == sorted(here.rglob("*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder where even root may not write")
def test_a_parent_folder_that_cannot_be_written_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Gfplug tries to make a folder there, since modes alone do not tell."""
    assert cli.main(["new", "sales", "/proc/sales"]) == 3

    assert "cannot write to /proc" in capsys.readouterr().err
    assert not list(here.iterdir())


@pytest.mark.parametrize("step", ["fetch", "generate", "render", "store_for_upgrades"])
@pytest.mark.parametrize("place", [".", "new", "deep/er"])
def test_a_failure_midway_leaves_nothing(here: Path, monkeypatch: pytest.MonkeyPatch, step: str, place: str) -> None:
    """No temporary folder and no empty parent stays; an existing folder stays."""

    def fail(*_: object, **__: object) -> None:
        raise ToolError(f"{step} broke")

    home = {"fetch": sdk, "generate": stubs}.get(step, template)
    monkeypatch.setattr(home, step, fail)

    with pytest.raises(ToolError, match=f"{step} broke"):
        new.create(_request(Path(place)))

    assert not list(here.iterdir())
    assert here.is_dir()


def test_an_empty_folder_is_filled_in_place(here: Path) -> None:
    """`gfplug new sales .` keeps the shell in its current folder."""
    before = here.stat().st_ino

    assert cli.main(["new", "sales", "."]) == 0

    assert here.stat().st_ino == before
    assert Project.find(Path()).manifest.id == "myorg-sales-datasource"
    assert not [path for path in here.iterdir() if path.name.startswith("..")]


def test_a_question_is_repeated_until_the_answer_is_valid(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There are four questions, on stderr like the errors; an empty line takes the default."""
    monkeypatch.setattr(console, "is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("!!\nAcme Inc.\nTurnover\ncsv\nhttp\nGPL\nmit\n"))

    assert cli.main(["new", "sales", "p"]) == 0

    out, err = capsys.readouterr()
    stored = json.loads((here / "p" / template.ANSWERS_NAME).read_text(encoding="utf-8"))["answers"]
    assert out == "p\n"
    assert "there is no example 'csv'" in err
    assert "there is no license 'GPL'" in err
    assert err.count("]: ") == 4 + 3
    assert Answers.from_json(stored) == Answers(
        org="acmeinc",
        name="sales",
        title="Turnover",
        description="Turnover in Grafana",
        author="Acme Inc.",
        example="http",
        license="MIT",
    )
    assert (here / "p" / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) Acme Inc.\n")


def test_a_given_answer_is_not_asked_for(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the four questions has an option."""
    monkeypatch.setattr(console, "is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    data = ["--data", "title=Sales", "--data", "license=proprietary"]

    assert cli.main(["new", "sales", "p", "--org", "acme", "--example", "http", *data]) == 0
    assert 'license = "LicenseRef-Proprietary"' in (here / "p" / "pyproject.toml").read_text()


@pytest.mark.skipif(shutil.which("git") is None, reason="install git: it is run")
def test_a_project_has_its_own_repository(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is on the branch that its workflow tests, despite git's variables; inside another repository, none is made."""
    monkeypatch.setenv("GIT_DIR", str(here / "other"))
    assert cli.main(["new", "sales", "p"]) == 0
    assert cli.main(["new", "sales", "p/inner"]) == 0
    assert cli.main(["new", "sales", "plain", "--no-git"]) == 0

    assert (here / "p" / ".git" / "HEAD").read_text() == "ref: refs/heads/main\n"
    assert [name for name in ("p/inner", "plain", "other") if (here / name / ".git").exists()] == []


def test_defaults_ask_nothing_on_a_terminal(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--defaults` is for scripts that run on a terminal."""
    monkeypatch.setattr(console, "is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", None)

    assert cli.main(["new", "sales", "p", "--defaults"]) == 0
    assert (here / "p" / "plugin.json").is_file()


def test_an_open_stdin_that_is_not_a_terminal_is_not_read(here: Path) -> None:
    """A question would wait forever on an open pipe."""
    command = [sys.executable, "-m", "gfplug", "new", "sales", "p", "--offline"]
    with subprocess.Popen(command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.wait(timeout=120) == 0
        assert process.stdout is not None
        assert process.stdout.read().split() == [b"p"]
