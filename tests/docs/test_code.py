"""The pages' Python runs: each block is, or is part of, a data source that answers."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from excerpts import EXCERPTS, WHOLE
from pages import Block, python_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Shell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell"),
]
NEEDED = ("pandas", "httpx")
REFUSALS = {
    ("docs/how-to.md", "import json"): "error: query A failed with status 400 (plugin): the data source has no URL"
}
"""What a whole file says to a query without options, where it needs some."""

ROWS = [{"time": "2026-01-01T00:00:00Z", "value": 42}]


class _Rows(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with rows, whatever is asked."""
        body = json.dumps(ROWS).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Give the URL of an API that answers with rows."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Rows) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)


def require(code: str) -> None:
    """Skip where a package that the code imports is not installed."""
    for name in NEEDED:
        if f"import {name}" in code:
            pytest.importorskip(name)


@pytest.mark.parametrize("block", [block for block in python_blocks() if block.page in WHOLE], ids=str)
def test_a_whole_file_is_a_data_source_that_answers(shell: Shell, copy: Path, block: Block) -> None:
    """In the place of a new project's own; one that needs a URL says so."""
    require(block.text)
    (copy / "src" / "plugin" / "datasource.py").write_text(block.text, encoding="utf-8")
    ran = shell.run("gfplug call query --rows 1", copy)

    refusal = REFUSALS.get(block.key)
    assert ran.code == (6 if refusal else 0), ran.said
    assert [line for line in ran.said.splitlines() if line.startswith("error: query")] == ([refusal] if refusal else [])


@pytest.mark.parametrize("block", [block for block in python_blocks() if block.key in EXCERPTS], ids=str)
def test_an_excerpt_works_in_its_place(shell: Shell, copy: Path, upstream: str, block: Block) -> None:
    """With what the page takes for granted around it."""
    excerpt = EXCERPTS[block.key]
    for code in excerpt.files(block.text):
        require(code)
        if not excerpt.asks:
            run_as_test(shell, copy, code)
        (copy / "src" / "plugin" / "datasource.py").write_text(code, encoding="utf-8")
        for words, answer in excerpt.asks.items():
            ran = shell.run(f"gfplug call {words.replace('UPSTREAM', upstream)}", copy)
            assert ran.code == 0, ran.said
            assert answer in ran.said, ran.said


def run_as_test(shell: Shell, project: Path, code: str) -> None:
    """Run a test of a project: first with the option that writes its golden file, then against it."""
    (project / "tests" / "test_excerpt.py").write_text(code, encoding="utf-8")
    (project / "tests" / "conftest.py").write_text(
        'pytest_plugins = ["gfruntime.testing.fixtures"]\n', encoding="utf-8"
    )
    line = "python -m pytest -q -p no:cacheprovider tests/test_excerpt.py"
    ran = shell.run(f"{line} --update-golden\n{line}", project)

    assert ran.code == 0, ran.said
    assert list((project / "tests" / "golden").iterdir())
