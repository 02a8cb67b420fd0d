"""The API that a project of the http example asks, served for a test."""

from __future__ import annotations

import runpy
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def example_api(project: Path) -> Iterator[str]:
    """Serve the project's example API, when it has one, as docker-compose.yaml would; yield its address."""
    if not (project / "example_api").is_dir():
        yield ""
        return
    server: Any = runpy.run_path(str(project / "example_api" / "server.py"))["Server"]("example-token")
    server.RequestHandlerClass.log_message = lambda *_: None
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
