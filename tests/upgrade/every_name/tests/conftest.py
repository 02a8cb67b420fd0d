"""The runtime's fixtures, under the name that they had in gfplug 0.1."""

pytest_plugins = ["gfruntime.fixtures"]
