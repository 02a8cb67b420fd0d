"""What a person sees while something long goes on."""

from __future__ import annotations

import io
import re
import time
from contextlib import redirect_stderr

import pytest

from gfplug import console
from gfplug.errors import ToolError
from gfplug.stages import Stages


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make a terminal, whose seconds are short."""
    monkeypatch.setattr(console, "_SECOND", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    console.setup()
    return Terminal()


def shown(terminal: Terminal) -> list[str]:
    """Return the lines that stay, as a terminal shows them."""
    return [line.rpartition("\x1b[2K")[2] for line in terminal.getvalue().split("\n")]


def test_a_stage_counts_its_seconds_until_it_ends(terminal: Terminal) -> None:
    """A person sees that it still runs; afterwards only the line of its end is left."""
    with redirect_stderr(terminal), Stages().stage("freeze", doing="Freezing", done="Froze"):
        time.sleep(0.1)
    written = terminal.getvalue()

    assert written.startswith("Freezing …")
    assert len(re.findall(r"\r\x1b\[2KFreezing … \d+ s", written)) >= 2
    assert re.fullmatch(r"Froze \(\d+\.\d s\)", shown(terminal)[0])


def test_a_failure_begins_on_a_line_of_its_own(terminal: Terminal) -> None:
    """The stage that failed leaves nothing behind, and writes nothing any more."""
    with redirect_stderr(terminal):
        with pytest.raises(ToolError) as caught, Stages().stage("freeze", doing="Freezing", done="Froze"):
            raise ToolError("PyInstaller failed")
        console.fail(caught.value)
    before = terminal.getvalue()
    time.sleep(0.05)

    assert shown(terminal)[0] == "\x1b[31merror:\x1b[0m PyInstaller failed"
    assert terminal.getvalue() == before


def test_a_note_replaces_the_line_of_a_stage(terminal: Terminal) -> None:
    """They would be joined otherwise."""
    with redirect_stderr(terminal), Stages().stage("install", doing="Installing", done="Installed"):
        console.note("the network is slow")

    assert shown(terminal)[0] == "the network is slow"


def test_off_a_terminal_a_stage_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """For logs."""
    console.setup()
    with Stages().stage("freeze", doing="Freezing", done="Froze"):
        pass

    assert re.fullmatch(r"Froze \(\d+\.\d s\)\n", capsys.readouterr().err)
