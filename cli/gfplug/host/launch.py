"""Start a plugin exactly as Grafana does, and end it exactly as Grafana does: nothing of it stays behind."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import ToolError
from gfplug.host import handshake
from gfplug.host.client import Plugin
from gfplug.host.messages import protocol
from gfplug.host.output import Output, describe_exit
from gfplug.host.target import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfplug.host.logs import LogLine
    from gfplug.host.target import Target

_GRACE = 2.0
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a plugin ended.

    Units: `seconds` counts from the request to shut down to the end of the process and of both its pipes.
    """

    exit_code: int
    seconds: float
    was_killed: bool
    left_descendants: bool

    @property
    def problem(self) -> str:
        """What Grafana would have suffered from, in a sentence; empty when the plugin ended well."""
        if self.left_descendants:
            return "a child of the plugin outlived it and kept its output open: Grafana would wait for it without end"
        if self.was_killed:
            return f"the plugin had to be killed: it still ran {_GRACE:g} s after it was asked to shut down"
        if self.exit_code != 0:
            return f"the plugin ended with {describe_exit(self.exit_code)} after it was asked to shut down"
        return ""


@contextmanager
def launch(
    target: Target,
    *,
    timeout: float = 60.0,
    watch: Callable[[LogLine], None] | None = None,
    ended: Callable[[Ended], None] | None = None,
) -> Iterator[Plugin]:
    """Start a plugin, shake hands, yield it, and end it whatever happens in the block.

    `watch` sees each log line as it comes; `ended` learns how the plugin ended, unless it failed before.
    Units: `timeout` is the seconds the plugin has to write its handshake line.
    Raises: ToolError if it cannot be started, its handshake fails, or go-plugin would refuse it.
    """
    speaks = protocol(target.proto)
    start = time.perf_counter()
    process = _start(target)
    try:
        output = Output(process, watch)
    except BaseException:
        _kill(process)
        raise
    try:
        line, at = output.first_line(timeout=timeout)
        try:
            where = handshake.parse(line)
        except ToolError as error:
            output.ended_within(0.5)  # a traceback may be on its way
            error.details = output.logs.tail()
            raise
        plugin = Plugin(
            target,
            speaks,
            where,
            process=process,
            output=output,
            started=start,
            handshake_ms=round((at - start) * 1000, 1),
        )
        try:
            yield plugin
            how = _end(plugin, process, output)
            if how.problem:
                _log.warning(how.problem)
            if ended:
                ended(how)
        except BaseException:
            _end(plugin, process, output)
            raise
        finally:
            plugin.close()
    finally:
        _kill(process)
        output.close()


def _start(target: Target) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the plugin under test
            target.command,
            cwd=target.cwd,
            env=environment(target),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            process_group=0 if os.name == "posix" else None,  # so that its descendants can be ended with it
        )
    except FileNotFoundError as error:
        hint = "its interpreter (#! line or ELF loader) may be missing" if os.path.exists(target.command[0]) else ""  # noqa: PTH110
        raise ToolError(f"{target.command[0]} cannot be started: not found", hint=hint) from error
    except PermissionError as error:
        raise ToolError(
            f"{target.command[0]} may not be executed", hint="Grafana needs the executable bit: chmod +x"
        ) from error
    except OSError as error:
        raise ToolError(
            f"{target.command[0]} cannot be started: {error.strerror}", hint="was it built for this platform?"
        ) from error


def _end(plugin: Plugin, process: subprocess.Popen[bytes], output: Output) -> Ended:
    """Ask for the shutdown, wait two seconds for the process and its pipes, kill what is left.

    Source: hashicorp/go-plugin v1.8.0, client.go, Kill. go-plugin sets no deadline for the call; here it has one.
    """
    start = time.monotonic()
    if process.poll() is None:
        plugin.shutdown(timeout=_GRACE)
    asked = time.monotonic()
    was_killed = False
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        was_killed = True
        process.kill()
        process.wait()
    left = not output.ended_within(max(0.1, _GRACE - (time.monotonic() - asked)))
    return Ended(
        exit_code=process.returncode,
        seconds=round(time.monotonic() - start, 3),
        was_killed=was_killed,
        left_descendants=left,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and every descendant in its group, and reap it."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
