"""What every suite shares: a log that one test's command line does not leave behind for the next."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _fresh_log() -> Iterator[None]:
    """Undo what `console.setup` did to gfplug's logger: its handler holds the stderr of the test that ran it."""
    yield
    logger = logging.getLogger("gfplug")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)
