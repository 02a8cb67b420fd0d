"""A Grafana backend data source in plain Python: write a class, call `serve`.

Importing this package loads almost nothing, because the handshake with Grafana must not wait for pyarrow. A name is
imported from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gfruntime.serve import serve

if TYPE_CHECKING:
    from gfruntime.author.cache import Cache
    from gfruntime.author.examples import Example
    from gfruntime.author.routes import route
    from gfruntime.author.ui import HttpOptions, OAuth2Options, Secret, Ui
    from gfruntime.calls.admission import Admission, AdmissionRequest, ConversionRequest, RawObject
    from gfruntime.calls.apps import call_asgi, call_wsgi
    from gfruntime.errors import DownstreamError, FrameError, PluginError, QueryError
    from gfruntime.frames.cells import Fill
    from gfruntime.frames.columns import epoch
    from gfruntime.frames.data import Frame
    from gfruntime.frames.field import Field
    from gfruntime.frames.series import long_to_wide, resample, wide_to_long
    from gfruntime.http.adapters import httpx_async_client, httpx_client, requests_session
    from gfruntime.http.async_client import AsyncHttpClient
    from gfruntime.http.aws import aws_auth
    from gfruntime.http.client import HttpClient
    from gfruntime.http.clouds import azure_auth, gcp_auth
    from gfruntime.http.middleware import HttpRequest
    from gfruntime.http.oauth2 import OAuth2
    from gfruntime.http.oauth2_settings import OAuth2Settings
    from gfruntime.http.response import HttpResponse, UpstreamError
    from gfruntime.http.retries import Retries
    from gfruntime.http.settings import HttpSettings
    from gfruntime.http.tunnels import Tunnel, open_socket
    from gfruntime.logs.log import get_logger
    from gfruntime.request.filtering import AdHocFilter
    from gfruntime.request.incoming import Incoming, current_call
    from gfruntime.request.services import DataOnly, Request, Response, StreamRequest, StreamResponse, TagRequest
    from gfruntime.request.vocabulary import Health, PluginContext, Query, Settings, TimeRange, User
    from gfruntime.sql.macros import expand_sql, expand_url

_HOMES = {
    "request.filtering": ("AdHocFilter",),
    "request.services": ("DataOnly", "Request", "Response", "StreamRequest", "StreamResponse", "TagRequest"),
    "request.vocabulary": (
        "Health",
        "PluginContext",
        "Query",
        "Settings",
        "TimeRange",
        "User",
    ),
    "calls.admission": ("Admission", "AdmissionRequest", "ConversionRequest", "RawObject"),
    "calls.apps": ("call_asgi", "call_wsgi"),
    "author.cache": ("Cache",),
    "author.examples": ("Example",),
    "author.routes": ("route",),
    "author.ui": ("HttpOptions", "OAuth2Options", "Secret", "Ui"),
    "errors": ("DownstreamError", "FrameError", "PluginError", "QueryError"),
    "frames.cells": ("Fill",),
    "frames.columns": ("epoch",),
    "frames.data": ("Frame",),
    "frames.field": ("Field",),
    "frames.series": ("long_to_wide", "resample", "wide_to_long"),
    "http.adapters": ("httpx_async_client", "httpx_client", "requests_session"),
    "http.async_client": ("AsyncHttpClient",),
    "http.aws": ("aws_auth",),
    "http.client": ("HttpClient",),
    "http.clouds": ("azure_auth", "gcp_auth"),
    "http.oauth2": ("OAuth2",),
    "http.oauth2_settings": ("OAuth2Settings",),
    "http.middleware": ("HttpRequest",),
    "http.response": ("HttpResponse", "UpstreamError"),
    "http.retries": ("Retries",),
    "http.settings": ("HttpSettings",),
    "http.tunnels": ("Tunnel", "open_socket"),
    "request.incoming": ("Incoming", "current_call"),
    "logs.log": ("get_logger",),
    "sql.macros": ("expand_sql", "expand_url"),
}

__all__ = [
    "AdHocFilter",
    "Admission",
    "AdmissionRequest",
    "AsyncHttpClient",
    "Cache",
    "ConversionRequest",
    "DataOnly",
    "DownstreamError",
    "Example",
    "Field",
    "Fill",
    "Frame",
    "FrameError",
    "Health",
    "HttpClient",
    "HttpOptions",
    "HttpRequest",
    "HttpResponse",
    "HttpSettings",
    "Incoming",
    "OAuth2",
    "OAuth2Options",
    "OAuth2Settings",
    "PluginContext",
    "PluginError",
    "Query",
    "QueryError",
    "RawObject",
    "Request",
    "Response",
    "Retries",
    "Secret",
    "Settings",
    "StreamRequest",
    "StreamResponse",
    "TagRequest",
    "TimeRange",
    "Tunnel",
    "Ui",
    "UpstreamError",
    "User",
    "aws_auth",
    "azure_auth",
    "call_asgi",
    "call_wsgi",
    "current_call",
    "epoch",
    "expand_sql",
    "expand_url",
    "gcp_auth",
    "get_logger",
    "httpx_async_client",
    "httpx_client",
    "long_to_wide",
    "open_socket",
    "requests_session",
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
