"""Serve, for a test, the API that a project of the http example calls."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers import serving

TOKEN = "example-token"  # noqa: S105 - what the provisioning of a new project says


@contextmanager
def example_api(project: Path) -> Iterator[str]:
    """Serve the project's example API, if it has one, as docker-compose.yaml would; yield its address."""
    if not (project / "example_api").is_dir():
        yield ""
        return
    server: Any = runpy.run_path(str(project / "example_api" / "server.py"))["Server"](TOKEN)
    server.RequestHandlerClass.log_message = lambda *_: None
    with serving(server):
        yield server.url
