"""The program that the launcher of `gfplug dev` starts: `python -m gfruntime.dev`."""

import os
from typing import Any, cast

from gfruntime import serve

os.environ.pop("GF_PLUGIN_WORKERS", None)  # development uses one process


def load() -> Any:  # noqa: ANN401  # an application instead of a class: `process` accepts both
    """Start the author's code in a child process, and return an application that forwards calls to it."""
    from gfruntime.dev import job  # noqa: PLC0415  # after the handshake
    from gfruntime.dev.supervisor import Supervisor  # noqa: PLC0415  # likewise

    job.bind_children()
    return Supervisor().start()


serve(cast("Any", load))
