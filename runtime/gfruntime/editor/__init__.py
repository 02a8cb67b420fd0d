"""The author's dataclasses as the forms of Grafana's editors."""
