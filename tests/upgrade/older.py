"""Helpers of the upgrade tests: an older template, a newer one, the user's edits, and a project's bytes."""

import os
import shutil
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from commands import Ended, run
from projects import new_project
from small_trees import LONG, NEWER

from gfplug import cli, resources, sdk
from gfplug.project.plugin_project import Project
from gfplug.scaffold.template import Answers
from gfplug.upgrades import origin
from gfplug.upgrades.upgrade import WRITTEN_ONCE, UpgradeRequest

BINARY = [bytes([0, 1, 2]) * 9 + bytes([number]) for number in range(3)]
ANSWERS = Answers(org="acme", name="sales", title="Acme Sales", description="Sales in Grafana", author="acme")
REQUEST = UpgradeRequest(answers={})

OLD = {
    "notes.txt": LONG.encode(),
    "short.txt": b"line 1\n",
    "moved.txt": LONG.encode(),
    "dropped.txt": b"dropped\n",
    "icon.bin": BINARY[0],
    "run.sh": b"#!/bin/sh\n",
    "conf": b"a file\n",
    "src/plugin/once.py": b"# first\n",
    "vendor/old.txt": b"# owned\n",
    "title.txt.jinja": b"{= title =}\n",
}
NEW = {
    "notes.txt": NEWER.encode(),
    "short.txt": b"line 1\ntheirs\n",
    "renamed.txt": NEWER.encode(),
    "icon.bin": BINARY[2],
    "run.sh": b"#!/bin/sh\n",
    "conf/a": b"in a folder\n",
    "added.txt": b"theirs\n",
    "src/plugin/once.py": b"# second\n",
    "vendor/new.txt": b"# owned\n",
    "title.txt.jinja": b"The title: {= title =}\n",
}


def make_template(folder: Path, extra: dict[str, bytes]) -> Path:
    """Copy the real template and add files to its project."""
    shutil.copytree(resources.folder("template"), folder)
    for path, content in extra.items():
        (folder / "project" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "project" / path).write_bytes(content)
    if "added.txt" in extra:
        (folder / "project" / "run.sh").chmod(0o755)
    return folder


def use_template(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let gfplug render another template."""
    real = resources.folder
    patch.setattr(resources, "folder", lambda name: folder if name == "template" else real(name))


def contents(folder: Path) -> dict[str, bytes]:
    """Read a folder's files, except those of git and Python."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".git", "__pycache__"}.intersection(path.relative_to(folder).parts)
    }


def write(project: Path, edits: dict[str, str | None]) -> None:
    """Write the user's edits."""
    for path, text in edits.items():
        if text is None:
            (project / path).unlink()
        else:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(text.encode("latin-1"))


def unpack(fixture: str, folder: Path) -> Path:
    """Unpack an archive of tests/fixtures into a folder, and return it."""
    with tarfile.open(Path(__file__).parents[1] / "fixtures" / fixture) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has no filter
        archive.extractall(folder)  # noqa: S202 - a fixture of ours
    return folder


def assert_becomes_fresh(project: Path, fresh: Path) -> None:
    """Upgrade a project without edits: all bytes are those of `gfplug new` today, except in files written once."""
    answers = origin.answers(project, Project(project).lock.template_version)
    assert cli.main(["upgrade", str(project)]) == 0
    if Project(project).lock.sdk_version != str(sdk.default()):
        assert cli.main(["proto", "upgrade", str(project), "--no-tests", "--offline"]) == 0
    upgraded, expected = contents(project), contents(new_project(fresh, answers))

    differing = {path for path in upgraded.keys() | expected.keys() if upgraded.get(path) != expected.get(path)}
    assert {path for path in differing if not path.startswith(WRITTEN_ONCE)} == set()


def run_in(project: Path, *words: str | Path) -> Ended:
    """Run a module or script with this interpreter in a project, with the project's code."""
    env = {**os.environ, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    is_script = str(words[0]).endswith(".py")
    return run(sys.executable, *([] if is_script else ["-m"]), *words, cwd=project, env=env)


def output_in(project: Path, *words: str | Path, accepted: Sequence[int] = (0,)) -> str:
    """Run a module or script in a project, which must end with an accepted exit code, and return its output."""
    ended = run_in(project, *words)
    assert ended.code in accepted, ended.out + ended.err
    return ended.out


def passes_its_tests(project: Path) -> None:
    """Run the project's tests with this interpreter."""
    output_in(project, "pytest", "-q", "-p", "no:cacheprovider")


def text_at(project: Path, path: str) -> str | None:
    """Read a file as the table writes it."""
    return (project / path).read_bytes().decode("latin-1") if (project / path).is_file() else None
