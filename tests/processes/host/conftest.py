"""Fixtures of the host's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from host_fake import QUERY, Fake, a_frame

from gfplug import sdk

FOLDER = f"{Path(__file__).parent}{os.sep}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Limit each test to a minute, unless it sets another limit."""
    for item in items:
        if str(item.path).startswith(FOLDER) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(60))


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a factory of fake plugins."""
    if sys.platform == "win32":
        pytest.skip("the fake plugin listens on a unix socket")
    return Fake(folder=tmp_path, proto=sdk.fetch(sdk.default(), offline=True).text)


@pytest.fixture
def dist(fake: Fake) -> str:
    """Make a plugin that answers A with 20 rows of host a, the last value is 19."""
    return fake.dist(answers=fake.says(QUERY, {"responses": {"A": {"status": 200, "frames": [a_frame()]}}}))
