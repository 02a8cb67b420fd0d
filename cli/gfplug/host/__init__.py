"""A Grafana of our own for one plugin: starts it, shakes hands, asks, and ends it as Grafana would."""
