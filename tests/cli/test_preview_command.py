"""`gfplug preview`: the address on stdout, the browser with one that works once, Ctrl-C as the end."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from gfplug.bundle import preview_session
from gfplug.bundle.preview_session import Preview, PreviewOptions
from gfplug.cli import main
from gfplug.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def interrupt(_seconds: float) -> None:
    """Do as Ctrl-C does."""
    raise KeyboardInterrupt


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which addresses the browser is given; there is a screen."""
    addresses: list[str] = []

    @contextmanager
    def run(options: PreviewOptions) -> Iterator[Preview]:
        is_source = options.target == Path("project")
        yield Preview(
            url="http://127.0.0.1:7/t/", ticket_url="http://127.0.0.1:7/open/x", grafana="13.2.2", is_source=is_source
        )

    monkeypatch.setattr(preview_session, "open_preview", run)
    monkeypatch.setattr("webbrowser.open", addresses.append)
    monkeypatch.setattr("gfplug.commands.preview.time", SimpleNamespace(sleep=interrupt))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setenv("DISPLAY", ":0")
    return addresses


def test_the_address_is_the_only_result(opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The token is on stdout, and on no command line."""
    assert main(["preview", "project"]) == 0

    output = capsys.readouterr()
    assert output.out == "http://127.0.0.1:7/t/\n"
    assert "Grafana 13.2.2's packages. Each save is on the page" in output.err
    assert opened == ["http://127.0.0.1:7/open/x"]


def test_a_bundle_follows_no_saves(opened: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And the note does not say so."""
    assert main(["preview", "dist", "--no-open"]) == 0
    assert "Each save" not in capsys.readouterr().err
    assert opened == []


def test_without_a_screen_no_browser_of_the_terminal_is_started(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take the terminal."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")

    assert main(["preview", "project"]) == 0
    assert opened == []


@pytest.mark.parametrize(
    ("platform", "number", "reason"),
    [
        ("linux", errno.EADDRINUSE, "another program uses the port"),
        ("linux", errno.EACCES, "you have no permission to open the port"),
        ("darwin", errno.EADDRINUSE, "another program uses the port"),
        ("win32", errno.EADDRINUSE, "another program uses the port"),
        ("win32", errno.EACCES, "another program uses the port, or Windows reserves it"),
    ],
)
def test_a_port_that_cannot_be_opened_is_a_sentence(
    platform: str, number: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows a program that shares its port with nobody is refused as a missing permission."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(preview_session, "WebServer", lambda *_, **__: (_ for _ in ()).throw(OSError(number, "no")))

    with pytest.raises(UsageError, match=f"^--port 3000: {reason}$"):
        preview_session._listen(Any, 3000)  # type: ignore[arg-type]
