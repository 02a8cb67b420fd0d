"""One process of the author's code, spoken to as Grafana would; its log lines become the supervisor's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from gfruntime import wire
from gfruntime.serving.handshake import COOKIE_KEY, COOKIE_VALUE
from gfruntime.serving.methods import METADATA_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = (sys.executable, "-P", "-B", "-m", "gfruntime.dev.spare")
_NOT_FOR_CHILDREN = (
    "PLUGIN_CLIENT_CERT",
    "PLUGIN_UNIX_SOCKET_DIR",
    "PLUGIN_UNIX_SOCKET_GROUP",
    "PLUGIN_MULTIPLEX_GRPC",
)
_OPTIONS = [
    *METADATA_OPTIONS,
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
]
_HANDSHAKE = 60.0
_LOAD = 120.0
_PARTING = 2.0
_LAST_LINES = 20
_NETWORKS = ("unix", "tcp")
_LONGEST_LINE, _SHOWN = 64 * 1024, 200


class StartError(Exception):
    """The process ended, or said nothing, before its handshake."""


class LoadError(Exception):
    """The author's code does not import; `details` is what the plugin's health says about it, JSON."""

    def __init__(self, message: str, details: bytes) -> None:
        """Keep both."""
        super().__init__(message)
        self.details = details


class Child:
    """A started process, which waits until it is told to load; `calls` counts the calls that it has still to answer."""

    def __init__(self, tell: Callable[[bytes], None], command: tuple[str, ...] = COMMAND) -> None:
        """Start it; `tell` gets each line of its stderr."""
        environment = {key: value for key, value in os.environ.items() if key not in _NOT_FOR_CHILDREN}
        environment[COOKIE_KEY] = COOKIE_VALUE  # `serve` takes it out of ours
        self._process = subprocess.Popen(  # noqa: S603  # this interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        self.pid = self._process.pid
        self.calls = 0
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._target = ""
        self._channel: Any = None
        self._reader = threading.Thread(target=self._read, args=(tell,), name=f"log of {self.pid}", daemon=True)
        self._reader.start()

    @property
    def status(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.poll()

    def channel(self) -> Any:  # noqa: ANN401  # grpc.aio.Channel
        """Return the connection to it; asked for on the control loop, to which it then belongs."""
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._target, options=_OPTIONS)
        return self._channel

    def load(self) -> None:
        """Let it import the author's code, and wait until it has.

        Raises: StartError or LoadError.
        """
        assert self._process.stdin is not None  # noqa: S101  # for mypy: it is a pipe
        with suppress(BrokenPipeError):  # it has ended: the handshake says so
            self._process.stdin.write(b"\n")
            self._process.stdin.close()
        self._target = self._shake_hands()
        empty = b""
        with grpc.insecure_channel(self._target, options=_OPTIONS) as channel:
            try:
                if channel.unary_unary("/pluginv2.Diagnostics/CollectMetrics", bytes, bytes)(empty, timeout=_LOAD):
                    return  # only a plugin that could not be loaded has no metrics, not even its own
                health = channel.unary_unary("/pluginv2.Diagnostics/CheckHealth", bytes, bytes)(empty, timeout=_LOAD)
            except grpc.RpcError as error:
                raise StartError(f"it ended while it was loading: {error.details()}{self._words()}") from error
        parts = dict(wire.fields(health))
        message, details = parts.get(2, b""), parts.get(3, b"{}")
        raise LoadError(_text(message), details if isinstance(details, bytes) else b"{}")

    def resource(self, path: str) -> tuple[int, bytes]:
        """Ask for a resource of the runtime's own, and return the status and the body; 0 if the process has ended."""
        request = wire.text(2, path) + wire.text(3, "GET") + wire.text(4, path)
        code, body = 0, b""
        try:
            with grpc.insecure_channel(self._target, options=_OPTIONS) as channel:
                for part in channel.unary_stream("/pluginv2.Resource/CallResource", bytes, bytes)(
                    request, timeout=_LOAD
                ):
                    for number, value in wire.fields(part):
                        if number == 1 and isinstance(value, int):
                            code = value
                        elif number == 3 and isinstance(value, bytes):  # noqa: PLR2004  # the body
                            body += value
        except grpc.RpcError:
            return 0, b""
        return code, body

    def retire(self, *, patience: float) -> None:
        """End the process once it has answered its calls or `patience` seconds have passed; return when it is gone."""
        end = time.monotonic() + patience
        while self.calls and time.monotonic() < end and self.status is None:
            time.sleep(0.02)
        if self.status is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join(1.0)
        with suppress(BrokenPipeError):
            for pipe in (
                self._process.stdin,
                self._process.stdout,
                None if self._reader.is_alive() else self._process.stderr,
            ):
                if pipe is not None:
                    pipe.close()

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.wait()

    def _shake_hands(self) -> str:
        """Read the handshake line and return the address for gRPC."""
        assert self._process.stdout is not None  # noqa: S101  # for mypy: it is a pipe
        guard = threading.Timer(_HANDSHAKE, self._process.kill)
        guard.start()
        try:
            line = self._process.stdout.readline(_LONGEST_LINE)
        finally:
            guard.cancel()
        if not line:
            raise StartError(f"{self._ending()} before its handshake{self._words()}")
        text = line.decode("utf-8", "replace").strip()
        parts = text.split("|")
        if len(parts) < 5 or parts[2] not in _NETWORKS:  # noqa: PLR2004  # go-plugin's line
            self.kill()
            raise StartError(f"it wrote {text[:_SHOWN]!r} to stdout, where the handshake line belongs")
        return f"unix:{parts[3]}" if parts[2] == "unix" else parts[3]

    def _ending(self) -> str:
        """Tell how the process ended, and end it if it has only closed its stdout."""
        try:
            status = self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            self.kill()
            return "it closed its stdout"
        self._reader.join(1.0)
        return f"it ended with status {status}"

    def _words(self) -> str:
        """Give the last thing the process said, which is an exception's line when Python itself gave up."""
        last = next((line.strip() for line in reversed(self._last) if line.strip()), b"")
        return f": {_message(last)}" if last else ""

    def _read(self, tell: Callable[[bytes], None]) -> None:
        assert self._process.stderr is not None  # noqa: S101  # as above
        for line in self._process.stderr:
            self._last.append(line)
            tell(line if line.endswith(b"\n") else line + b"\n")


def _message(line: bytes) -> str:
    try:
        return str(json.loads(line)["@message"])
    except (ValueError, KeyError, TypeError):
        return _text(line)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
