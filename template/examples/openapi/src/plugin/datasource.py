"""The data source: this is the one file to edit.

`upstream` is the API, generated from its description: `Options` and `Model` are its dataclasses, and the editors in
Grafana show their fields. gfplug replaces that folder, so write your own code here: change the query before
`api.query`, change the frames after it, or replace `Model` with your own class.
"""

from gfruntime import Frame, Health, PluginError, Query, Request, Settings, route
from upstream import Api, Model, Options


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.api = Api(settings)

    def query(self, query: Query[Model]) -> list[Frame]:
        """Call the operation that the query selects, and return a table, series or numbers."""
        return self.api.query(query)

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        try:
            return Health.ok(self.api.check())
        except PluginError as error:
            return Health.error(str(error))

    @route("GET", "/choices/{name}")
    def choices(self, request: Request, name: str) -> list[dict[str, str]]:
        """List the choices of a field in the query editor, if another operation of the API lists them."""
        return self.api.choices(name, request.query)

    def dispose(self) -> None:
        """Close the connections: the settings have changed, or Grafana stops."""
        self.api.close()
