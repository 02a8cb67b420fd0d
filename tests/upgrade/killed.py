"""Run gfplug, and kill it without warning at its n-th step on the file system.

    python killed.py FOLDER N TEMPLATE ARGUMENTS...

A step is a change below FOLDER; N = 0 kills nothing, and the number of steps is the last line of standard error.
TEMPLATE is the template to render, instead of gfplug's.
"""

import os
import signal
import sys
from pathlib import Path

from gfplug import cli, resources

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}
_WRITES = os.O_WRONLY | os.O_RDWR


def main(folder: str, kill_at: int, template: str, arguments: list[str]) -> int:
    """Count the steps, and end at step N."""
    steps = 0
    real = resources.folder
    resources.folder = lambda name: Path(template) if name == "template" else real(name)

    def hook(event: str, values: tuple[object, ...]) -> None:
        nonlocal steps
        is_write = event == "open" and isinstance(values[2], int) and bool(values[2] & _WRITES)
        if (is_write or event in _CHANGES) and str(values[0]).startswith(folder):
            steps += 1
            if steps == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    code = cli.main(arguments)
    sys.stderr.write(f"\n{steps}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
