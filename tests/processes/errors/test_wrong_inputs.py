"""Wrong commands, and projects with broken files, give a message and an exit code, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from commands import Ended

    Run = Callable[..., Ended]

PYTHON = ("--python", sys.executable)
BUILD, HEALTH, CHECK = ("build", "{}", *PYTHON), ("call", "health", "{}", *PYTHON), ("check", "{}")
DEV, ALERTS = ("dev", "{}", *PYTHON), ("call", "query", "{}", "--alert", *PYTHON)
PROTO = ("proto", "upgrade", "{}", "--no-tests")
RULES, SOURCES = "provisioning/alerting/rules.yaml", "provisioning/datasources/datasource.yaml"
FOLDER, GONE = "a folder", None


def put(project: Path, name: str, content: bytes | str | None) -> None:
    """Break a file of a project: write other bytes, put a folder in its place, or remove the file."""
    path = project / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if content == FOLDER:
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)


@pytest.mark.parametrize(
    "command", [BUILD, HEALTH, CHECK, DEV, PROTO, ("upgrade", "{}"), ("sign", "{}"), ("deploy", "{}")]
)
def test_a_missing_folder_inside_a_project_is_an_error(gfplug: Run, project: Path, command: tuple[str, ...]) -> None:
    """A mistyped folder name inside a project must not stand for this project."""
    ended = gfplug(*(word.replace("{}", str(project / "dits")) for word in command))

    assert ended.code == 3
    assert "dits does not exist" in ended.err


@pytest.mark.parametrize(
    ("name", "content", "command", "sentence"),
    [
        ("plugin.json", FOLDER, BUILD, "plugin.json is not a regular file"),
        ("plugin.json", b'{"id": "caf\xe9"}', CHECK, "1 error, "),
        ("pyproject.toml", b"[project", BUILD, "pyproject.toml is not valid TOML"),
        ("pyproject.toml", b"", BUILD, "pyproject.toml has no table [project]"),
        ("pyproject.toml", b"project = 3", DEV, "pyproject.toml has no table [project]"),
        ("pyproject.toml", b'name = "caf\xe9"', CHECK, "2 errors, "),
        ("pyproject.toml", b'name = "caf\xe9"', PROTO, "pyproject.toml cannot be read"),
        ("pyproject.toml", GONE, PROTO, "pyproject.toml cannot be read"),
        ("pyproject.toml", FOLDER, DEV, "pyproject.toml is not a regular file"),
        (RULES, b"- 1", ALERTS, "rules.yaml is not a file of alert rules"),
        (RULES, b"groups: [{rules: [3]}]", ALERTS, "rules.yaml is not a file of alert rules"),
        (RULES, b"groups: [{rules: [{title: x, data: 3}]}]", ALERTS, "the rule 'x' cannot be read"),
        (RULES, b"groups: [{rules: [{title: x, data: []}]}]", ALERTS, "the rule 'x' lacks 'condition'"),
        (RULES, b"\xff", ALERTS, "rules.yaml is not UTF-8"),
        (SOURCES, FOLDER, HEALTH, "datasource.yaml is not a regular file"),
        (SOURCES, b"\xff", HEALTH, "datasource.yaml is not UTF-8"),
        ("src/pluginv2", GONE, HEALTH, "backend.proto does not exist"),
        ("gfplug.lock", b"[1]", CHECK, "1 error, "),
    ],
)
def test_a_broken_file_of_a_project_is_named(  # noqa: PLR0917 - the columns of a table
    gfplug: Run, project: Path, name: str, content: bytes | str | None, command: tuple[str, ...], sentence: str
) -> None:
    """The error has the mistake, and exit code 3."""
    put(project, name, content)
    ended = gfplug(*(word.replace("{}", str(project)) for word in command))

    assert ended.code == 3, ended.err
    assert sentence in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["src/plugin/datasource.py", "src/plugin/__main__.py"])
def test_a_removed_module_of_the_project_is_not_reported_as_a_missing_package(
    call: Run, project: Path, name: str
) -> None:
    """No dependency would provide it."""
    put(project, name, GONE)
    ended = call("health", project)

    assert ended.code == 6
    assert "hint: Restore it from version control" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("doctor", "{}/nope"), 3, "nope does not exist"),
        (("upgrade", "{}", "--data", "nope=1"), 2, "--data: 'nope' is not a setting of the template"),
        (("dev", "{}", "--address", "x"), 2, "add --attach"),
        (("call", "query", "{}", "--timeout", "inf"), 2, "--timeout"),
        (("call", "query", "{}", "--settings", "{}", *PYTHON), 2, "is not a file"),
        (("call", "stream", "wave", "{}", *PYTHON), 6, "hint: the data source has no method `run_stream`"),
        (("merge", "{}/.gfplug/base.zip", "{}/.gfplug/base.zip"), 5, "it has no plugin.json"),
        (("build", "{}", "--nope"), 2, "No such option"),
        (("call", "query", "{}", "--from"), 2, "requires an argument"),
    ],
)
def test_a_wrong_argument_is_named(
    gfplug: Run, project: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    """Each kind of mistake has its exit code."""
    ended = gfplug(*(word.replace("{}", str(project)) for word in words))

    assert ended.code == code, ended.err
    assert sentence in ended.err


def test_an_error_of_the_file_system_is_one_sentence(call: Run, project: Path, tmp_path: Path) -> None:
    """A folder is in place of the file to write."""
    ended = call("query", project, "--record", tmp_path)

    assert ended.code == 3
    assert f"{tmp_path}" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_path_that_is_not_unicode_is_accepted(fresh: Path, tmp_path: Path) -> None:
    """A project in a folder with a Latin-1 name is queried and checked, and the name is printed byte by byte."""
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    shutil.copytree(fresh, place)
    runs = [
        subprocess.run(
            [sys.executable, "-m", "gfplug", *words], cwd=place, capture_output=True, timeout=60, check=False
        )
        for words in (["call", "health", *PYTHON], ["check"], ["dev", *PYTHON])
    ]

    assert [done.returncode for done in runs] == [0, 0, 0], [done.stderr for done in runs]
    assert runs[-1].stdout == os.fsencode(place / "dist") + b"\n"
