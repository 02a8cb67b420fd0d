"""The backend of a data source with its own editors: this is the one file to edit.

Panels still run their queries in the browser; alert rules, expressions and public dashboards run them here.
`query.model` is what the plugin's query editor stores, `settings.options` is the jsonData of its config page, and
`settings.secrets` are its secrets.
"""

from typing import Any

from gfruntime import Frame, Health, Query, Settings, get_logger

log = get_logger("datasource")


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        self.settings = settings

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        """Answer one query; replace this constant with the plugin's own source."""
        log.debug("query %s", query.model)
        return Frame.of(time=[query.time_range.start, query.time_range.end], value=[1.0, 1.0])

    def check_health(self) -> Health:
        """Answer the button "Save & test", if the frontend calls the backend for it."""
        return Health.ok("The backend is ready")
