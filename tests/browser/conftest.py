"""The runtime on the path, Node, and a module.js loaded in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grafana
import pytest
from commands import succeed

from gfplug import resources

if TYPE_CHECKING:
    from everything import Evaluate

HERE = Path(__file__).parent
sys.path.insert(0, str(resources.folder("template") / "project/src"))
sys.path.append(str(HERE.parent / "conformance"))  # the host that plays Grafana


@pytest.fixture(scope="session")
def node() -> str:
    """Find Node, or skip."""
    return grafana.program("node")


@pytest.fixture
def evaluate(node: str, tmp_path: Path) -> Evaluate:
    """Load a fresh module.js with fakes for Grafana's packages, and evaluate an expression beside it."""
    from everything import Datasource, module  # noqa: PLC0415 - needs the path above

    def run(
        expression: str, *, hooks: str = "", source: type = Datasource, language: str = "", socks: bool = False
    ) -> Any:
        (tmp_path / "module.js").write_text(module(hooks, source=source), encoding="utf-8")
        program = str(HERE / "run.js")
        return json.loads(
            succeed(node, program, tmp_path / "module.js", language, "socks" if socks else "", input=expression)
        )

    return run
