"""Deprecated: the former name of `gfruntime.request.config`."""

from gfruntime.request.config import *  # noqa: F403
