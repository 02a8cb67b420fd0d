"""A plugin that ends is started again, and a request fails at once if the plugin does not start."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from gfplug.errors import ToolError
from gfplug.host.client import RunningPlugin
from gfplug.host.preview import plugin_keeper
from gfplug.host.preview.plugin_keeper import DownError, PluginKeeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Process:
    """A process that ends when it is killed."""

    def __init__(self) -> None:
        """Start as a running process."""
        self.killed = threading.Event()

    def kill(self) -> None:
        """End the process."""
        self.killed.set()

    def poll(self) -> None:
        """Return None while the process runs."""


class Plugin:
    """A plugin that runs."""

    process = Process()


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PluginKeeper]:
    """Make a keeper whose plugin is started by a test function; `messages` collects the events for pages."""
    monkeypatch.setattr(plugin_keeper, "_REST_SECONDS", (0.01,))

    def make(start: Callable[[Process], Any], messages: list[str], **more: bool) -> PluginKeeper:
        @contextmanager
        def launch(_target: Any, *, started: Callable[[Process], None], **_: Any) -> Iterator[Any]:
            process = Process()
            started(process)
            yield start(process)

        monkeypatch.setattr(plugin_keeper, "launch", launch)
        target: Any = None
        return PluginKeeper(
            target,
            timeout=60.0,
            watch=lambda _: None,
            tell=lambda event, value: messages.append(f"{event}: {value}"),
            **more,
        )

    return make


def test_an_unexpected_failure_restarts_the_plugin(keep: Callable[..., PluginKeeper]) -> None:
    """Pages get an event, and the plugin is started again."""
    messages: list[str] = []
    has_ended = threading.Event()

    class Ending(Plugin):
        def __init__(self) -> None:
            self.process = self  # type: ignore[assignment]

        def poll(self) -> None:
            has_ended.set()
            raise ZeroDivisionError("a bug")

    starts = iter([Ending(), Plugin()])
    with keep(lambda _: next(starts), messages) as keeper:
        assert has_ended.wait(10)
        running = threading.Event()
        while "up: {}" not in messages and not running.wait(0.01):
            pass
        assert isinstance(keeper.plugin(), Plugin)
        assert not isinstance(keeper.plugin(), Ending)

    assert "could not be kept running: a bug" in messages[0]


def test_a_plugin_that_does_not_start_is_tried_again(keep: Callable[..., PluginKeeper]) -> None:
    """Pages get the reason; a call waits only for the first try."""
    events: list[str] = []
    may_start = threading.Event()

    def start(_: Process) -> Any:
        if not may_start.is_set():
            raise ToolError("no module named grpc")
        return Plugin()

    with keep(start, events) as keeper:
        with pytest.raises(DownError, match="no module named grpc"):
            keeper.plugin()
        with pytest.raises(ToolError, match="no module named grpc"):
            keeper.require_start()
        may_start.set()
        deadline = time.monotonic() + 10
        while "up: {}" not in events and time.monotonic() < deadline:
            time.sleep(0.01)
        assert isinstance(keeper.plugin(), Plugin)
        assert keeper.problem is None

    assert "no module named grpc" in events[0]
    assert events[-1] == "up: {}"


def test_a_bundle_that_does_not_start_is_one_error(
    keep: Callable[..., PluginKeeper], caplog: pytest.LogCaptureFixture
) -> None:
    """The command ends with it: nothing is logged, and nothing is started again."""
    events: list[str] = []
    starts: list[Process] = []

    def start(process: Process) -> Any:
        starts.append(process)
        raise ToolError("no module named grpc")

    with keep(start, events, retries_first_start=False) as keeper:
        with pytest.raises(ToolError, match="no module named grpc"):
            keeper.require_start()
        keeper._thread.join(10)
        assert not keeper._thread.is_alive()
        assert keeper.problem is not None

    assert (len(starts), events, caplog.messages) == (1, [], [])


def test_a_bundle_that_ended_is_started_again(keep: Callable[..., PluginKeeper]) -> None:
    """Its first start succeeded."""
    events: list[str] = []
    ended = Plugin()
    ended.process = SimpleNamespace(poll=lambda: 1, returncode=1)  # type: ignore[assignment]
    ended.logs = SimpleNamespace(tail=lambda: "")  # type: ignore[attr-defined]
    starts = iter([ended, Plugin()])
    with keep(lambda _: next(starts), events, retries_first_start=False) as keeper:
        keeper.require_start()
        deadline = time.monotonic() + 10
        while "up: {}" not in events and time.monotonic() < deadline:
            time.sleep(0.01)
        assert keeper.problem is None

    assert [text.partition(":")[0] for text in events] == ["down", "up"]


def test_a_call_waits_for_the_first_start(keep: Callable[..., PluginKeeper]) -> None:
    """The page may be open before the plugin runs."""
    may_start = threading.Event()
    plugins: list[Any] = []
    events: list[str] = []

    def start(_: Process) -> Any:
        assert may_start.wait(10)
        return Plugin()

    with keep(start, events) as keeper:
        call = threading.Thread(target=lambda: plugins.append(keeper.plugin()))
        call.start()
        call.join(0.1)
        assert plugins == []
        may_start.set()
        call.join(10)
        keeper.require_start()

    assert [type(each) for each in plugins] == [Plugin]
    assert events == []


def test_stopping_the_preview_does_not_wait_for_a_handshake(keep: Callable[..., PluginKeeper]) -> None:
    """The process is killed: otherwise Ctrl-C during a restart would take a minute."""
    is_starting = threading.Event()
    processes: list[Process] = []

    def start(process: Process) -> Any:
        processes.append(process)
        is_starting.set()
        process.killed.wait(10)
        raise ToolError("the plugin ended before its handshake line")

    keeper = keep(start, [])
    keeper._thread.start()
    assert is_starting.wait(10)
    keeper.__exit__()

    assert not keeper._thread.is_alive()
    assert [process.killed.is_set() for process in processes] == [True]


def test_a_call_on_a_closed_connection_is_an_error() -> None:
    """The plugin ends between the check and the call, and grpc raises a ValueError."""
    plugin: Any = object.__new__(RunningPlugin)
    plugin.logs = type("Logs", (), {"tail": lambda _: "the end"})()
    channel: Any = grpc.insecure_channel("unix:nowhere")
    channel.close()

    sentence = r"Data\.QueryData failed: the plugin has ended"
    with pytest.raises(ToolError, match=sentence), plugin._failures("Data.QueryData", timeout=1.0):
        channel.unary_unary("/pluginv2.Data/QueryData")(b"")
    with pytest.raises(ValueError, match="other"), plugin._failures("Data.QueryData", timeout=1.0):
        raise ValueError("other")
