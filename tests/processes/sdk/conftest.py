"""Fixtures that the tests of `gfplug.sdk` share."""

from sdk_world import _alone, here, server, world

__all__ = ["_alone", "here", "server", "world"]
