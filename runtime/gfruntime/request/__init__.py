"""Grafana's requests: queries, resource requests, the user, and the configuration of Grafana and the data source."""
