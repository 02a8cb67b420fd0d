"""Tests that start processes; those below `errors` provoke what goes wrong as a user meets it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this process's signal handlers from the commands that run in it."""
    monkeypatch.setattr("signal.signal", lambda *_: None)
