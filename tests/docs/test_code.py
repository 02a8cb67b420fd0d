"""The Python of the pages runs: each block is a data source that answers, or a part of a data source."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from excerpts import EXCERPTS, WHOLE
from pages import Block, python_blocks

from gfruntime.testing.fakes import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docs.conftest import Shell

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a POSIX shell"),
]
NEEDED = ("pandas", "httpx")
ROWS = [{"time": "2026-01-01T00:00:00Z", "value": 42}]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """Serve an API for the data sources of the pages."""
    with Upstream() as server:
        yield server


def require(code: str) -> None:
    """Skip where a package that the code imports is not installed."""
    for name in NEEDED:
        if f"import {name}" in code:
            pytest.importorskip(name)


@pytest.mark.parametrize("block", [block for block in python_blocks() if block.page in WHOLE], ids=str)
def test_a_whole_file_is_a_data_source_that_answers(shell: Shell, copy: Path, upstream: Upstream, block: Block) -> None:
    """It replaces the data source of a new project; if it calls an API, the settings have the URL."""
    require(block.text)
    upstream.answer("/rows", json={"rows": ROWS})
    (copy / "src" / "plugin" / "datasource.py").write_text(block.text, encoding="utf-8")
    url = f" --url {upstream.url}" if 'store="url"' in block.text else ""
    ran = shell.run(f"gfplug call query --rows 1{url}", copy)

    assert ran.code == 0, ran.output
    assert re.search(r"\d rows?, \d", ran.output), ran.output
    assert not url or "42" in ran.output, ran.output


@pytest.mark.parametrize("block", [block for block in python_blocks() if block.key in EXCERPTS], ids=str)
def test_an_excerpt_works_in_its_place(shell: Shell, copy: Path, upstream: Upstream, block: Block) -> None:
    """The test adds the code that the page assumes."""
    excerpt = EXCERPTS[block.key]
    upstream.answer("/rows", json=ROWS)
    for code in excerpt.files(block.text):
        require(code)
        if not excerpt.asks:
            run_as_test(shell, copy, code)
        (copy / "src" / "plugin" / "datasource.py").write_text(code, encoding="utf-8")
        for words, answer in excerpt.asks.items():
            ran = shell.run(f"gfplug call {words.replace('UPSTREAM', upstream.url)}", copy)
            assert ran.code == 0, ran.output
            assert answer in ran.output, ran.output


def run_as_test(shell: Shell, project: Path, code: str) -> None:
    """Run a test of a project: first with the option that writes its golden file, then against this file."""
    (project / "tests" / "test_excerpt.py").write_text(code, encoding="utf-8")
    (project / "tests" / "conftest.py").write_text(
        'pytest_plugins = ["gfruntime.testing.fixtures"]\n', encoding="utf-8"
    )
    line = "python -m pytest -q -p no:cacheprovider tests/test_excerpt.py"
    ran = shell.run(f"{line} --update-golden\n{line}", project)

    assert ran.code == 0, ran.output
    assert list((project / "tests" / "golden").iterdir())
