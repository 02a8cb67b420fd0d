"""Event streams of the preview: packets of a plugin for a page, and the limits of waiting events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import SECRET, Small

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., tuple[int, Any]]


def events(small: Small) -> Callable[[], tuple[str, Any]]:
    """Open a page's event stream, and return a function that reads the next event."""
    listener = small.feed.open()
    parts = listener.parts()

    def read_event() -> tuple[str, Any]:
        kind, data = next(parts).decode().strip().split("\n")
        return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    return read_event


def test_packets_of_a_stream_are_events_of_its_page(ask: Ask, small: Small) -> None:
    """They come in order, then an end event; the plugin gets channel and data."""
    small.plugin.packets = [b'{"schema": {"fields": []}, "data": {"values": []}}', b'{"data": {"values": []}}']
    next_event = events(small)
    client = next_event()[1]["client"]

    status, stream = ask("preview/streams", {"client": client, "channel": "ds/sales/ticks/1", "data": {"rate": 2}})
    first, second = next_event(), next_event()
    assert ask(f"preview/streams/{stream['id']}", method="DELETE")[0] == 200

    assert status == 200
    assert first == ("stream", {"id": stream["id"], "frame": {"schema": {"fields": []}, "data": {"values": []}}})
    assert second == ("stream", {"id": stream["id"], "frame": {"data": {"values": []}}})
    assert (small.plugin.calls[0]["path"], small.plugin.calls[0]["data"]) == ("ticks/1", b'{"rate": 2}')
    assert next_event() == ("stream", {"id": stream["id"], "end": True})


@pytest.mark.parametrize("body", [{}, {"client": "x", "channel": "ds/sales/a"}, {"client": 1}, b"x"])
def test_a_stream_needs_an_open_page(ask: Ask, small: Small, body: Any) -> None:
    """A request without the id of an open page is refused."""
    assert ask("preview/streams", body, method="POST")[0] == 400
    assert small.plugin.calls == []


@pytest.mark.parametrize("channel", [None, 1, "", "ds/other/a", "ds/sales/", "plugin/x"])
def test_a_stream_of_another_data_source_is_refused(ask: Ask, small: Small, channel: Any) -> None:
    """The channel names the data source."""
    client = events(small)()[1]["client"]

    assert ask("preview/streams", {"client": client, "channel": channel})[0] == 400


def test_a_failing_stream_reports_its_error_without_secrets(ask: Ask, small: Small) -> None:
    """It is started again until its page closes it."""
    small.plugin.failure = ToolError(f"RunStream failed: {SECRET}")
    next_event = events(small)
    client = next_event()[1]["client"]
    _, stream = ask("preview/streams", {"client": client, "channel": "ds/sales/a"})

    assert next_event() == ("stream", {"id": stream["id"], "error": {"message": "RunStream failed: ***", "hint": ""}})
    small.streams.end_all()
    assert next_event() == ("stream", {"id": stream["id"], "end": True})


def test_a_page_that_reads_nothing_does_not_block_others(small: Small) -> None:
    """The number of its waiting events is limited."""
    listener = small.feed.open()
    while listener.send("x", 1):
        pass

    assert listener.send("x", 1, patience=0.01) is False
    other = small.feed.open()
    small.feed.publish("y", 1)
    small.feed.close_all()  # it does not wait for pages

    assert list(other.parts())[1:] == [b"event: y\ndata: 1\n\n"]
    parts = list(listener.parts())
    assert parts[-1] == b"event: x\ndata: 1\n\n"
    assert len(parts) == 5000


@pytest.mark.slow
def test_waiting_events_of_a_page_have_a_byte_limit(small: Small) -> None:
    """One event may be large; after the page has received it, the next one fits."""
    listener, large = small.feed.open(), "x" * (40 << 20)
    parts = listener.parts()
    assert [listener.send("x", large), listener.send("x", large)] == [True, False]
    next(parts)
    next(parts)
    assert listener.send("x", large) is True


def test_a_page_that_missed_an_event_reloads(small: Small) -> None:
    """Otherwise it would show old settings."""
    listener = small.feed.open()
    while listener.send("x", 1):
        pass
    small.feed.publish("settings", {})

    assert len(list(listener.parts())) == 5000
