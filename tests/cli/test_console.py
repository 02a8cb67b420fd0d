"""Terminal output: stages with their times, colours, and escaped control characters."""

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
    """A stream that counts as a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True

    def lines(self) -> list[str]:
        """Return the visible lines, without empty ones at the end."""
        screen = pyte.Screen(80, 20)
        pyte.Stream(screen).feed(self.getvalue().replace("\n", "\r\n"))
        return "\n".join(line.rstrip() for line in screen.display).rstrip().split("\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make a terminal with colours."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "CI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    console.setup()
    return Terminal()


@contextmanager
def at(terminal: Terminal) -> Iterator[None]:
    """Connect both streams with a terminal; a fixture cannot, since pytest replaces them for each test."""
    with redirect_stdout(terminal), redirect_stderr(terminal):
        yield


@pytest.mark.slow
def test_a_stage_counts_its_seconds_until_it_ends(terminal: Terminal) -> None:
    """At the end, only its last line is left, and the cursor is visible."""
    with at(terminal), Stages().stage("freeze", doing="Freezing", done="Froze"):
        time.sleep(1.3)
        running = terminal.lines()

    assert running == ["Freezing … 1 s"]
    assert re.fullmatch(r"Froze \(1\.\d s\)", "\n".join(terminal.lines()))
    assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")


@pytest.mark.slow
def test_a_failure_begins_on_a_new_line(terminal: Terminal) -> None:
    """The failed stage leaves no text, and prints nothing more."""
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
    """Otherwise both would be on one line."""
    with at(terminal), Stages().stage("install", doing="Installing", done="Installed"):
        console.note("the network is slow")
        logging.getLogger("gfplug").warning("very slow")

    assert terminal.lines()[:2] == ["the network is slow", "warning: very slow"]


def test_a_picture_replaces_the_previous_one(terminal: Terminal) -> None:
    """A larger one leaves no lines, and log lines are above it."""
    with at(terminal), console.live_drawing() as show:
        show(["a large\npicture\n", ("in colour", "green")])
        logging.getLogger("gfplug").warning("careful")
        show(["small"])

    assert terminal.lines() == ["warning: careful", "small"]
    assert "\x1b[32min colour" in terminal.getvalue()


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb"), ("FILE", "")])
def test_a_stage_is_one_line_if_lines_cannot_be_overwritten(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """This holds for CI logs, dumb terminals and files; the line has the time."""
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
def test_colour_depends_on_terminal_and_settings(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str, output: str
) -> None:
    """A terminal has it by default."""
    monkeypatch.setenv(name, value)
    with at(terminal):
        console.result("a ", ("green", "green"))

    assert terminal.getvalue() == f"{output}\n"


def test_control_characters_are_escaped_on_a_terminal(terminal: Terminal) -> None:
    """This holds for both streams, with colours too; line ends and tabs stay."""
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


def test_a_file_gets_an_unchanged_result(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no colours and no escapes, since programs read it; logs are for people, and are escaped."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    console.result("a\x1b[2J\r", ("green", "green"))
    console.note("a\x1b[2J")

    assert capsys.readouterr() == ("a\x1b[2J\rgreen\n", "a\\x1b[2J\n")


def test_a_table_has_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row is one line without spaces at its end, and wide characters count as two."""
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
    """The Windows code page lacks most characters; PYTHONIOENCODING overrides it, and other systems use the locale."""
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


def test_json_in_a_windows_pipe_is_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gfplug … --json > file` has the same bytes on every system; a terminal keeps its encoding."""
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


def test_the_encoding_is_set_before_arguments_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about an argument needs it."""
    calls: list[str] = []
    monkeypatch.setattr(console, "use_utf8", lambda: calls.append("utf8"))

    assert cli.main(["--no-such-option"]) == 2
    assert calls == ["utf8"]
