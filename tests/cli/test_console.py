"""What a person sees: stages that count their seconds, colour where it is wanted, and nothing that a terminal obeys."""

import io
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pyte
import pytest

from gfplug import cli, console
from gfplug.errors import ToolError
from gfplug.stages import Stages


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return so."""
        return True

    def lines(self) -> list[str]:
        """Return what it shows, without the empty lines at its end."""
        screen = pyte.Screen(80, 20)
        pyte.Stream(screen).feed(self.getvalue().replace("\n", "\r\n"))
        return "\n".join(line.rstrip() for line in screen.display).rstrip().split("\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make a terminal that wants colour."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "CI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    console.setup()
    return Terminal()


@contextmanager
def at(terminal: Terminal) -> Iterator[None]:
    """Connect both streams with a terminal; a fixture can't, since pytest connects them anew for each test."""
    with redirect_stdout(terminal), redirect_stderr(terminal):
        yield


def test_a_stage_counts_its_seconds_until_it_ends(terminal: Terminal) -> None:
    """A person sees that it still runs; afterwards only the line of its end is left, and the cursor."""
    with at(terminal), Stages().stage("freeze", doing="Freezing", done="Froze"):
        time.sleep(1.3)
        running = terminal.lines()

    assert running == ["Freezing … 1 s"]
    assert re.fullmatch(r"Froze \(1\.\d s\)", "\n".join(terminal.lines()))
    assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")


def test_a_failure_begins_on_a_line_of_its_own(terminal: Terminal) -> None:
    """The stage that failed leaves nothing behind, and writes nothing any more."""
    failure = ToolError("PyInstaller failed", hint="install it", details="its last line\n")
    with at(terminal):
        with pytest.raises(ToolError), Stages().stage("freeze", doing="Freezing", done="Froze"):
            raise failure
        console.fail(failure)
    output = terminal.getvalue()
    time.sleep(1.1)

    assert terminal.lines() == ["its last line", "", "error: PyInstaller failed", "hint: install it"]
    assert "\x1b[31merror:" in output
    assert terminal.getvalue() == output


def test_a_note_replaces_the_line_of_a_stage(terminal: Terminal) -> None:
    """They would be joined otherwise."""
    with at(terminal), Stages().stage("install", doing="Installing", done="Installed"):
        console.note("the network is slow")
        logging.getLogger("gfplug").warning("very slow")

    assert terminal.lines()[:2] == ["the network is slow", "warning: very slow"]


