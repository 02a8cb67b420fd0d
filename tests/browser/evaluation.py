"""One Node process for all tests of a session, which loads a module.js and evaluates an expression beside it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "run.js"


class Evaluator:
    """The process; each evaluation has its own fakes for Grafana's packages."""

    def __init__(self, node: str) -> None:
        """Start it."""
        self._process = subprocess.Popen(  # `close` ends it
            [node, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def evaluate(self, module: str, expression: str, *, language: str = "", socks: bool = False) -> Any:
        """Return the value, passed as JSON; fail if the JavaScript throws, or writes an error to the console."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        message = {"module": module, "expression": expression, "language": language, "socks": socks}
        self._process.stdin.write(f"{json.dumps(message)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"Node ended with code {self._process.wait(timeout=10)}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)
