"""The runtime on the path, Node, and module.js files loaded in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grafana
import pytest
from evaluation import Evaluator

from gfplug import resources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from everything import Evaluate

HERE = Path(__file__).parent
sys.path.insert(0, str(resources.folder("template") / "project/src"))
sys.path.append(str(HERE.parent / "conformance"))  # the host that plays Grafana


@pytest.fixture(scope="session")
def node() -> str:
    """Find Node, or skip."""
    return grafana.program("node")


@pytest.fixture(scope="session")
def evaluator(node: str) -> Iterator[Evaluator]:
    """Start one Node for all evaluations."""
    process = Evaluator(node)
    yield process
    process.close()


@pytest.fixture
def evaluate(evaluator: Evaluator) -> Evaluate:
    """Load a fresh module.js with fakes for Grafana's packages, and evaluate an expression beside it."""
    from everything import Datasource, module  # noqa: PLC0415 - needs the path above

    def run(
        expression: str, *, hooks: str = "", source: type = Datasource, language: str = "", socks: bool = False
    ) -> Any:
        return evaluator.evaluate(module(hooks, source=source), expression, language=language, socks=socks)

    return run
