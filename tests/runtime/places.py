"""Where the runtime under test is."""

from __future__ import annotations

from pathlib import Path

SOURCE = Path(__file__).parents[2] / "runtime"