def test_a_picture_takes_the_place_of_the_one_before(terminal: Terminal) -> None:
    """Nothing of a larger one is left, and what is logged meanwhile stands above."""
    with at(terminal), console.moving_picture() as show:
        show(["a large\npicture\n", ("in colour", "green")])
        logging.getLogger("gfplug").warning("careful")
        show(["small"])

    assert terminal.lines() == ["warning: careful", "small"]
    assert "\x1b[32min colour" in terminal.getvalue()


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb"), ("FILE", "")])
def test_a_stage_is_one_line_if_lines_cannot_be_overwritten(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A CI log keeps everything, and so do a dumb terminal and a file; the line has the time."""
    monkeypatch.setenv(name, value)
    stages, stream = Stages(), io.StringIO() if name == "FILE" else terminal
    with redirect_stderr(stream), stages.stage("freeze", doing="Freezing", done="Froze"):
        pass

    assert re.fullmatch(r"Froze \(\d+\.\d s\)\n", stream.getvalue())
    assert set(stages.seconds) == {"freeze"}


@pytest.mark.parametrize(
    ("name", "value", "output"),
    [
        ("NO_COLOR", "", "a \x1b[32mgreen\x1b[0m"),
        ("NO_COLOR", "1", "a green"),
        ("TERM", "dumb", "a green"),
        ("FORCE_COLOR", "1", "a \x1b[32mgreen\x1b[0m"),
    ],
)
def test_colour_is_there_where_it_is_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str, output: str
) -> None:
    """On a terminal, unless it is told otherwise."""
    monkeypatch.setenv(name, value)
    with at(terminal):
        console.result("a ", ("green", "green"))

    assert terminal.getvalue() == f"{output}\n"


def test_a_terminal_gets_nothing_that_it_would_obey(terminal: Terminal) -> None:
    """What others say is shown, on both streams and in colour too; lines and blanks stay."""
    bad = "a\x1b[2J\x9b\r\n\tb\u00a0c"
    with at(terminal):
        console.result(bad)
        console.result((bad, "green"))
        console.result_json({"key": "\x9b"})
        console.note(bad)
        logging.getLogger("gfplug").warning(bad)
        console.fail(ToolError(bad, hint=bad, details=bad))
        console.table(["head"], [[bad]])

    assert not re.search(r"\x1b\[2J|\x9b|\r", terminal.getvalue())
    assert terminal.getvalue().count(r"a\x1b[2J\x9b\r") == 8
    assert "\n\tb\u00a0c" in terminal.getvalue()


def test_a_file_gets_the_result_as_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour, and nothing escaped, since a program reads it; a log is for people, and may be shown on a page."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    console.result("a\x1b[2J\r", ("green", "green"))
    console.note("a\x1b[2J")

    assert capsys.readouterr() == ("a\x1b[2J\rgreen\n", "a\\x1b[2J\n")


def test_a_table_has_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row is one line, without trailing blanks, and a wide character counts as two."""
    console.table(["name", "n", ""], [["a", 1, ""], ["long name", 22, "x\ny"], ["日本", 3, ""]])

    assert capsys.readouterr().out == "name       n\na          1\nlong name  22  x\\ny\n日本       3\n"


@pytest.mark.parametrize(
    ("platform", "setting", "expected"),
    [
        ("win32", "", ("Büro 測試\n".encode(), "Größe 測試\n".encode())),
        ("win32", "cp1252", (b"B\xfcro ??\n", b"Gr\xf6\xdfe \\u6e2c\\u8a66\n")),
        ("linux", "", (b"B\xfcro ??\n", b"Gr\xf6\xdfe \\u6e2c\\u8a66\n")),
    ],
)
def test_pipes_are_utf8_on_windows(
    monkeypatch: pytest.MonkeyPatch, platform: str, setting: str, expected: tuple[bytes, bytes]
) -> None:
    """Its code page has no place for most names; who sets PYTHONIOENCODING wants that, elsewhere the locale decides."""
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PYTHONIOENCODING", setting)
    with (
        redirect_stdout(io.TextIOWrapper(out, "cp1252", newline="\n")) as first,
        redirect_stderr(io.TextIOWrapper(err, "cp1252", errors="backslashreplace", newline="\n")) as second,
    ):
        console.use_utf8()
        console.result("Büro 測試")
        console.note("Größe 測試")
        first.flush()
        second.flush()

    assert (out.getvalue(), err.getvalue()) == expected


def test_json_keeps_its_letters_in_a_pipe_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gfplug … --json > file` holds the same bytes on every system; a terminal keeps its encoding."""
    out, screen = io.BytesIO(), io.TextIOWrapper(io.BytesIO(), "cp1252", errors="replace")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    monkeypatch.setattr(screen, "isatty", lambda: True)
    with redirect_stdout(io.TextIOWrapper(out, "cp1252", newline="\n")) as pipe, redirect_stderr(screen):
        console.use_utf8()
        console.result_json({"path": "Büro 測試"}, indent=None)
        pipe.flush()

    assert out.getvalue().decode() == '{"path": "Büro 測試"}\n'
    assert (screen.encoding, screen.errors) == ("cp1252", "replace")


def test_the_encoding_is_set_before_a_command_line_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused argument is printed, too."""
    calls: list[str] = []
    monkeypatch.setattr(console, "use_utf8", lambda: calls.append("utf8"))

    assert cli.main(["--no-such-option"]) == 2
    assert calls == ["utf8"]
