"""Drive the Go host: one process in the place of Grafana, which reads and writes JSON lines.

Owns the pipe and the errors; `messages` has the shapes of requests; tests know the expected answers.
"""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from messages import context, query_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class HostError(Exception):
    """The host refused, or a call failed. `kind` names the failed step; `code` is gRPC's code if an RPC failed."""

    def __init__(self, failure: Mapping[str, str]) -> None:
        """Store the host's message."""
        super().__init__(f"{failure['kind']} {failure.get('code', '')}: {failure['message']}")
        self.kind = failure["kind"]
        self.message = failure["message"]
        self.code = failure.get("code", "")
        self.source = failure.get("source", "")


@dataclass(frozen=True)
class Pending:
    """A request in flight: its number, by which it can be cancelled, and its future answer."""

    number: int
    answer: Future[Any]

    def result(self, timeout: float = 90.0) -> Any:
        """Wait for the answer.

        Raises: HostError if the request failed, TimeoutError if the host does not answer in time.
        """
        return self.answer.result(timeout)


class Host:
    """One host process. At the end of its `with` block its plugins stop as at Grafana's shutdown."""

    def __init__(self, program: Path, *, cwd: Path | None = None) -> None:
        """Start the host; its plugins inherit `cwd`."""
        self.process = subprocess.Popen(
            [program], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._stderr = b""
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read_replies, self._read_stderr)]
        for thread in self._threads:
            thread.start()

    def send(self, op: str, *, plugin: str = "", timeout_s: float = 60.0, **args: Any) -> Pending:
        """Send a request, and return at once."""
        assert self.process.stdin is not None
        answer: Future[Any] = Future()
        number = next(self._numbers)
        line = json.dumps({"id": number, "op": op, "plugin": plugin, "timeout_s": timeout_s, "args": args})
        with self._lock:
            self._waiting[number] = answer
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        return Pending(number, answer)

    def ask(self, op: str, *, plugin: str = "", timeout_s: float = 60.0, **args: Any) -> Any:
        """Send a request and wait for its answer."""
        return self.send(op, plugin=plugin, timeout_s=timeout_s, **args).result(timeout_s + 30)

    def start(self, command: Path, **options: Any) -> Plugin:
        """Start a plugin as Grafana does; `options` are those of the host's `launch.go`."""
        return Plugin(self, self.ask("start", command=str(command), **options))

    def die(self) -> None:
        """Kill the host as the kernel does: the plugins get no message."""
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        """Stop every plugin, then the host."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        for thread in self._threads:
            thread.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        """Return the running host."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop it."""
        self.close()

    def _read_replies(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            reply = json.loads(line)
            with self._lock:
                answer = self._waiting.pop(reply["id"])
            if failure := reply.get("error"):
                answer.set_exception(HostError(failure))
            else:
                answer.set_result(reply.get("result"))
        self._threads[1].join(5)
        with self._lock:
            pending, self._waiting = self._waiting, {}
        for answer in pending.values():
            last = self._stderr.decode(errors="replace")[-4000:]
            answer.set_exception(HostError({"kind": "died", "message": f"the host is gone: {last}"}))

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._stderr += line


@dataclass(frozen=True)
class Plugin:
    """A plugin that the host started."""

    host: Host
    started: Mapping[str, Any]

    @property
    def pid(self) -> int:
        """The number of the first process; `state()` has the current one."""
        return int(self.started["pid"])

    def send(self, op: str, *, timeout_s: float = 60.0, **args: Any) -> Pending:
        """Send a request about this plugin and return at once."""
        return self.host.send(op, plugin=self.started["plugin"], timeout_s=timeout_s, **args)

    def ask(self, op: str, *, timeout_s: float = 60.0, **args: Any) -> Any:
        """Send a request about this plugin and wait for its answer."""
        return self.send(op, timeout_s=timeout_s, **args).result(timeout_s + 30)

    def ping(self) -> None:
        """Let go-plugin ask its health service."""
        self.ask("ping")

    def health(self, settings: Mapping[str, Any] | None = None, **parts: Any) -> Any:
        """Call CheckHealth: status, message, details (JSON text)."""
        return self.ask("check_health", request={"pluginContext": context(settings, **parts)})

    def query(
        self, *queries: Mapping[str, Any], settings: Mapping[str, Any] | None = None, **request: Any
    ) -> dict[str, Any]:
        """Call QueryData and return the answers by ref id."""
        return self.ask("query", request=query_request(*queries, settings=settings, **request))["responses"]  # type: ignore[no-any-return]  # JSON

    def resource(self, path: str, *, method: str = "GET", body: bytes = b"", **parts: Any) -> Resource:
        """Call CallResource; `headers` are name → list, `url` is the path with its query string."""
        settings = parts.pop("settings", None)
        headers = {name: {"values": values} for name, values in parts.pop("headers", {}).items()}
        request = {
            "pluginContext": context(settings),
            "path": path.partition("?")[0],
            "url": path,
            "method": method,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
        }
        return Resource(self.ask("resource", request=request | parts)["parts"])

    def state(self) -> Any:
        """Return the client's state of the process: pid, starts, exited, exit, stdout (if recorded)."""
        return self.ask("state")

    def logs(self) -> list[dict[str, Any]]:
        """List the log records of the real client, which parses the plugin's lines."""
        return self.ask("logs")["records"]  # type: ignore[no-any-return]  # JSON

    def stderr(self) -> str:
        """Return the plugin's unchanged stderr."""
        return str(self.ask("logs")["stderr"])

    def kill(self) -> Any:
        """Stop the plugin as Grafana does; return ms, forced (SIGKILL was needed), exit."""
        return self.ask("kill", timeout_s=20)


@dataclass(frozen=True)
class Resource:
    """The messages of a CallResource answer; the first one has code and headers."""

    parts: Sequence[Mapping[str, Any]]

    @property
    def code(self) -> int:
        """The HTTP status."""
        return int(self.parts[0]["code"])

    @property
    def headers(self) -> dict[str, list[str]]:
        """The headers, names in lower case."""
        return {name.lower(): values for name, values in (self.parts[0]["headers"] or {}).items()}

    @property
    def body(self) -> bytes:
        """The bodies of all parts."""
        return b"".join(base64.b64decode(part["body"]) for part in self.parts)
