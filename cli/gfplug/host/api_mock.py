"""Run the mock of a project's API, which is in `src/upstream/`, while requests are sent."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gfplug.errors import ToolError
from gfplug.host import until_stdin_ends

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCRIPT = "src/upstream/mock.py"
_END_SECONDS = 5.0
_LONGEST_START = 30.0
_URL = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")


@contextmanager
def running(project: Path) -> Iterator[str]:
    """Run the mock on a free port for a block, and yield its address.

    Raises: ToolError if it does not start.
    """
    command = [sys.executable, "-I", until_stdin_ends.__file__, str(project.absolute() / _SCRIPT), "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        impatience = threading.Timer(_LONGEST_START, process.kill)
        impatience.start()
        try:
            line = process.stdout.readline() if process.stdout else ""
            impatience.cancel()
            if not (url := _URL.search(line)):
                problem = f"the mock of the API did not start: {line.strip() or 'it printed nothing'}"
                raise ToolError(problem, hint=f"run `python {_SCRIPT}` in the project to see why")
            yield url[0]
        finally:
            impatience.cancel()
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
