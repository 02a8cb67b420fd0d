"""The data source under test: it answers like goplugin/, so that one test can run on both."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from gfruntime import (
    Admission,
    AdmissionRequest,
    ConversionRequest,
    DownstreamError,
    Field,
    Frame,
    Health,
    HttpClient,
    Query,
    QueryError,
    RawObject,
    Request,
    Response,
    Secret,
    Settings,
    StreamRequest,
    StreamResponse,
    get_logger,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

log = get_logger()


@dataclass(frozen=True)
class Options:
    """What a configured data source saves."""

    health: str = ""  # "" or "error"
    token: Secret = Secret("")


@dataclass(frozen=True)
class Model:
    """A query: the kind of its answer."""

    kind: str = "series"
    rows: int = 3
    seconds: float = 0.0
    method: str = "GET"
    path: str = ""
    body: str = ""
    headers: list[str] = field(default_factory=list)


class Datasource:
    """Answers as its queries say."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Store the settings; the time of creation identifies this object."""
        self.settings = settings
        self.instance = str(time.time_ns())
        self.starts = 0

    async def start(self) -> None:
        """Count the starts of this object, on the loop of async handlers."""
        await asyncio.sleep(0)
        self.starts += 1

    def query(self, query: Query[Model]) -> Frame | list[Frame]:  # noqa: C901, PLR0911, PLR0912  # one case per kind
        """Answer one query."""
        model = query.model
        start = query.time_range.start
        match model.kind:
            case "series":
                return series(start, model.rows)
            case "big":
                return Frame(fields=[Field("value", pa.repeat(0.5, model.rows), nullable=False)])
            case "echo":
                return self.echo(query)
            case "fetch":
                return self.fetch(model)
            case "empty":
                return []
            case "fail":
                raise QueryError("no such table", status=404)
            case "downstream":
                raise DownstreamError("the database is away", status=503)
            case "partial":
                raise DownstreamError("2 of 3 shards are away", frames=series(start, model.rows))
            case "raise":
                raise RuntimeError("something nobody meant")
            case "nothing":
                return None  # type: ignore[return-value]  # the mistake to test
            case "sleep":
                time.sleep(model.seconds)
                return series(start, 1)
            case "odd log":
                odd = {"@message": 5, "@level": None, "@timestamp": 1, "nan": math.nan, "thing": object()}
                log.critical("the probe speaks\noddly", extra={**odd, "long": "x" * 200_000})
                return series(start, 1)
            case "stderr":
                for write in (sys.stderr.write, print, lambda text: os.write(2, text.encode())):
                    write('{"@message": 5, "@level": null}\n')
                return series(start, 1)
            case "wait":
                log.info("the probe waits")
                if query.cancel.wait(model.seconds):
                    log.info("the probe was cancelled")
                return series(start, 1)
            case "work":
                log.info("the probe works")
                done = threading.Event()
                with query.on_cancel(done.set):
                    if done.wait(model.seconds):
                        log.info("the probe was interrupted")
                return series(start, 1)
            case "left":
                remaining = query.time_left
                return Frame.of(left=[None if remaining is None else remaining.total_seconds()], started=[self.starts])
            case "child":
                subprocess.Popen(["/bin/sleep", str(model.seconds)])
                return series(start, 1)
            case "log":
                log.warning("the probe speaks", extra={"table": "sales", "rows": 3})
                return series(start, 1)
        raise QueryError(f"unknown kind {model.kind}")

    def echo(self, query: Query[Model]) -> Frame:
        """Return the handler's arguments."""
        user = query.context.user
        received = {
            "ref_id": query.ref_id,
            "query_type": query.query_type,
            "max_data_points": query.max_data_points,
            "interval_ms": round(query.interval / timedelta(milliseconds=1)),
            "start_ms": round(query.time_range.start.timestamp() * 1000),
            "end_ms": round(query.time_range.end.timestamp() * 1000),
            "from_alert": query.from_alert,
            "rule": query.http_headers.get("X-Rule-Name", ""),
            "org_id": query.context.org_id,
            "plugin_id": query.context.plugin_id,
            "login": user.login if user else "",
            "name": self.settings.name,
            "secret": self.settings.secrets.get("token", ""),
            "instance": self.instance,
        }
        return Frame(name="echo", fields=[Field("seen", [received], "json", nullable=False)])

    def fetch(self, model: Model) -> Frame:
        """Send a request to the data source's upstream, as its settings say."""
        http = HttpClient.of(self.settings)
        headers = dict(line.split(": ", 1) for line in model.headers)
        answer = http.request(model.method, model.path, headers=headers, body=model.body.encode())
        http.close()
        return Frame(
            name="fetched",
            fields=[
                Field("status", [answer.status], "int64", nullable=False),
                Field("bytes", [len(answer.body)], "int64", nullable=False),
            ],
        )

    def query_chunked(self, query: Query[Model]) -> Iterator[Frame]:
        """Answer in as many parts as the query has rows."""
        for row in range(query.model.rows):
            yield Frame(name="chunks", fields=[Field("n", [row], "int64", nullable=False)])
        if query.model.kind == "downstream":
            raise DownstreamError("the database is away", status=503)
        if query.model.kind == "partial":
            rest = Frame(name="chunks", fields=[Field("n", [query.model.rows], "int64", nullable=False)])
            raise DownstreamError("2 of 3 shards are away", frames=rest)

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Answer as the path says."""
        match request.path:
            case "secret":
                return StreamResponse.denied()
            case "nowhere":
                return StreamResponse.not_found()
            case "frame":
                return StreamResponse.ok(Frame(fields=[Field("n", [7], "int64", nullable=False)]))
            case "downstream":
                raise DownstreamError("the broker is away")
        return StreamResponse.ok(request.json())

    def publish_stream(self, request: StreamRequest) -> StreamResponse:
        """Return the published data."""
        return StreamResponse.denied() if request.path == "secret" else StreamResponse.ok(request.json())

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        """Send packets as the path says; for an unknown path, until the stream is stopped."""
        match request.path:
            case "three":
                yield from ({"n": number} for number in range(3))
                return
            case "frame":
                yield Frame(fields=[Field("n", [7], "int64", nullable=False)])
                return
            case "raise":
                raise RuntimeError("the stream broke")
        for number in itertools.count():
            yield {"n": number}
            if request.cancel.wait(0.01):
                log.info("the stream was cancelled")
                return

    @staticmethod
    def validate_admission(request: AdmissionRequest) -> Admission:
        """Refuse only an empty object."""
        if not request.object:
            return Admission.deny("no object")
        return Admission.allow(warnings=[request.kind.kind])

    @staticmethod
    def mutate_admission(request: AdmissionRequest) -> Admission:
        """Change every object."""
        return Admission.allow(object=b"new " + request.object)

    @staticmethod
    def convert_objects(request: ConversionRequest) -> list[RawObject]:
        """Put the version before each object."""
        version = request.version.encode()
        return [RawObject(raw=version + b" " + item.raw, content_type=item.content_type) for item in request.objects]

    def check_health(self) -> Health:
        """Answer as the options say."""
        if self.settings.options.health == "error":
            return Health.error("no such host")
        return Health.ok("the probe is well", details={"instance": self.instance})

    def call_resource(self, request: Request) -> Response:
        """Return the request, in the forms that tests check."""
        match request.path.strip("/"):
            case "echo":
                accept = [value for name, values in request.headers.items() if name == "Accept" for value in values]
                received = {"method": request.method, "path": request.path, "query": request.query, "accept": accept}
                return Response(
                    body=json.dumps(received),
                    headers={"Content-Type": "application/json", "X-Twice": ["one", "two"]},
                )
            case "bytes":
                return Response(body=request.body, status=201, headers={"Content-Type": "application/octet-stream"})
            case "parts":
                return Response(body=(f"part {number}\n".encode() for number in range(3)))
            case "nothing":
                return Response(status=204)
        return Response.json({"message": "no such resource"}, status=404)


def series(start: datetime, rows: int) -> Frame:
    """Make a time series in wide form: one row a minute, values 0, 0.5, 1, ..."""
    times = [start + timedelta(minutes=number) for number in range(rows)]
    values = [number / 2 for number in range(rows)]
    return Frame(
        name="series",
        fields=[
            Field("time", times, "time"),
            Field("value", values, nullable=False, labels={"host": "web-1"}, config={"unit": "percent"}),
        ],
    )
