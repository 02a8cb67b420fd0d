"""Run another program to its end; its failure is a ToolError that carries its last lines.

`quote` and `in_background` write commands for people, in the syntax of the platform's shell: PowerShell on Windows.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LAST_LINES = 30
_PLAIN_WORD = re.compile(r"[\w./:\\+-]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]+(?=@)")


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    what: str = "",
    hint: str = "",
    timeout: float | None = None,
) -> str:
    """Run a command without standard input and return what it wrote to standard output.

    Units: `timeout` in seconds.
    Raises: ToolError if the program is missing, exits with another code than 0, or runs out of time.
    """
    words = [str(word) for word in command]
    name = what or words[0]
    try:
        completed = subprocess.run(  # noqa: S603 - the callers build the command, never a shell line
            words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except FileNotFoundError as error:
        raise ToolError(f"{name}: {words[0]} was not found", hint=hint) from error
    except PermissionError as error:
        raise ToolError(f"{name}: {words[0]} may not be executed", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{name} did not finish within {timeout:.0f} s", hint=hint) from error
    if completed.returncode != 0:
        raise ToolError(
            f"{name} failed with exit code {completed.returncode}",
            hint=hint,
            details=last_lines(completed.stdout + completed.stderr),
        )
    return completed.stdout.decode(errors="replace")


def last_lines(output: bytes) -> str:
    """Return the end of a program's output as text, without the users and passwords in its addresses."""
    lines = output.decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    return _CREDENTIALS.sub("***", "\n".join(lines))


def quote(word: str) -> str:
    """Quote a word for the platform's shell, if that is necessary."""
    if sys.platform == "win32":
        return word if _PLAIN_WORD.fullmatch(word) else quote_powershell(word)
    return shlex.quote(word)


def quote_powershell(text: str) -> str:
    """Write a text as a PowerShell string."""
    return "'" + text.replace("'", "''") + "'"


def in_background(program: str, arguments: str) -> str:
    """Return the command that starts a program in the background of the shell."""
    return f"Start-Process {program} '{arguments}'" if sys.platform == "win32" else f"{program} {arguments} &"
