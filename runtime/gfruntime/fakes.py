"""Deprecated: the former name of `gfruntime.testing.fakes`."""

from gfruntime.testing.fakes import *  # noqa: F403
