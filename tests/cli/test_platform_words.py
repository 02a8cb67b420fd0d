"""Commands and hints for a person have the syntax of the platform: that of PowerShell on Windows."""

import sys
from pathlib import Path

import pytest

from gfplug import process
from gfplug.bundle import dev
from gfplug.commands import new
from gfplug.host import launch


@pytest.mark.parametrize(
    ("word", "posix", "windows"),
    [
        ("sales", "sales", "sales"),
        (r"C:\work\sales", r"'C:\work\sales'", r"C:\work\sales"),
        ("it's mine", "'it'\"'\"'s mine'", "'it''s mine'"),
        ("$HOME", "'$HOME'", "'$HOME'"),
    ],
)
def test_a_word_is_quoted_for_the_platforms_shell(
    word: str, posix: str, windows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain path stays unquoted, so that cmd also accepts it."""
    for platform, quoted in (("linux", posix), ("win32", windows)):
        monkeypatch.setattr(sys, "platform", platform)
        assert process.quote(word) == quoted


def test_the_first_commands_of_an_example_run_in_the_platforms_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """PowerShell does not accept `&` at the end of a line."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert new._first_calls("http")[0] == "Start-Process python '-m example_api.server'"
    monkeypatch.setattr(sys, "platform", "linux")
    assert new._first_calls("http")[0] == "python -m example_api.server &"
    assert new._first_calls("signals") == ["gfplug call query"]


def test_a_bundle_is_linked_by_a_junction_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A junction needs no special rights; elsewhere it is a symbolic link."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert dev.link_command(Path("C:/my sales/dist"), "acme-sales").startswith("cmd /c mklink /J ")
    monkeypatch.setattr(sys, "platform", "linux")
    assert dev.link_command(Path("/my sales/dist"), "acme-sales") == "ln -s '/my sales/dist' <plugins>/acme-sales"


def test_hints_on_windows_do_not_mention_modes_and_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has neither executable bits nor noexec mounts."""
    program = tmp_path / "gpx_windows_amd64.exe"
    program.touch(0o755)
    error = PermissionError(13, "Access is denied")
    posix = launch._not_started(program, tmp_path, error)
    monkeypatch.setattr(sys, "platform", "win32")
    windows = launch._not_started(program, tmp_path, error)

    assert "noexec" in posix.hint
    assert not {"noexec", "chmod", "bit"} & set(f"{windows.message} {windows.hint}".split())
    assert windows.message == f"{program} cannot be started: Access is denied"
