"""pytest fixtures for data sources: `pytest_plugins = ["gfruntime.testing.fixtures"]` in tests/conftest.py.

def test_sales(upstream: Upstream, golden: Golden) -> None:
    upstream.answer("/sales", json=[{"time": "2026-01-01T00:00:00Z", "value": 1}])
    golden(ask(Datasource(settings(Options(url=upstream.url))), query(Model())))

`pytest --update-golden` writes the golden files; `pytest --record` asks the real systems of `replay` and writes their
answers. Both are refused if CI is set.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from gfruntime.testing import check_golden
from gfruntime.testing.fakes import Replay, Upstream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gfruntime.frames.data import Frame


class Golden(Protocol):
    """Compares frames with `golden/<test's name>.jsonc` beside the test, or with `name` instead of the test's name."""

    def __call__(self, frames: Sequence[Frame], name: str = "") -> None:
        """Compare; raise AssertionError showing the difference."""


class Replaying(Protocol):
    """Starts a `Replay` from `recorded/<test's name>.json` beside the test, or from a `.har` file of that name."""

    def __call__(self, target: str, *, hide: Collection[str] = (), name: str = "") -> Replay:
        """Start the replay; use its `url` instead of the address of the system."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("gfruntime")
    group.addoption("--update-golden", action="store_true", help="write golden files instead of comparing with them")
    group.addoption("--record", action="store_true", help="send requests to real systems and record the responses")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse the options that write files if CI is set."""
    if os.environ.get("CI") and (config.getoption("--update-golden") or config.getoption("--record")):
        raise pytest.UsageError("--update-golden and --record write files, so they do not run in CI")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Run a server whose answers the test sets.

    >>> def test_sales(upstream):  # doctest: +SKIP
    ...     upstream.answer("/rows", json=[])
    """
    with Upstream() as running:
        yield running


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare frames with a golden file.

    >>> def test_sales(golden):  # doctest: +SKIP
    ...     golden([frame])
    """

    def check(frames: Sequence[Frame], name: str = "") -> None:
        path = _path_beside_test(request, "golden", name, "jsonc")
        check_golden(frames, path, update=request.config.getoption("--update-golden"))

    return check


@pytest.fixture
def replay(request: pytest.FixtureRequest) -> Iterator[Replaying]:
    """Repeat recorded answers of real systems; the test fails if it makes a request that was not recorded.

    >>> def test_sales(replay):  # doctest: +SKIP
    ...     replay("http://localhost:8000")
    """
    started: list[Replay] = []

    def start(target: str, *, hide: Collection[str] = (), name: str = "") -> Replay:
        path, captured = (_path_beside_test(request, "recorded", name, suffix) for suffix in ("json", "har"))
        is_captured = captured.exists() and not path.exists() and not request.config.getoption("--record")
        path = captured if is_captured else path
        started.append(Replay(target, path, record=request.config.getoption("--record"), hide=hide))
        return started[-1]

    yield start
    for running in started:
        running.close()
    misses = [miss for running in started for miss in running.missed]
    assert not misses, f"not recorded: {', '.join(misses)}; run once with --record"  # noqa: S101  # a test's failure


def _path_beside_test(request: pytest.FixtureRequest, folder: str, name: str, suffix: str) -> Path:
    stem = name or re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")
    return Path(request.node.path).parent / folder / f"{stem}.{suffix}"
