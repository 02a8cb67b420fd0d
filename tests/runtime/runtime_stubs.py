"""Puts the runtime and freshly generated stubs on the path: nothing generated lives in the template."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
from places import SOURCE

from gfplug import files, sdk
from gfplug.sdk import stubs

STUBS = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Generate `pluginv2` once, before any test module imports it."""
    if STUBS in config.stash:
        return
    folder = tempfile.TemporaryDirectory(prefix="pluginv2-")
    config.add_cleanup(folder.cleanup)
    files.write_tree(Path(folder.name), stubs.generate(sdk.fetch(sdk.default(), offline=True)).files)
    sys.path[:0] = [str(SOURCE), folder.name]
    config.stash[STUBS] = Path(folder.name)


@pytest.fixture(scope="session")
def stub_folder(request: pytest.FixtureRequest) -> Path:
    """Return the folder that holds the generated `pluginv2`."""
    return request.config.stash[STUBS]
