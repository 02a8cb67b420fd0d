"""`gfplug call`: start a plugin as Grafana does, send a request, print the answer. One module for each request."""

from __future__ import annotations

from gfplug.commands import options
from gfplug.commands.call.chunked import chunked
from gfplug.commands.call.health import health
from gfplug.commands.call.objects import convert, mutate, validate
from gfplug.commands.call.query import query
from gfplug.commands.call.resource import resource
from gfplug.commands.call.stream import stream

app = options.group(
    "Start a plugin as Grafana does, and send it a request.",
    health=health,
    query=query,
    chunked=chunked,
    resource=resource,
    stream=stream,
    validate=validate,
    mutate=mutate,
    convert=convert,
)
