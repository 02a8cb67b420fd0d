"""What Grafana starts; nothing to edit here."""

from gfruntime import serve


def load() -> type:
    """Import the data source after the handshake: Grafana must not wait for it."""
    from plugin.datasource import Datasource

    return Datasource


serve(load)
