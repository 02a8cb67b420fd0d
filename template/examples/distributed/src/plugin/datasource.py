"""The data source: edit this file and `partitions.py`, which has the functions that the cluster runs.

It uses a Dask cluster, so the data need not fit into one machine. The workers read, filter and aggregate, and refuse a
result with too many points; the plugin holds only the result. Without a scheduler's address it starts a small cluster
on this machine. Without files it uses sample data.
"""

import operator
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import cloudpickle  # type: ignore[import-untyped,unused-ignore]  # likewise
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # it has no types
from dask.delayed import Delayed, delayed

from gfruntime import Frame, Health, PluginError, Query, QueryError, Secret, Settings, Ui
from plugin import partitions
from plugin.cluster import Cluster, ClusterOptions, StartingError

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC)  # int64 holds the ns between the two
MOST_POINTS = 1_000_000  # points of one result
MOST_PARTS = 10_000  # parts of one query
PART_ROWS = 1_000_000  # sample readings that one task makes
FAN_IN = 16  # parts that one task merges
HEALTH_SECONDS = 20

cloudpickle.register_pickle_by_value(partitions)  # the cluster's workers don't have this project


@dataclass(frozen=True)
class Options:
    """What the data source's config page saves."""

    scheduler: Annotated[
        str,
        Ui(
            label="Scheduler",
            placeholder="tls://scheduler:8786",
            help="Empty: a cluster on Grafana's machine. The person who runs the scheduler can run code in the plugin",
        ),
    ] = ""
    tls_ca: Annotated[str, Ui(label="CA certificate", widget="textarea", help="PEM; for tls:// and wss://")] = ""
    tls_cert: Annotated[str, Ui(label="Client certificate", widget="textarea", help="PEM")] = ""
    tls_key: Annotated[Secret, Ui(label="Client key", widget="textarea", help="PEM")] = Secret("")
    token: Annotated[Secret, Ui(label="Token", help="For wss://: sent as Authorization: Bearer …")] = Secret("")
    workers: Annotated[
        int,
        Ui(label="Workers", help="Processes on Grafana's machine", minimum=1, maximum=64, show_if={"scheduler": [""]}),
    ] = 2
    memory: Annotated[
        float, Ui(label="Memory", help="GiB for each worker; 0: automatic", minimum=0, show_if={"scheduler": [""]})
    ] = 0.0
    timeout: Annotated[float, Ui(label="Timeout", help="Seconds that a query may take", minimum=1)] = 60.0
    folder: Annotated[
        str, Ui(label="Parquet files", help="A folder that each worker can read, or s3://…; empty: sample data")
    ] = ""
    time: Annotated[str, Ui(label="Time column", required=True)] = "time"
    period: Annotated[
        float,
        Ui(label="Period", help="Milliseconds between two sample readings", minimum=0.001, show_if={"folder": [""]}),
    ] = 100.0


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    aggregate: Annotated[Literal["mean", "min", "max", "sum", "count"], Ui(label="Aggregate")] = "mean"
    value: Annotated[str, Ui(label="Value", help="The column to aggregate", required=True)] = "temperature"
    label: Annotated[str, Ui(label="Label", help="The column that distinguishes the series", required=True)] = "site"
    only: Annotated[tuple[str, ...], Ui(label="Only", help="Only these values of the label; empty: all")] = ()


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.options = options = settings.options
        self.cluster = Cluster(
            ClusterOptions(
                scheduler=options.scheduler.strip(),
                tls_ca=options.tls_ca,
                tls_cert=options.tls_cert,
                tls_key=options.tls_key,
                token=options.token,
                workers=options.workers,
                memory=options.memory,
            )
        )
        self.cluster.start()  # in the background

    def query(self, query: Query[Model]) -> list[Frame]:
        """Return a series for each value of the label."""
        request = request_of(query, self.options.time)
        seconds = min(
            self.options.timeout, query.time_left.total_seconds() if query.time_left else self.options.timeout
        )
        deadline = time.monotonic() + seconds
        connection = self.cluster.connection(seconds)
        if self.options.folder:
            listing = task_with_code(partitions.list_files)(self.options.folder, MOST_PARTS)
            files = connection.compute(listing, query, deadline)
            read = task_with_code(partitions.read_file, request, self.options.folder)
            parts = [read(path) for path in files]
        else:
            aggregate = task_with_code(
                partitions.aggregate_samples, request, period := round(self.options.period * 1000)
            )
            parts = [aggregate(*numbers) for numbers in readings(request, period)]
        stream = connection.compute(merge_parts(parts, request), query, deadline)
        frame = Frame.from_arrow(pa.ipc.open_stream(stream).read_all())
        return [each.with_meta(executedQueryString=repr(request)) for each in frame.group_by(query.model.label)]

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        try:
            connection = self.cluster.connection(HEALTH_SECONDS)
            size, differences = connection.size(), connection.differences()
        except StartingError as error:
            return Health(status="unknown", message=str(error))
        except (PluginError, OSError) as error:
            return Health.error(str(error) or "The scheduler does not answer")
        if not connection.client.nthreads():
            return Health.error("The scheduler answers, but has no workers")
        notes = f"; versions differ: {'; '.join(differences)}" if differences else ""
        return Health.ok(f"The cluster answers ({size}){notes}")

    def dispose(self) -> None:
        """Close the connection: the settings have changed, or Grafana stops."""
        self.cluster.close()


