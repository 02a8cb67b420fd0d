"""Fixtures that the tests of `gfplug.sdk` share."""

import pytest
from sdk_world import _alone, here, server, world

from gfplug import sdk
from gfplug.sdk import stubs

__all__ = ["_alone", "here", "server", "world"]


@pytest.fixture(scope="session")
def generated() -> stubs.Stubs:
    """Generate the stubs of the default version once."""
    return stubs.generate(sdk.fetch(sdk.default(), offline=True))
