"""The documentation is correct: its commands run, its code answers, and the names in it exist."""

import os
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import commands
import pytest
import quick_archive
from commands import Ended, python

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "examples" / "README.md"])
NEEDS_NO_PYTHON = ("new", "--help")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell")


def run(line: str, folder: Path, packages: str) -> Ended:
    """Run a `gfplug ...` line; with installed packages, as the project's environment takes minutes to install."""
    words = shlex.split(line)[1:]
    env = {**os.environ, "COLUMNS": "100"}
    if words[0] == "build":
        return commands.run(*quick_archive.COMMAND, *words, "--python", packages, cwd=folder, env=env)
    python_option = [] if words[0] in NEEDS_NO_PYTHON else ["--python", sys.executable]
    return python("gfplug", *words, *python_option, cwd=folder, env=env)


STEPS = re.compile(
    r"^(?:`(?P<place>[^`\n]+)`, with this:\n\n)?```(?P<language>\w*)\n(?P<block>.*?)^```$"
    r"|In\s`(?P<file>[^`]+)`, change (?P<changes>`[^`]+` to `[^`]+`(?:, and `[^`]+` to `[^`]+`)*)",
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.long
@pytest.mark.bundles
@pytest.mark.timeout(600)
def test_the_tutorial_works_as_it_is_typed(tmp_path: Path, packages: str) -> None:
    """All commands run in order, with the page's files and edits; the output that the page shows appears."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    folder, output, edits = tmp_path, "", 0
    for step in STEPS.finditer(text):
        if step["file"]:
            path = folder / step["file"]
            for old, new in re.findall(r"`([^`]+)` to `([^`]+)`", step["changes"]):
                before = path.read_text(encoding="utf-8")
                assert before.count(old) == 1
                path.write_text(before.replace(old, new), encoding="utf-8")
                edits += 1
        elif step["language"] in {"python", "yaml", "json"}:
            place = step["place"] or step["block"].partition("\n")[0].removeprefix("# ")
            assert (folder / place).exists()
            (folder / place).write_text(step["block"], encoding="utf-8")
        elif not step["language"]:
            assert step["block"] in output
        elif step["language"] == "console":
            output = ""
            for line in (line.removeprefix("$ ") for line in step["block"].splitlines()):
                if line.startswith("cd "):
                    folder /= line.removeprefix("cd ")
                    continue
                done = run(line, folder, packages)
                assert done.code == 0, (line, done.err)
                output += done.out

    assert edits == 2
    tested = python("pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert tested.code == 0, tested.out
    assert re.search(r"[12] passed", tested.out)  # the second test needs a browser


def commands_in(text: str) -> set[str]:
    """Find the gfplug commands in code, fenced and inline, up to a pipe or a comment."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shells = {"", "console", "sh"}
    lines = [line for language, block in fenced if language in shells for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    commands_shown = (re.split(r"[#&|]| \[", line.removeprefix("$ "))[0].strip() for line in lines)
    return {line for line in commands_shown if line.startswith("gfplug ")}


@pytest.fixture(scope="module")
def reference() -> Iterator[dict[str, Any]]:
    """Load the script that writes the reference."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("COLUMNS", "TERMINAL_WIDTH", "NO_COLOR"):  # the script sets these variables
            patch.setenv(name, "")
        yield runpy.run_path(str(DOCS / "refresh.py"))


@pytest.fixture(scope="module")
def helps(reference: dict[str, Any]) -> dict[tuple[str, ...], str]:
    """Return the help of every command."""
    return {words: reference["help_of"](words) for words in reference["commands"]()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_commands_and_options_that_exist(page: Path, helps: dict[tuple[str, ...], str]) -> None:
    """The test fails for a page with the old name of a renamed option."""
    for line in commands_in(page.read_text(encoding="utf-8")):
        words = re.findall(r"[^\s\"']+", line)[1:]
        for first in {words[0].replace("\\", "")} if words and not words[0].startswith("-") else set():
            assert (first,) in helps, line
        command = max((each for each in helps if tuple(words[: len(each)]) == each), key=len)
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert option in helps[command] or option in helps[()], line


def test_the_reference_is_what_its_script_writes(reference: dict[str, Any], tmp_path: Path) -> None:
    """Every word is the same; `python docs/refresh.py` writes the page again."""
    reference["main"].__globals__["OUTPUT"] = tmp_path / "reference.md"
    reference["main"]()

    assert (tmp_path / "reference.md").read_text(encoding="utf-8") == (DOCS / "reference.md").read_text(
        encoding="utf-8"
    )


def test_each_row_of_the_comparison_names_a_test_file_or_a_reason() -> None:
    """Each row of the comparison names an existing file of tests, or begins with "no" and a reason."""
    page = (DOCS / "comparison.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| *([^|]*)\|$", page.partition("## The guides")[2], re.MULTILINE)
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}

    assert len(rows) > 50
    for official, ours, tests_column in rows:
        modules = re.findall(r"`(test_\w+\.py)`", tests_column)
        assert set(modules) <= tests, official
        assert modules or ours.startswith(("no: ", "here", "---")), official


def test_links_between_pages_lead_somewhere() -> None:
    """Each relative link names a file; brackets in code are not links."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (page.parent / target).exists(), (page.name, target)
