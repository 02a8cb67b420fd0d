"""The command that prints an author's schema, as a build runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from places import SOURCE

if TYPE_CHECKING:
    from pathlib import Path


AUTHOR = """
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING
from gfruntime.request.vocabulary import Query, Settings
if TYPE_CHECKING:
    from gfruntime import Frame
@dataclass(frozen=True)
class Options:
    retries: int = 3
@dataclass(frozen=True)
class Model:
    table: str = "sales"
print("loading")
class Datasource:
    def __init__(self, settings: Settings[Options]) -> None: ...
    async def query(self, query: Query[Model]) -> Frame: ...
"""


def run(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run the module as the build does, on an author's module."""
    (tmp_path / "author_module.py").write_text(text)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "gfruntime.author.schema",
            "author_module:Datasource",
            "--plugin-id",
            "acme-x-datasource",
        ],
        env={"PYTHONPATH": f"{SOURCE}:{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_prints_the_schema_as_its_last_line(tmp_path: Path) -> None:
    """What the author's module prints, and what it imports for type checkers only, does no harm."""
    done = run(tmp_path, AUTHOR)
    found = json.loads(done.stdout.splitlines()[-1])

    assert (done.returncode, found["pluginId"], found["version"]) == (0, "acme-x-datasource", 1)
    assert [each["name"] for form in ("config", "query") for each in found[form]["fields"]] == ["retries", "table"]
    assert "loading" not in done.stdout


def test_the_command_waits_for_no_thread(tmp_path: Path) -> None:
    """A thread that the author's module starts does not hold up the build."""
    done = run(tmp_path, AUTHOR + "import threading, time\nthreading.Thread(target=time.sleep, args=(50,)).start()\n")

    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("raise SystemExit(0)", "author_module:Datasource cannot be loaded: SystemExit: 0"),
        ("", "AttributeError"),
        ("Datasource = 3", "author_module:Datasource is not a class"),
        (AUTHOR.replace("table: str", "table: bytes"), "Model.table: bytes has no form control"),
        (AUTHOR.replace("retries: int", "retries: Frame"), "Options: name 'Frame' is not defined"),
    ],
)
def test_the_command_ends_with_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """The last line of standard error says what is wrong; nothing is printed as an answer."""
    done = run(tmp_path, text)

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr.splitlines()[-1]


def test_a_module_that_raises_shows_its_traceback(tmp_path: Path) -> None:
    """The line of the author's file is there to be mended."""
    done = run(tmp_path, "first = 1\nraise RuntimeError('no licence')\n")

    assert 'author_module.py", line 2' in done.stderr
    assert done.stderr.splitlines()[-1].endswith("RuntimeError: no licence")
