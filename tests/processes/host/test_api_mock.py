"""The mock of a project's API, as a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gfplug.errors import ToolError
from gfplug.host import api_mock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("script", ["import time; time.sleep(60)", "print('no address')", "raise SystemExit"])
def test_a_mock_that_does_not_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Gfplug waits for it for a limited time."""
    monkeypatch.setattr(api_mock, "_LONGEST_START", 0.5)
    path = tmp_path / "src/upstream/mock.py"
    path.parent.mkdir(parents=True)
    path.write_text(script, encoding="utf-8")

    with pytest.raises(ToolError, match="the mock of the API did not start"), api_mock.running(tmp_path):
        pass
