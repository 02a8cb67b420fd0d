"""gfplug: Grafana backend data sources in Python."""

__version__ = "0.2.0"
