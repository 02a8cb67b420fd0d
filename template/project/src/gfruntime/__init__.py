"""A Grafana backend data source in plain Python: write a class, call `serve`.

Importing this package loads next to nothing: the handshake with Grafana must not wait for pyarrow. A name is imported
from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gfruntime.serve import serve

if TYPE_CHECKING:
    from gfruntime.admission import Admission, AdmissionRequest, ConversionRequest, RawObject
    from gfruntime.apps import call_asgi, call_wsgi
    from gfruntime.backend import (
        DataOnly,
        Health,
        PluginContext,
        Query,
        Request,
        Response,
        Settings,
        StreamRequest,
        StreamResponse,
        TimeRange,
        User,
    )
    from gfruntime.cells import Fill
    from gfruntime.columns import epoch
    from gfruntime.data import Field, Frame
    from gfruntime.errors import DownstreamError, FrameError, PluginError, QueryError
    from gfruntime.http_client import HttpClient
    from gfruntime.http_response import HttpResponse, UpstreamError
    from gfruntime.http_settings import HttpSettings
    from gfruntime.incoming import Incoming, current_call
    from gfruntime.log import get_logger
    from gfruntime.macros import expand_sql, expand_url
    from gfruntime.routes import route
    from gfruntime.series import long_to_wide, resample, wide_to_long
    from gfruntime.ui import HttpOptions, Secret, Ui

_HOMES = {
    "admission": ("Admission", "AdmissionRequest", "ConversionRequest", "RawObject"),
    "apps": ("call_asgi", "call_wsgi"),
    "backend": (
        "DataOnly",
        "Health",
        "PluginContext",
        "Query",
        "Request",
        "Response",
        "Settings",
        "StreamRequest",
        "StreamResponse",
        "TimeRange",
        "User",
    ),
    "cells": ("Fill",),
    "columns": ("epoch",),
    "data": ("Field", "Frame"),
    "errors": ("DownstreamError", "FrameError", "PluginError", "QueryError"),
    "http_client": ("HttpClient",),
    "http_response": ("HttpResponse", "UpstreamError"),
    "http_settings": ("HttpSettings",),
    "incoming": ("Incoming", "current_call"),
    "log": ("get_logger",),
    "macros": ("expand_sql", "expand_url"),
    "routes": ("route",),
    "series": ("long_to_wide", "resample", "wide_to_long"),
    "ui": ("HttpOptions", "Secret", "Ui"),
}

__all__ = [
    "Admission",
    "AdmissionRequest",
    "ConversionRequest",
    "DataOnly",
    "DownstreamError",
    "Field",
    "Fill",
    "Frame",
    "FrameError",
    "Health",
    "HttpClient",
    "HttpOptions",
    "HttpResponse",
    "HttpSettings",
    "Incoming",
    "PluginContext",
    "PluginError",
    "Query",
    "QueryError",
    "RawObject",
    "Request",
    "Response",
    "Secret",
    "Settings",
    "StreamRequest",
    "StreamResponse",
    "TimeRange",
    "Ui",
    "UpstreamError",
    "User",
    "call_asgi",
    "call_wsgi",
    "current_call",
    "epoch",
    "expand_sql",
    "expand_url",
    "get_logger",
    "long_to_wide",
    "resample",
    "route",
    "serve",
    "wide_to_long",
]


def __getattr__(name: str) -> object:
    """Import a name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"gfruntime.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
