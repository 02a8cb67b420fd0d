"""Deprecated: the former name of `gfruntime.testing.fixtures`."""

from gfruntime.testing.fixtures import *  # noqa: F403
