"""Test the data source with the example API, and with the failures of real APIs."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from example_api.server import Server

from gfruntime import DownstreamError, Frame, Query, QueryError, Secret, Settings, TimeRange
from plugin.datasource import Datasource, Model, Options, to_frames

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "token-for-tests"  # noqa: S105 - not a secret


@pytest.fixture
def api() -> Iterator[Server]:
    """Start the example API on a free port."""
    with Server(TOKEN) as server:
        yield from serve(server)


def serve(server: Server) -> Iterator[Server]:
    """Run a server in the background until the test is over."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()


def fixed_response(content: bytes) -> type[BaseHTTPRequestHandler]:
    """Make a handler that answers every request with the same bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(content)

    return Handler


def connect(url: str, token: str = TOKEN, timeout: float = 5.0) -> Datasource:
    """Configure the data source."""
    return Datasource(Settings(options=Options(url=url, token=Secret(token), timeout=timeout), url=url))


def ask(datasource: Datasource, model: Model | None = None) -> list[Frame]:
    """Run one query as Grafana does."""
    window = TimeRange(start=START, end=START + timedelta(minutes=10))
    query = Query(model=model or Model(), time_range=window, max_data_points=11, interval=timedelta(minutes=1))
    return datasource.query(query)


def test_each_region_becomes_a_series(api: Server) -> None:
    """The keys in the query's `labels` become labels."""
    north, south = ask(connect(api.url))

    assert north["value"].labels == {"region": "north"}
    assert south["value"].labels == {"region": "south"}
    assert north["time"].to_list() == [START + timedelta(minutes=minute) for minute in range(11)]
    assert north["value"].to_list()[0] == 89.524


def test_the_north_is_above_the_alert_rules_threshold_and_the_south_below(api: Server) -> None:
    """One of the two alerts in provisioning/alerting/rules.yaml fires."""
    north, south = ask(connect(api.url))

    assert min(north["value"].to_list()) > 60 > max(south["value"].to_list())


def test_save_and_test_calls_the_api(api: Server) -> None:
    """A wrong token is an error, which does not show the token."""
    assert connect(api.url).check_health().status == "ok"

    health = connect(api.url, token="wrong-one").check_health()  # noqa: S106 - not a secret

    assert (health.status, health.message) == ("error", "/health answered 401 Unauthorized")


def test_an_error_has_the_apis_status(api: Server) -> None:
    """Grafana counts it as an error of the API, not of the plugin."""
    with pytest.raises(DownstreamError, match="/nothing answered 404 Not Found") as caught:
        ask(connect(api.url), Model(path="/nothing"))

    assert caught.value.status == 404


@pytest.mark.parametrize("path", ["../admin/users", "/..%2Fadmin/users", "..\\admin\\users", "x/%2e%2e/../admin"])
def test_a_query_stays_below_the_data_sources_url(path: str) -> None:
    """A panel can't request another path of the server."""
    with pytest.raises(QueryError, match="leaves the data source's path /tenant-a"):
        ask(connect("http://localhost:8000/tenant-a"), Model(path=path))


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "localhost:8000"])
def test_only_http_urls_are_allowed(url: str) -> None:
    """Files and other schemes are refused."""
    with pytest.raises(QueryError, match="http:// or https://"):
        ask(connect(url))


def test_an_unreachable_api_is_a_downstream_error(api: Server) -> None:
    """The panel shows the path and the reason."""
    api.server_close()

    with pytest.raises(DownstreamError, match="/sales could not be asked"):
        ask(connect(api.url))


def test_a_slow_api_times_out() -> None:
    """A server that never answers delays a query no longer than the time-out."""
    with Server(TOKEN) as silent, pytest.raises(DownstreamError, match=r"did not answer within 0\.1 s") as caught:
        ask(connect(silent.url, timeout=0.1))

    assert caught.value.status == 504


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", "not JSON"),
        (b"HTTP/1.0 200 OK\r\n\r\n\xff", "not JSON"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n[", "could not be asked"),
        (b"what?\r\n", "could not be asked"),
    ],
)
def test_an_invalid_response_is_a_downstream_error(api: Server, answer: bytes, problem: str) -> None:
    """It may be a web page, broken text, half a response, or no HTTP."""
    api.RequestHandlerClass = fixed_response(answer)

    with pytest.raises(DownstreamError, match=problem):
        ask(connect(api.url))


def test_the_token_does_not_follow_a_redirect(api: Server) -> None:
    """The server that an API redirects to does not get the token."""
    with Server(TOKEN) as front:
        front.RequestHandlerClass = fixed_response(f"HTTP/1.0 302 Found\r\nLocation: {api.url}/sales\r\n\r\n".encode())
        for server in serve(front):
            with pytest.raises(DownstreamError, match="401 Unauthorized"):
                ask(connect(server.url))


@pytest.mark.parametrize(
    "rows",
    [
        {"rows": []},
        ["text"],
        [{"time": "2026-01-01T00:00:00Z"}],
        [{"time": "yesterday", "region": "north", "value": 1}],
        [{"time": "2026-01-01T00:00:00Z", "value": 1}],
        [{"time": "2026-01-01T00:00:00Z", "region": "north", "value": "many"}],
        [{"time": 1767225600, "region": "north", "value": 1}],
    ],
)
def test_rows_of_another_shape_are_refused(rows: Any) -> None:
    """The error names the path."""
    with pytest.raises(DownstreamError, match="/sales"):
        to_frames(rows, Model())


def test_a_row_may_lack_a_value_and_a_time_its_zone() -> None:
    """Null stays null, a text with a number becomes a number, and a time without a zone is UTC."""
    rows = [{"time": "2026-01-01T00:00:00", "value": None}, {"time": "2026-01-01T02:01:00+02:00", "value": "2"}]

    (frame,) = to_frames(rows, Model(labels=()))

    assert frame["time"].to_list() == [START, START + timedelta(minutes=1)]
    assert frame["value"].to_list() == [None, 2.0]
