"""The program that Grafana starts; don't edit it."""

from gfruntime import serve


def load() -> type:
    """Import the data source after the handshake, so that Grafana does not wait for the import."""
    from plugin.datasource import Datasource

    return Datasource


serve(load)
