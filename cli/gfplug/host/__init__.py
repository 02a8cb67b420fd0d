"""A small Grafana host for one plugin: starts it, does the handshake, sends requests, and ends it as Grafana does."""
