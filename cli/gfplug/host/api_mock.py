"""The mock of a project's API in its `src/upstream/`, run while requests are sent."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCRIPT = "src/upstream/mock.py"
_SECONDS = 5.0
_URL = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")


@contextmanager
def running(project: Path) -> Iterator[str]:
    """Run the mock on a free port for a block, and yield its address.

    Raises: ToolError if it does not start.
    """
    command = [sys.executable, "-I", str(project.absolute() / _SCRIPT), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:  # noqa: S603
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not (url := _URL.search(line)):
                problem = f"the mock of the API did not start: {line.strip() or 'it printed nothing'}"
                raise ToolError(problem, hint=f"run `python {_SCRIPT}` in the project to see why")
            yield url[0]
        finally:
            process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
