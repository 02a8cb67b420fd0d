"""The plugin's streams that pages listen to: each has a thread, and sends its packets as events to the page."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.errors import GfplugError, UsageError
from gfplug.host import live
from gfplug.host.client import RefusedStreamError, UnimplementedError
from gfplug.host.preview.grafana_api import mask_meta

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfplug.host.preview.event_feed import Listener
    from gfplug.host.preview.plugin_keeper import PluginKeeper
    from gfplug.host.settings import Settings

_PATIENCE_SECONDS = 5.0
_REST_SECONDS = 1.0
_MOST = 50
_STOPPED_READING = {"message": "the page reads the packets of this stream too slowly", "hint": ""}


@dataclass(slots=True)
class _Stream:
    """One subscription; `cancel` ends the call that waits for the next packet."""

    listener: Listener
    path: str
    data: bytes
    stopped: threading.Event = field(default_factory=threading.Event)
    cancel: Callable[[], object] = lambda: None

    def stop(self) -> None:
        self.stopped.set()
        self.cancel()

    def set_cancel(self, cancel: Callable[[], object]) -> None:
        self.cancel = cancel
        if self.stopped.is_set():
            cancel()


class LiveStreams:
    """All subscriptions; a stream that ends starts again, as in Grafana, until its page unsubscribes."""

    def __init__(self, keeper: PluginKeeper, settings: Callable[[], Settings], mask: Callable[[Any], Any]) -> None:
        """Start without subscriptions."""
        self._keeper = keeper
        self._settings = settings
        self._mask = mask
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._streams: dict[str, _Stream] = {}

    def begin(self, listener: Listener, channel: object, data: bytes) -> str:
        """Subscribe to a channel, given as `ds/<uid>/<path>`, and return the id of the stream.

        Raises: UsageError if the channel is invalid or of another data source, or if there are too many streams.
        """
        prefix = f"ds/{self._settings().uid}/"
        if not isinstance(channel, str) or not channel.startswith(prefix) or channel == prefix:
            raise UsageError(f"the channel must be {prefix}<path>")
        stream, number = _Stream(listener, channel.removeprefix(prefix), data), str(next(self._numbers))
        with self._lock:
            if len(self._streams) >= _MOST:
                raise UsageError(f"{_MOST} streams are open already")
            self._streams[number] = stream
        threading.Thread(target=self._follow, args=(number, stream), name=f"stream {number}", daemon=True).start()
        return number

    def end(self, number: str) -> None:
        """End one stream, which may have ended already."""
        with self._lock:
            stream = self._streams.pop(number, None)
        if stream is not None:
            stream.stop()

    def end_of(self, listener: Listener) -> None:
        """End the streams of a page."""
        with self._lock:
            numbers = [number for number, stream in self._streams.items() if stream.listener is listener]
        for number in numbers:
            self.end(number)

    def end_all(self) -> None:
        """End every stream."""
        with self._lock:
            numbers = list(self._streams)
        for number in numbers:
            self.end(number)

    def _follow(self, number: str, stream: _Stream) -> None:
        while not stream.stopped.is_set():
            try:
                self._read(number, stream)
            except GfplugError as error:
                if stream.stopped.is_set():
                    break
                problem = self._mask({"message": error.message, "hint": error.hint})
                stream.listener.send("stream", {"id": number, "error": problem})
                if isinstance(error, RefusedStreamError | UnimplementedError):
                    break
            stream.stopped.wait(_REST_SECONDS)
        stream.listener.send("stream", {"id": number, "end": True})
        self.end(number)

    def _read(self, number: str, stream: _Stream) -> None:
        """Send each packet to the page until the stream ends.

        Raises: ToolError if the plugin refuses or fails, or sends something other than JSON.
        """
        plugin = self._keeper.plugin()
        for packet in plugin.stream(stream.path, self._settings(), data=stream.data, on_start=stream.set_cancel):
            document = mask_meta(live.read(packet), self._mask)
            if stream.stopped.is_set():
                return
            if not stream.listener.send("stream", {"id": number, "frame": document}, patience=_PATIENCE_SECONDS):
                stream.listener.send("stream", {"id": number, "error": _STOPPED_READING})
                stream.stop()
                return
