"""The command that prints an author's schema, as a build runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commands import Ended, python
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


def run(tmp_path: Path, text: str) -> Ended:
    """Run the module as the build does, on an author's module."""
    (tmp_path / "author_module.py").write_text(text)
    words = ["gfruntime.author.schema", "author_module:Datasource", "--plugin-id", "acme-x-datasource"]
    return python(*words, env={"PYTHONPATH": f"{SOURCE}:{tmp_path}"})


def test_the_command_prints_the_schema_as_its_last_line(tmp_path: Path) -> None:
    """Prints in the author's module, and its imports for type checkers only, have no effect."""
    done = run(tmp_path, AUTHOR)
    schema = json.loads(done.out.splitlines()[-1])

    assert (done.code, schema["pluginId"], schema["version"]) == (0, "acme-x-datasource", 1)
    assert [each["name"] for form in ("config", "query") for each in schema[form]["fields"]] == ["retries", "table"]
    assert "loading" not in done.out


def test_the_command_waits_for_no_thread(tmp_path: Path) -> None:
    """A thread that the author's module starts does not delay the build."""
    done = run(tmp_path, AUTHOR + "import threading, time\nthreading.Thread(target=time.sleep, args=(50,)).start()\n")

    assert done.code == 0


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
def test_the_last_line_of_a_failed_command_is_the_error(tmp_path: Path, text: str, sentence: str) -> None:
    """The last line of standard error is the error; no schema is printed."""
    done = run(tmp_path, text)

    assert (done.code, done.out) == (1, "")
    assert sentence in done.err.splitlines()[-1]


def test_a_module_that_raises_shows_its_traceback(tmp_path: Path) -> None:
    """The traceback has the line of the author's file."""
    done = run(tmp_path, "first = 1\nraise RuntimeError('no licence')\n")

    assert 'author_module.py", line 2' in done.err
    assert done.err.splitlines()[-1].endswith("RuntimeError: no licence")
