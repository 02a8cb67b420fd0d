"""Fixtures of the host's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from host_fake import Fake

from gfplug import sdk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a maker of fake plugins."""
    return Fake(folder=tmp_path, proto=sdk.fetch(sdk.default(), offline=True).text)
