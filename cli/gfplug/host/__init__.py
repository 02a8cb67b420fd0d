"""A Grafana of our own for one plugin: starts it, shakes hands, asks, and ends it as Grafana would."""

from gfplug.host.client import Plugin, UnimplementedError
from gfplug.host.convert import Answer, Health, Query, Resource
from gfplug.host.handshake import Handshake
from gfplug.host.launch import Ended, launch
from gfplug.host.logs import LogLine
from gfplug.host.settings import Settings
from gfplug.host.smoke import Smoke, smoke
from gfplug.host.target import Target

__all__ = [
    "Answer",
    "Ended",
    "Handshake",
    "Health",
    "LogLine",
    "Plugin",
    "Query",
    "Resource",
    "Settings",
    "Smoke",
    "Target",
    "UnimplementedError",
    "launch",
    "smoke",
]
