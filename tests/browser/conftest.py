"""Node, and module.js files loaded in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grafana
import pytest
from evaluation import Evaluator
from field_source import Datasource
from linked_module import module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linked_module import Evaluate


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
    """Load a new module.js with fakes for Grafana's packages, and evaluate an expression beside it."""

    def run(
        expression: str, *, hooks: str = "", source: type = Datasource, language: str = "", socks: bool = False
    ) -> Any:
        return evaluator.evaluate(module(hooks, source=source), expression, language=language, socks=socks)

    return run
