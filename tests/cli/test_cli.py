"""The command line: light to start, clear when wrong, one exit code per kind of failure."""

from __future__ import annotations

import inspect

import pytest

from gfplug import __version__, cli, console, errors


def test_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the name and the version to stdout."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"gfplug {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["nope"], ["--nope"], ["new"], ["new", "x", "--nope"], ["build", "--nope"], ["call", "nope"]]
)
def test_a_usage_error_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command or option, or a missing argument, prints its usage to stderr."""
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage:" in captured.err


def test_every_error_class_has_its_own_exit_code() -> None:
    """The tree in the docstring is the tree in the code."""
    classes = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.GfplugError)]

    assert sorted(kind.exit_code for kind in classes) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(f"{kind.__name__} " in (errors.__doc__ or "") for kind in classes)


def test_a_failure_is_a_sentence_with_a_hint_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program said comes first, then the sentence, then the next step; stdout stays empty."""

    def fail(**_: object) -> None:
        raise errors.ToolError("protoc failed", hint="install it", details="last line")

    monkeypatch.setattr(cli, "app", fail)

    assert cli.main(["build"]) == 6
    assert capsys.readouterr() == ("", "last line\n\nerror: protoc failed\nhint: install it\n")


def test_a_bug_shows_its_traceback_and_asks_for_a_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that is not ours is exit code 1."""

    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", fail)

    assert cli.main([]) == 1
    assert "ZeroDivisionError" in (captured := capsys.readouterr().err)
    assert "Please report" in captured


def test_an_interruption_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with the shell's code for it."""

    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupt)

    assert cli.main([]) == 130


def test_a_table_has_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns line up, without trailing blanks."""
    console.table(["name", "n"], [["a", 1], ["long name", 22]])

    assert capsys.readouterr().out == "name       n\na          1\nlong name  22\n"


def test_progress_off_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is not a terminal, a stage is one line when it ends, without escapes."""
    from gfplug.stages import Stages  # noqa: PLC0415 - beside the one test that needs it

    console.setup()
    stages = Stages()
    with stages.stage("freeze", doing="Freezing", done="Froze"):
        pass

    assert capsys.readouterr().err.startswith("Froze (0.")
    assert set(stages.seconds) == {"freeze"}
