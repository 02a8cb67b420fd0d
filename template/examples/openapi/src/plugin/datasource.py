"""The data source: this is the one file to edit.

`upstream` is the API, as its description has it: `Options` and `Model` are its dataclasses, and the editors in Grafana
follow them. gfplug replaces that folder whole, so what is yours belongs here: change what is asked before `api.query`,
or the frames after it; or write a class of your own in the place of `Model`.
"""

from gfruntime import Frame, Health, PluginError, Query, Request, Settings, route
from upstream import Api, Model, Options


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.api = Api(settings)

    def query(self, query: Query[Model]) -> list[Frame]:
        """Answer one query: the operation that it chooses, as a table, as series, or as numbers."""
        return self.api.query(query)

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        try:
            return Health.ok(self.api.check())
        except PluginError as error:
            return Health.error(str(error))

    @route("GET", "/choices/{name}")
    def choices(self, request: Request, name: str) -> list[dict[str, str]]:
        """List what a field of the query editor may hold, where another operation lists it."""
        return self.api.choices(name, request.query)

    def dispose(self) -> None:
        """Let go of the connections: the settings have changed, or Grafana ends."""
        self.api.close()
