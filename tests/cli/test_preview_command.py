"""`gfplug preview`: the address on stdout, a one-time address for the browser, and Ctrl-C."""

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
    """Raise KeyboardInterrupt, as Ctrl-C does."""
    raise KeyboardInterrupt


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the addresses that the browser opens; there is a display."""
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


def test_stdout_has_only_the_address(addresses: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The browser's command line has no token."""
    assert main(["preview", "project"]) == 0

    output = capsys.readouterr()
    assert output.out == "http://127.0.0.1:7/t/\n"
    assert "Grafana 13.2.2's packages. Each save is on the page" in output.err
    assert addresses == ["http://127.0.0.1:7/open/x"]


def test_a_bundle_is_not_reloaded(addresses: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message does not mention saves."""
    assert main(["preview", "dist", "--no-open"]) == 0
    assert "Each save" not in capsys.readouterr().err
    assert addresses == []


def test_without_a_display_no_browser_is_started(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A text browser would take over the terminal."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")

    assert main(["preview", "project"]) == 0
    assert addresses == []


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
def test_a_port_that_cannot_be_opened_is_a_usage_error(
    platform: str, number: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows, the error for a port in exclusive use is a missing permission."""
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(preview_session, "WebServer", lambda *_, **__: (_ for _ in ()).throw(OSError(number, "no")))

    with pytest.raises(UsageError, match=f"^--port 3000: {reason}$"):
        preview_session._listen(Any, 3000)  # type: ignore[arg-type]
