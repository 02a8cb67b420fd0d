"""The page behind `gfplug preview`: built files, one folder for each Grafana version, in `assets/`."""

__version__ = "0.2.0"
