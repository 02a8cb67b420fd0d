"""The runtime's fixtures for a project's tests, each in a separate run of pytest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from commands import python
from places import SOURCE

from gfruntime.testing.fakes import Upstream

if TYPE_CHECKING:
    from pathlib import Path


CONFTEST = 'pytest_plugins = ["gfruntime.testing.fixtures"]\n'
TESTS = """
import urllib.request
from gfruntime import Frame

def test_golden(golden):
    golden([Frame.of(v=[VALUE])])

def test_upstream(upstream):
    upstream.answer("/x", body="hello")
    assert urllib.request.urlopen(upstream.url + "/x").read() == b"hello"

def test_replay(replay):
    assert urllib.request.urlopen(replay("REAL").url + "/x").read() == b"real"
"""


@pytest.fixture
def suite(tmp_path: Path) -> Any:
    """Write a project's tests, and run them."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")

    def run(*options: str, value: int = 1, real: str = "http://127.0.0.1:9", **environment: str) -> tuple[int, str]:
        text = TESTS.replace("VALUE", str(value)).replace("REAL", real)
        (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
        env = {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        done = python("pytest", "-q", "-p", "no:cacheprovider", *options, cwd=tmp_path, env=env)
        return done.code, done.out + done.err

    return run


def test_fixtures_serve_a_projects_tests(suite: Any) -> None:
    """Files are written on request, then compared and repeated; a difference and an unrecorded request fail."""
    with Upstream() as real:
        real.answer("/x", body="real")
        assert suite("--update-golden", "--record", real=real.url)[0] == 0
    assert suite()[0] == 0
    failed, output = suite(value=2)

    assert failed == 1
    assert "1 failed, 2 passed" in output


def test_unrecorded_requests_fail_the_test(suite: Any) -> None:
    """The message names the request and what to do."""
    _, output = suite("-k", "replay")

    assert "not recorded: GET /x; run once with --record" in output


def test_a_har_file_is_repeated(suite: Any, tmp_path: Path) -> None:
    """There is no recording besides it."""
    content = {"size": 4, "mimeType": "text/plain", "text": "real"}
    request = {"method": "GET", "url": "https://real.example/x", "headers": []}
    entry = {"request": request, "response": {"status": 200, "headers": [], "content": content, "bodySize": 4}}
    (tmp_path / "recorded").mkdir()
    path = tmp_path / "recorded" / "test_replay.har"
    path.write_text(json.dumps({"log": {"entries": [entry]}}), encoding="utf-8")
    status, output = suite("-k", "replay", real="https://real.example")

    assert status == 0, output


def test_fixtures_write_nothing_in_ci(suite: Any) -> None:
    """A golden file that updates itself is not a test."""
    status, output = suite("--update-golden", CI="true")

    assert status == 4
    assert "do not run in CI" in output
