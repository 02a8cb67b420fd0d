"""The data source: this is the one file to edit.

It calls a JSON API over HTTP and turns the rows of the response into frames. `example_api/` is a small sample API.
Replace it with your own, and the fields of `Options` and `Model`, too: the editors in Grafana show these fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from gfruntime import DownstreamError, Frame, FrameError, Health, HttpClient, PluginError, Query, Secret, Settings, Ui


@dataclass(frozen=True)
class Options:
    """What the data source's config page saves; Grafana encrypts the token, and browsers never see it."""

    url: Annotated[str, Ui(label="URL", store="url", placeholder="http://localhost:8000", required=True)] = ""
    token: Annotated[Secret, Ui(label="Token", help="Sent as Authorization: Bearer …")] = Secret("")
    timeout: Annotated[float, Ui(label="Timeout", help="Seconds to wait for the API", minimum=1)] = 10.0


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    path: Annotated[str, Ui(label="Path", help="Below the data source's URL")] = "/sales"
    time: Annotated[str, Ui(label="Time", help="The key that holds a row's time")] = "time"
    value: Annotated[str, Ui(label="Value", help="The key that holds a row's number")] = "value"
    labels: Annotated[tuple[str, ...], Ui(label="Labels", help="The keys whose texts distinguish the series")] = (
        "region",
    )


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.options = settings.options
        self.http = HttpClient.of(settings)

    def query(self, query: Query[Model]) -> list[Frame]:
        """Return one frame for each series in the API's rows."""
        start, end = query.time_range.start, query.time_range.end
        step = max(query.interval, (end - start) / max(query.max_data_points, 1), timedelta(seconds=1))
        window = {"from": start.isoformat(), "to": end.isoformat(), "step": str(round(step.total_seconds()))}
        return to_frames(self.fetch(query.model.path, window), query.model)

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        try:
            self.fetch("/health", {})
        except PluginError as error:
            return Health.error(str(error))
        return Health.ok("The API answered, and accepts the token")

    def fetch(self, path: str, parameters: Mapping[str, str]) -> Any:
        """Return the JSON of the API's response.

        The path is part of the query, so everybody who edits a panel can change it. With a slash before it, it is never
        a complete URL, and the client refuses a path that leaves the data source's URL.
        Raises: PluginError if the request fails; the panel shows it.
        """
        headers = {"Authorization": f"Bearer {self.options.token}"} if self.options.token else {}
        response = self.http.get(f"/{path}", params=parameters, headers=headers, timeout=self.options.timeout)
        return response.raise_for_status().json()

    def dispose(self) -> None:
        """Close the connections: the settings have changed, or Grafana stops."""
        self.http.close()


def to_frames(rows: Any, model: Model) -> list[Frame]:
    """Turn `[{"time": …, "region": "north", "value": 1.5}, …]` into one frame per series."""
    try:
        return Frame.from_records(
            rows, time=model.time, value=model.value, labels=model.labels, types={model.value: "float64"}
        )
    except FrameError as error:
        raise DownstreamError(f"{model.path} returned rows that cannot be shown as series: {error}") from error
