"""The page behind `gfplug preview`: built files, one folder for each Grafana version, in `assets/`."""
