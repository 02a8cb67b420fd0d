"""The backend of a data source whose editors are its own: this is the one file to edit.

Panels ask in the browser, as before; alert rules, expressions and public dashboards ask here. `query.model` is what the
plugin's query editor stores, `settings.options` what its config page keeps in jsonData, `settings.secrets` its secrets.
"""

from typing import Any

from gfruntime import Frame, Health, Query, Settings, get_logger

log = get_logger("datasource")


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        self.settings = settings

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        """Answer one query; put the plugin's own source in the place of this constant."""
        log.debug("asked %s", query.model)
        return Frame.of(time=[query.time_range.start, query.time_range.end], value=[1.0, 1.0])

    def check_health(self) -> Health:
        """Answer the button "Save & test", where the frontend leaves it to the backend."""
        return Health.ok("The backend is ready")
