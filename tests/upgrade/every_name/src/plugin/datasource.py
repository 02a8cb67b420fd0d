"""A data source of gfplug 0.1 that uses what its runtime offered to a class; its tests use the rest."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from gfruntime import (
    Admission,
    AdmissionRequest,
    ConversionRequest,
    DataOnly,
    DownstreamError,
    Field,
    Frame,
    Health,
    HttpClient,
    HttpOptions,
    PluginError,
    Query,
    QueryError,
    RawObject,
    Request,
    Response,
    Secret,
    Settings,
    StreamRequest,
    StreamResponse,
    Ui,
    call_asgi,
    call_wsgi,
    current_call,
    epoch,
    expand_sql,
    get_logger,
    route,
)

LOG = get_logger("sales")
TABLES = ("sales", "orders")


@dataclass(frozen=True)
class Options:
    """What the config page saves."""

    url: Annotated[str, Ui(label="URL", store="url", placeholder="http://localhost:8000")] = ""
    token: Annotated[Secret, Ui(label="Token", help="Sent as a bearer token", widget="textarea")] = Secret("")
    seed: Annotated[int, Ui(label="Seed", section="More", minimum=0, maximum=9, required=True)] = 1
    http: HttpOptions = HttpOptions()  # noqa: RUF009 - as its docstring says


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    mode: Annotated[Literal["sql", "http"], Ui(label="Mode", widget="radio")] = "sql"
    table: Annotated[str, Ui(label="Table", options_from="tables")] = "sales"
    sql: Annotated[str, Ui(label="SQL", widget="code", language="sql", rows=4, show_if={"mode": ["sql"]})] = (
        "SELECT time, region, $__column FROM $__table WHERE $__between(time) ORDER BY time"
    )


@dataclass(frozen=True)
class Names:
    """What the editor of a dashboard variable sends."""

    prefix: str = ""


class Datasource:
    """One object per configured data source."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.options = settings.options
        self.http = HttpClient.of(settings, forward_headers=True)

    def query(self, query: Query[Model]) -> list[Frame]:
        """Answer one query: a frame for each region."""
        if query.model.mode == "http":
            return self.fetch("/rows").group_by("region")
        if query.model.table not in TABLES:
            raise QueryError(f"there is no table {query.model.table!r}")
        start, end = (round(each.timestamp()) for each in (query.time_range.start, query.time_range.end))
        between = {"between": lambda names: f"{names[0]} >= {start} AND {names[0]} <= {end}"}
        sql = expand_sql(query.model.sql, query, table=query.model.table, column="amount", macros=between)
        with closing(sqlite3.connect(":memory:")) as connection:
            self.fill(connection, start, round(query.time_range.duration / timedelta(minutes=1)))
            frame = Frame.from_cursor(connection.execute(sql), limit=query.max_data_points)
        time, *others = frame.fields
        times = Field("time", epoch(time.to_list(), "s"), "time")
        frames = Frame(fields=[times, *others], name=query.model.table).group_by("region")
        return [each.with_meta(executedQueryString=sql) for each in frames]

    def fill(self, connection: sqlite3.Connection, start: int, minutes: int) -> None:
        """Make both tables: a row for each minute and region."""
        rows = [
            (start + 60 * minute, region, level + self.options.seed * minute % 7)
            for minute in range(minutes)
            for region, level in (("north", 100.0), ("south", 60.0))
        ]
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} (time INTEGER, region TEXT, amount REAL)")
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)  # noqa: S608 - a name of ours

    def fetch(self, path: str) -> Frame:
        """Ask the API behind the URL for rows."""
        headers = {"Authorization": f"Bearer {self.options.token}"}
        rows = self.http.get(path, params={"page": "1"}, headers=headers, timeout=5.0).raise_for_status().json()
        if not isinstance(rows, list):
            raise DownstreamError(f"{path} answered no list", status=504)
        return Frame.from_records([{**row, "time": datetime.fromisoformat(row["time"])} for row in rows])

    def query_chunked(self, query: Query[Model]) -> Iterator[tuple[str, Frame]]:
        """Answer in parts, where the host can take them."""
        for number, frame in enumerate(self.query(query)):
            yield str(number), frame

    def query_variable(self, query: Query[Names]) -> Frame:
        """List the choices of a dashboard variable."""
        return Frame.of(text=[name for name in TABLES if name.startswith(query.model.prefix)])

    def query_annotation(self, query: Query[Names]) -> Frame:
        """List the events of a range."""
        return Frame.of(time=[query.time_range.start], title=[f"{query.model.prefix}start"])

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        call = current_call()
        if call is None:
            return Health.error("nobody asks")
        LOG.info("asked", extra={"endpoint": call.endpoint})
        try:
            rows = len(self.fetch("/rows")) if self.options.url else 0
        except PluginError as error:
            return Health.error(str(error), details={"verboseMessage": f"{error.source} {error.status}"})
        return Health.ok(f"{call.context.plugin_id} has {rows} rows", details={"grafana": call.context.grafana.version})

    @route("GET", "/tables")
    def tables(self, request: Request) -> list[dict[str, str]]:
        """List the choices of a query's table."""
        prefix = request.query.get("prefix", [""])[0]
        return [{"value": name, "label": name.title()} for name in TABLES if name.startswith(prefix)]

    @route("GET", "/tables/{table}/rows")
    def rows(self, request: Request, table: str) -> Response:
        """Stream a table as text."""
        lines = (f"{table},{number}\n".encode() for number in range(int(request.header("X-Rows") or "2")))
        return Response(body=lines, status=200, headers={"Content-Type": "text/csv"})

    @route("POST", "/asgi/{rest...}")
    async def asgi(self, request: Request, rest: str) -> Response:
        """Answer by an ASGI application."""
        LOG.debug("asgi", extra={"rest": rest})
        return await call_asgi(echo_asgi, request)

    def call_resource(self, request: Request) -> Response:
        """Answer what no route does by a WSGI application."""
        return call_wsgi(echo_wsgi, request)

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Say who may look at a channel, and what is shown first."""
        if request.path not in TABLES:
            return StreamResponse.not_found()
        return StreamResponse.ok(Frame.of(time=[datetime(2026, 1, 1, tzinfo=UTC)], amount=[0.0]))

    def publish_stream(self, request: StreamRequest) -> StreamResponse:
        """Let administrators send to a channel."""
        is_admin = request.context.user is not None and request.context.user.role == "Admin"
        return StreamResponse.ok(request.json()) if is_admin else StreamResponse.denied()

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[Frame | DataOnly | dict[str, str] | bytes]:
        """Send a packet of each kind, then end."""
        frame = Frame.of(time=[datetime(2026, 1, 1, tzinfo=UTC)], amount=[1.0])
        yield frame
        yield DataOnly(frame=frame)
        yield {"path": request.path}
        yield request.data or b"{}"

    @staticmethod
    def validate_admission(request: AdmissionRequest) -> Admission:
        """Refuse objects without a name."""
        if request.operation == "delete" or request.json().get("name"):
            return Admission.allow(warnings=[] if request.settings is None else [request.settings.name])
        return Admission.deny(f"a {request.kind.kind} needs a name", reason="Invalid", code=422)

    @staticmethod
    def mutate_admission(request: AdmissionRequest) -> Admission:
        """Write the group into the object."""
        return Admission.allow(object=json.dumps({**request.json(), "group": request.kind.group}).encode())

    @staticmethod
    def convert_objects(request: ConversionRequest) -> list[RawObject]:
        """Write the version into each object."""
        changed = [json.dumps({**each.json(), "version": request.version}).encode() for each in request.objects]
        return [RawObject(raw=raw, content_type="application/json") for raw in changed]

    def dispose(self) -> None:
        """Let go of the connections."""
        self.http.close()


def echo_wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Tell what was asked, and that the request itself is at hand."""
    request: Request = environ["gfruntime.request"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {request.context.org_id}".encode()]


async def echo_asgi(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Do the same for ASGI."""
    request: Request = scope["extensions"]["gfruntime.request"]
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-path", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": body + request.method.encode()})