def request_of(query: Query[Model], time: str) -> partitions.Request:
    """Convert a query to a request for the workers; times are microseconds.

    Raises: QueryError if the query is invalid.
    """
    span, model = query.time_range, query.model
    if not FIRST <= span.start < span.end <= LAST:
        raise QueryError(f"the time range must be between {FIRST:%Y} and {LAST:%Y}, and start before it ends")
    if len({"time", model.value, model.label}) < 3:
        raise QueryError("the value and the label must be two different columns, and neither may be named time")
    step = max(query.interval, span.duration / max(query.max_data_points, 1), timedelta(microseconds=1))
    return partitions.Request(
        start=microseconds(span.start),
        end=microseconds(span.end),
        step=step // timedelta(microseconds=1),
        time=time,
        value=model.value,
        label=model.label,
        only=model.only,
        aggregate=model.aggregate,
        most_points=MOST_POINTS,
    )


def microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def readings(request: partitions.Request, period: int) -> list[tuple[int, int]]:
    """Split the sample readings of a time range into parts: the first and the last number of each part."""
    if (request.value, request.label) != ("temperature", "site"):
        raise QueryError("the sample data only has the value temperature and the label site")
    first, last = -(-request.start // period), -(-request.end // period) - 1
    if (last - first) // PART_ROWS >= MOST_PARTS:
        raise QueryError(f"the range has {last - first + 1} readings of each site: choose a shorter range")
    return [(at, min(at + PART_ROWS - 1, last)) for at in range(first, last + 1, PART_ROWS)]


def task_with_code(function: Callable[..., Any], *arguments: object) -> Callable[..., Delayed]:
    """Make a task of a function that the workers don't have: the task contains it, with its first arguments."""
    remote_function = delayed(cloudpickle.loads)(cloudpickle.dumps(partial(function, *arguments)))
    call = delayed(operator.call, pure=False)
    return lambda *more: call(remote_function, *more, dask_key_name=f"{function.__name__}-{uuid.uuid4().hex}")


def merge_parts(parts: Sequence[Delayed], request: partitions.Request) -> Delayed:
    """Plan the tasks that merge the parts of a result, some at a time, so that no part is larger than the result."""
    merge, finish = task_with_code(partitions.merge, request), task_with_code(partitions.finish, request)
    while len(parts) > 1:
        parts = [merge(list(parts[at : at + FAN_IN])) for at in range(0, len(parts), FAN_IN)]
    return finish(parts[0] if parts else merge([]))
