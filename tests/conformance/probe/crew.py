"""A data source that reports which process answers, and ends this process on request."""

from __future__ import annotations

import ctypes
import itertools
import os
import random
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfruntime import Field, Frame, Health, Query, Settings, StreamRequest, StreamResponse, get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

if os.environ.get("PROBE_THREAD"):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
if os.environ.get("PROBE_EXIT"):
    os._exit(3)
if os.environ.get("PROBE_RAISE"):
    raise RuntimeError("the author's module does not import")

log = get_logger()
blocks: list[bytearray] = []


@dataclass(frozen=True)
class Model:
    """The action of a query."""

    kind: str = "pid"
    seconds: float = 0.0
    megabytes: int = 0
    rows: int = 0


class Datasource:
    """Answers with its process id."""

    def __init__(self, settings: Settings[dict[str, object]]) -> None:
        """Store only a number, which differs between workers."""
        del settings
        self.number = random.getrandbits(53)

    def query(self, query: Query[Model]) -> Frame:
        """Do what the model says, then answer."""
        model = query.model
        match model.kind:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(3)
            case "crash":
                ctypes.string_at(0)
            case "grow":
                blocks.append(bytearray(model.megabytes << 20))
            case "large":
                return Frame(fields=[Field("n", range(model.rows), "int64")])
        time.sleep(model.seconds)
        return Frame(fields=[Field("pid", [os.getpid()], "int64"), Field("number", [self.number], "int64")])

    async def check_health(self) -> Health:
        """Report that all is well, on the loop of async handlers."""
        return Health.ok("well")

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Allow every channel."""
        del request
        return StreamResponse.ok({"pid": os.getpid()})

    def publish_stream(self, request: StreamRequest) -> StreamResponse:
        """Return the process id."""
        del request
        return StreamResponse.ok({"pid": os.getpid()})

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        """Send the process id again and again."""
        for number in itertools.count():
            yield {"pid": os.getpid(), "n": number}
            if request.cancel.wait(0.01):
                return

    def dispose(self) -> None:
        """Log the disposal, which may take a while."""
        time.sleep(float(os.environ.get("PROBE_DISPOSE_SECONDS", "0")))
        log.info("disposed of in %d", os.getpid())
