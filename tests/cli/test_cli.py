"""The command line: fast to start, clear usage errors, and one exit code for each kind of failure."""

import errno
import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import typer

from gfplug import __version__, cli, errors
from gfplug.bundle import deploy, portable
from gfplug.commands.build import Libc
from gfplug.commands.call.call_options import CallOptions
from gfplug.commands.deploy import Way
from gfplug.scaffold import choices

CHOICES = {
    ("new", "--example"): get_args(choices.Example),
    ("new", "--mode"): get_args(choices.Mode),
    ("new", "--frontend"): get_args(choices.Frontend),
    ("build", "--libc"): get_args(Libc),
    ("deploy", "--as"): get_args(Way),
}


def commands(command: Any = None, *words: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command and group."""
    command = command or typer.main.get_command(cli.app)
    yield words
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, *words, name)


COMMANDS = list(commands())


def help_of(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the output of `--help`."""
    assert cli.main([*words, "--help"]) == 0
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints name and version to stdout."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gfplug {__version__}\n"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_summary_is_not_shortened(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """The line in the group's list is the first of the command's help, in 55 characters."""
    own = help_of(words, capsys).split("\n\n")[1].strip()
    lines = help_of(words[:-1], capsys).partition("\nCommands:\n")[2]
    summaries = dict(re.findall(r"^  (\S+) +(.+)$", lines, re.MULTILINE)) if words else {}

    assert summaries.get(words[-1] if words else "", own) == own
    assert len(own) <= (55 if words else 80)
    assert own.endswith(".")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_usage_names_all_arguments(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """They are in capitals; optional ones are in one pair of brackets."""
    usage = re.sub(r"\s+", " ", help_of(words, capsys).partition("\n\n")[0])

    argument = r" ([A-Z]+|\[[A-Z]+\])(\.\.\.)?"

    assert re.fullmatch(
        rf"Usage: {' '.join(('gfplug', *words))} \[OPTIONS\]({argument})*( COMMAND \[ARGS\]\.\.\.)?", usage
    )


@pytest.mark.parametrize("place", CHOICES, ids=" ".join)
def test_choices_are_shown_and_completed(
    place: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The help lists them, a usage error names them, and the shell completes them."""
    (command, option), values = place, CHOICES[place]
    names = {"new": ["name"]}.get(command, [])

    assert f"{option} [{'|'.join(values)}]" in help_of((command,), capsys)
    assert cli.main([command, *names, option, "wrong"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"Invalid value for '{option}'" in err
    assert f": 'wrong' is not one of {', '.join(map(repr, values))}." in err
    assert "Value error" not in err
    monkeypatch.setenv("_GFPLUG_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"gfplug {command} {option} ")
    monkeypatch.setenv("COMP_CWORD", "3")
    cli.main([])
    assert capsys.readouterr().out.split() == list(values)


def test_choices_equal_those_of_the_services() -> None:
    """The commands' modules repeat them, so `--help` does not import the services."""
    assert get_args(Libc) == portable.MODES
    assert get_args(Way) == (*deploy.WAYS, "all")


@pytest.mark.parametrize("name", ["health", "query", "resource", "stream", "validate", "convert"])
def test_every_call_has_the_common_options(name: str) -> None:
    """They are defined once; a call's own options come first."""
    command = typer.main.get_command(cli.app).commands["call"].commands[name]  # type: ignore[attr-defined]
    common = list(inspect.signature(CallOptions).parameters)

    assert [each.name for each in command.params][-len(common) :] == common


@pytest.mark.parametrize(
    "arguments", [["nope"], ["--nope"], ["new"], ["new", "x", "--nope"], ["build", "--nope"], ["call", "nope"]]
)
def test_a_usage_error_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command or option, or a missing argument, prints the usage to stderr."""
    assert cli.main(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "Usage:" in output.err


def test_every_error_class_has_its_own_exit_code() -> None:
    """The tree in the docstring is that of the code."""
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.GfplugError)]

    assert sorted(kind.exit_code for kind in classes) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(f"{kind.__name__} " in (errors.__doc__ or "") for kind in classes)


@pytest.mark.parametrize(
    ("failure", "code", "output"),
    [
        (
            errors.ToolError("protoc failed", hint="install it", details="last line"),
            6,
            r"last line\n\nerror: protoc failed\nhint: install it\n",
        ),
        (ZeroDivisionError("oh"), 1, r"Traceback (.|\n)+ZeroDivisionError: oh\n\nThis is a bug in gfplug.+report.+\n"),
        (KeyboardInterrupt(), 130, ""),
        (PermissionError(13, "Permission denied", "/etc/x"), 3, r"error: /etc/x: Permission denied\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_failure_is_printed_with_its_exit_code(
    failure: BaseException, code: int, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output of another program comes first, then the error, then the hint; a bug has a traceback."""

    def fail(**_: object) -> None:
        raise failure

    monkeypatch.setattr(cli, "app", fail)

    assert cli.main(["build"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(output, err)


def test_a_full_disk_is_an_error_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system's error may have no file name."""

    def fill(**_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cli, "app", fill)

    assert cli.main(["check"]) == errors.ProjectError.exit_code
    assert "a file cannot be written: No space left on device" in capsys.readouterr().err
