"""The pages' commands work in a shell, in the project that the README's first commands make."""

from __future__ import annotations

import re
import shutil
import socket
import sys
from typing import TYPE_CHECKING

import pytest
from pages import (
    AGENTS,
    INLINE_NOT_RUN,
    NOT_RUN,
    QUICKSTART,
    TEMPLATE,
    Block,
    blocks,
    blocks_in,
    inline_commands,
    shell_blocks,
    text_of,
)

from gfplug.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.conftest import Ran, Shell

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell"),
]
LEFT_OUT = r"^gfplug build .*\n"
"""The build in the http example's README; tests/conformance/test_examples.py builds that example."""


def test_the_readmes_first_commands_make_a_data_source_that_answers(quickstart: tuple[Path, Ran]) -> None:
    """The commands go from an empty folder to an answer of the built executable."""
    folder, ran = quickstart

    assert ran.code == 0, ran.output
    assert ran.output.count("value {series=1, signal=sine}") >= 2
    assert list((folder / "artifacts").glob("acme-sales-datasource-0.1.0.*.zip"))


@pytest.mark.parametrize("block", [block for block in shell_blocks() if block.key != QUICKSTART], ids=str)
def test_a_shell_block_runs(shell: Shell, project: Path, block: Block) -> None:
    """The block runs in the project, to its end, without a failure."""
    ran = shell.run(block.text, project)

    assert ran.code == 0, ran.output


@pytest.mark.parametrize("line", [line for line in inline_commands() if line not in INLINE_NOT_RUN])
def test_a_command_in_running_text_runs(shell: Shell, copy: Path, line: str) -> None:
    """The test makes a recording before the command that compares it."""
    before = f"{line.replace('--replay', '--record')}\n" if "--replay" in line else ""
    ran = shell.run(f"{before}{line}", copy)

    assert ran.code == 0, ran.output


def rendered(project: Path) -> dict[int, Block]:
    """Map the numbers of the blocks in the template's README to these blocks in a project's README."""
    own = blocks_in(TEMPLATE, (project / "README.md").read_text(encoding="utf-8"))
    whole = blocks_in(TEMPLATE, text_of(TEMPLATE))
    assert [block.language for block in own] == [block.language for block in whole]
    return {block.number: block for block in own}


def shown_first(numbers: dict[int, Block], text: str) -> Block:
    """Find the only block that contains a text."""
    (block,) = (each for each in numbers.values() if text in each.text)
    return block


@pytest.mark.parametrize("text", ["gfplug call query", "docker compose up", "gfplug upgrade --dry-run"])
def test_the_commands_of_a_projects_readme_run(shell: Shell, project: Path, text: str) -> None:
    """They are those of the default example; tests/generated tests the checks."""
    ran = shell.run(shown_first(rendered(project), text).text, project)

    assert ran.code == 0, ran.output


def test_the_commands_of_agents_md_run(shell: Shell, project: Path) -> None:
    """These are the commands of AGENTS.md, in the default example; tests/generated has the checks before a commit."""
    loop, _ = blocks_in(AGENTS, (project / "AGENTS.md").read_text(encoding="utf-8"))
    ran = shell.run(loop.text, project)

    assert ran.code == 0, ran.output
    assert "would fire" in ran.output


def test_every_shell_block_of_a_projects_readme_has_a_test() -> None:
    """Three run above; the others are listed."""
    shell = [block for block in blocks() if block.page == TEMPLATE and block.language == "sh"]

    assert len([block for block in shell if block.key not in NOT_RUN]) == 3


def test_the_http_examples_readme_gets_an_answer_from_its_api(shell: Shell, tmp_path: Path) -> None:
    """The test uses the example API in the background, the data source's URL and the provisioned token."""
    assert shell.run("gfplug new acme-web project --example http --defaults --offline", tmp_path).code == 0
    block = shown_first(rendered(tmp_path / "project"), "gfplug call query")
    with socket.socket() as free:  # another program may be listening on the port that the README shows
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = re.sub(LEFT_OUT, "", block.text, flags=re.MULTILINE)
    text = re.sub(r"(?m)^python -m example_api.server .*$", r"\g<0>\nsleep 2", text)
    text = text.replace("example_api.server", f"example_api.server --port {port}").replace(":8000", f":{port}")
    ran = shell.run(text, tmp_path / "project")

    assert ran.code == 0, ran.output
    assert "region=" in ran.output


def test_the_ini_lines_of_a_projects_readme_are_those_of_deploy(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both show the same way to allow the plugin."""
    (block,) = (block for block in rendered(project).values() if block.language == "ini")
    assert main(["deploy", str(project), "--as", "ini"]) == 0

    assert block.text.strip() in capsys.readouterr().out


def test_stand_in_tools_fail_for_unknown_commands(shell: Shell, tmp_path: Path) -> None:
    """A stand-in for a tool fails for an unknown command, so that a page cannot depend on that command."""
    assert shutil.which("gfplug", path=str(shell.tools))
    for line in ("pip install requests", "docker build .", "docker compose up", "gfplug call query"):
        assert shell.run(line, tmp_path).code != 0, line
