"""A Grafana backend data source in plain Python: write a class, call `serve`.

Importing this package loads next to nothing: the handshake with Grafana must not wait for pyarrow. A name is imported
from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gfruntime.serve import serve

if TYPE_CHECKING:
    from gfruntime.backend import Health, PluginContext, Query, Request, Response, Settings, TimeRange, User
    from gfruntime.data import Field, Frame
    from gfruntime.errors import DownstreamError, FrameError, QueryError
    from gfruntime.log import get_logger
    from gfruntime.ui import Secret, Ui

_HOMES = {
    "backend": ("Health", "PluginContext", "Query", "Request", "Response", "Settings", "TimeRange", "User"),
    "data": ("Field", "Frame"),
    "errors": ("DownstreamError", "FrameError", "QueryError"),
    "log": ("get_logger",),
    "ui": ("Secret", "Ui"),
}

__all__ = [
    "DownstreamError",
    "Field",
    "Frame",
    "FrameError",
    "Health",
    "PluginContext",
    "Query",
    "QueryError",
    "Request",
    "Response",
    "Secret",
    "Settings",
    "TimeRange",
    "Ui",
    "User",
    "get_logger",
    "serve",
]


def __getattr__(name: str) -> object:
    """Import a name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"gfruntime.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
