"""Start and end a plugin exactly as Grafana does, without leaving processes or files behind."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.errors import ToolError
from gfplug.host import failures, handshake
from gfplug.host.client import RunningPlugin
from gfplug.host.messages import protocol
from gfplug.host.output import Output, describe_exit
from gfplug.host.target import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfplug.host.logs import LogLine
    from gfplug.host.target import Target

_GRACE = 2.0
_REBUILD = "create it again on the machine where it will run: `gfplug build` or `gfplug dev`"
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a plugin ended.

    Units: `seconds` counts from the request to shut down to the end of the process and of both its pipes.
    """

    exit_code: int
    seconds: float
    was_killed: bool
    left_descendants: bool

    @property
    def problem(self) -> str:
        """The problem that Grafana would have, as a sentence; empty if the plugin ended correctly."""
        if self.left_descendants:
            return "a child process kept the ended plugin's output open: Grafana would wait for it forever"
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
    started: Callable[[subprocess.Popen[bytes]], None] | None = None,
    ended: Callable[[Ending], None] | None = None,
) -> Iterator[RunningPlugin]:
    """Start a plugin, do the handshake, yield it, and always end it.

    `watch` receives each log line as it arrives; `started` receives the process before its handshake;
    `ended` receives the plugin's `Ending`, unless the start failed.
    Units: `timeout` is the seconds the plugin has to write its handshake line.
    Raises: ToolError if the plugin can't be started, its handshake fails, or go-plugin would refuse it.
    """
    speaks = protocol(target.proto)
    start = time.perf_counter()
    process = _start(target)
    if started:
        started(process)
    try:
        output = Output(process, watch)
    except BaseException:
        _kill(process)
        raise
    try:
        try:
            line, at = output.first_line(timeout=timeout)
            where = handshake.parse(line)
        except ToolError as error:
            output.ended_within(0.5)  # wait for the end of a traceback
            error.details = output.logs.tail()
            error.hint = failures.remedy(error.details) or error.hint
            raise
        plugin = RunningPlugin(
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
            process_group=0 if os.name == "posix" else None,  # so that the plugin's descendants can be killed with it
        )
    except OSError as error:
        raise _not_started(Path(target.command[0]), target.cwd, error) from error


def _not_started(program: Path, folder: Path, error: OSError) -> ToolError:
    """Describe why the system did not start a program; Grafana logs the same reasons as `fork/exec ...`."""
    if isinstance(error, FileNotFoundError):
        return _not_found(program, folder)
    if isinstance(error, PermissionError) and sys.platform == "win32":
        return ToolError(
            f"{program} cannot be started: {error.strerror}",
            hint="a virus scanner or a policy can block it, or another user owns it: try the plugin in another folder",
        )
    if isinstance(error, PermissionError) and os.path.isfile(program) and program.stat().st_mode & stat.S_IXUSR:  # noqa: PTH113 - never raises
        return ToolError(
            f"{program} may not be executed, though it has the executable bit",
            hint="its file system is mounted noexec, or another user owns it: move the plugin folder, or mount it exec",
        )
    if isinstance(error, PermissionError):
        return ToolError(
            f"{program} may not be executed", hint=f"Grafana needs the executable bit: chmod 755 {program}"
        )
    return ToolError(f"{program} cannot be started: {error.strerror}", hint="was it built for this platform?")


def _not_found(program: Path, folder: Path) -> ToolError:
    if not folder.is_dir():
        return ToolError(f"{program} cannot be started: its working folder {folder} does not exist")
    if not program.exists():
        return ToolError(f"{program} cannot be started: not found")
    with program.open("rb") as stream:
        first = stream.readline(200)
    if first.startswith(b"#!"):
        return ToolError(
            f"{program} cannot be started: {first[2:].decode(errors='replace').strip()} (first line) does not exist",
            hint=_REBUILD,
        )
    if sys.platform != "linux":
        return ToolError(f"{program} cannot be started: it exists, but a file that it needs does not", hint=_REBUILD)
    return ToolError(
        f"{program} cannot be started: it exists, but the loader of its C library (glibc's ld-linux) does not",
        hint="for systems without glibc: `gfplug build --libc bundled`",
    )


def _end(plugin: RunningPlugin, process: subprocess.Popen[bytes], output: Output) -> Ending:
    """Request the shutdown, wait two seconds for the process and its pipes, kill the rest.

    Source: hashicorp/go-plugin v1.8.0, client.go, Kill. go-plugin sets no deadline for the call; here it has one.
    """
    start = time.monotonic()
    if process.poll() is None:
        plugin.shutdown(timeout=_GRACE)
    answered_at = time.monotonic()
    was_killed = False
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        was_killed = True
        process.kill()
        process.wait()
    has_descendants = not output.ended_within(max(0.1, _GRACE - (time.monotonic() - answered_at)))
    return Ending(
        exit_code=process.returncode,
        seconds=round(time.monotonic() - start, 3),
        was_killed=was_killed,
        left_descendants=has_descendants,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and every descendant in its group, and reap it."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
