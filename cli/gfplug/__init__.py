"""gfplug: Grafana backend data sources in Python."""

__version__ = "0.1.0"
