"""The functions that the workers run: each task aggregates a part of the rows, then tasks merge these aggregates.

The code of these functions is sent to the workers (see `task_with_code` in `datasource.py`). They may use Python, dask
and pyarrow, and nothing of this project except this file. The panel shows their ValueErrors.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import pi
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # it has no types
import pyarrow.acero  # type: ignore[import-untyped,unused-ignore]  # grouping imports it by name
import pyarrow.compute as pc  # type: ignore[import-untyped,unused-ignore]
import pyarrow.dataset as ds  # type: ignore[import-untyped,unused-ignore]
from pyarrow import fs  # type: ignore[import-untyped,unused-ignore]

SECOND = 1_000_000  # microseconds: the unit of all times here
DAY = 86_400 * SECOND
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
PARTIAL_AGGREGATES = {"mean": ["sum", "count"], "sum": ["sum"], "count": ["count"], "min": ["min"], "max": ["max"]}
MERGED_BY = {"sum": "sum", "count": "sum", "min": "min", "max": "max"}
SITES = {"north": 80.0, "south": 40.0}  # the sites of the sample readings, and their temperature levels


@dataclass(frozen=True)
class Request:
    """A query for the workers; times are microseconds since 1970 in UTC, and `end` is not part of the range."""

    start: int
    end: int
    step: int
    time: str
    value: str
    label: str
    only: tuple[str, ...]
    aggregate: str
    most_points: int

    @property
    def origin(self) -> int:
        """The start of the first bucket: buckets start at multiples of their length since 1970."""
        return self.start // self.step * self.step


def aggregate_samples(request: Request, period: int, first: int, last: int) -> pa.Table:
    """Compute the sample readings `first` to `last` of each site in the query, one per period, and aggregate them."""
    number = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), last - first + 1), start=first - 1)
    time = pc.multiply(number, period)
    wave = pc.multiply(pc.sin(pc.multiply(pc.cast(time, pa.float64(), safe=False), 2 * pi / DAY)), 10.0)
    scatter = pc.bit_wise_and(pc.shift_right(pc.multiply(number, 2_654_435_761), 16), 0xFFFF)
    reading = pc.add(wave, pc.multiply(pc.cast(scatter, pa.float64()), 2.0 / 0xFFFF))
    sites = [site for site in SITES if not request.only or site in request.only]
    return merge(
        request,
        (aggregate_rows(request, time, pa.repeat(site, len(number)), pc.add(reading, SITES[site])) for site in sites),
    )


def list_files(folder: str, most: int) -> list[str]:
    """List the Parquet files of a folder, as a worker sees it."""
    files: list[str] = open_files(folder).files
    if not 0 < len(files) <= most:
        raise ValueError(f"{folder} has {len(files)} Parquet files, but 1 to {most} are required")
    return files


def read_file(request: Request, folder: str, path: str) -> pa.Table:
    """Read the rows of a file that a query needs, a batch at a time, and aggregate them.

    It reads three columns, and skips the row groups that the filter excludes by their statistics.
    """
    dataset = open_files(folder, [path])
    columns = {"time": request.time, "label": request.label, "value": request.value}
    types = {name: type_of(dataset.schema, column, path) for name, column in columns.items()}
    if not pa.types.is_timestamp(types["time"]):
        raise ValueError(f"the column {request.time!r} holds {types['time']}, not times")
    if not any(is_kind(types["value"]) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)):
        raise ValueError(f"the column {request.value!r} holds {types['value']}, not numbers")
    scanner = dataset.scanner(
        columns={name: ds.field(column) for name, column in columns.items()},
        filter=rows_of(request, types["time"], types["label"]),
        use_threads=False,  # the cluster has its own threads
    )
    return merge(
        request,
        (
            aggregate_rows(
                request, microseconds(batch["time"]), batch["label"], pc.cast(batch["value"], pa.float64(), safe=False)
            )
            for batch in scanner.to_batches()
        ),
    )


def open_files(folder: str, files: list[str] | None = None) -> Any:
    """Open a folder of Parquet files, or some of its files; folders such as `site=north` become a column."""
    system, base = fs.FileSystem.from_uri(folder) if "://" in folder else (fs.LocalFileSystem(), folder)
    hive = ds.partitioning(flavor="hive")
    return ds.dataset(files or base, filesystem=system, format="parquet", partitioning=hive, partition_base_dir=base)


def type_of(schema: pa.Schema, column: str, path: str) -> pa.DataType:
    """Return the type of a column."""
    if column not in schema.names:
        raise ValueError(f"{path} has no column {column!r}; it has {', '.join(schema.names)}")
    return schema.field(column).type


def rows_of(request: Request, time_type: pa.DataType, label_type: pa.DataType) -> Any:
    """Return the filter for a query's rows, in the columns' own types, so that it can use row group statistics."""
    start, end = (
        pa.scalar(-(-moment * PER_SECOND[time_type.unit] // SECOND), pa.int64()).cast(time_type)  # rounded up
        for moment in (request.start, request.end)
    )
    rows = (ds.field(request.time) >= start) & (ds.field(request.time) < end)
    if not request.only:
        return rows
    label = ds.field(request.label)
    if pa.types.is_dictionary(label_type):
        label_type = label_type.value_type
        label = label.cast(label_type)
    try:
        values = pa.array(request.only).cast(label_type)
    except pa.ArrowInvalid as error:
        raise ValueError(f"the column {request.label!r} holds {label_type}: {error}") from None
    return rows & label.isin(values)


def microseconds(times: pa.Array) -> pa.Array:
    """Return timestamps as whole numbers of microseconds, rounded down."""
    per_second = PER_SECOND[times.type.unit]
    numbers = pc.cast(times, pa.int64())
    if per_second <= SECOND:
        return pc.multiply(numbers, SECOND // per_second)
    divisor = per_second // SECOND
    quotient = pc.divide(numbers, divisor)  # rounded towards 0
    return pc.subtract(quotient, pc.cast(pc.less(numbers, pc.multiply(quotient, divisor)), pa.int64()))


def aggregate_rows(request: Request, times: pa.Array, labels: pa.Array, values: pa.Array) -> pa.Table:
    """Aggregate rows to one row for each bucket and label, with all partial aggregates of the query's aggregate."""
    bucket = pc.divide(pc.subtract(times, request.origin), request.step)  # the numbers are not negative
    label = pc.fill_null(pc.cast(labels, pa.string()), "")
    rows = pa.table({"bucket": bucket, "label": label, "value": values})
    names = PARTIAL_AGGREGATES[request.aggregate]
    aggregates = rows.group_by(["bucket", "label"], use_threads=False).aggregate([("value", name) for name in names])
    columns = {name: aggregates[f"value_{name}"] for name in names}
    return pa.table({"bucket": aggregates["bucket"], "label": aggregates["label"], **columns})


def merge(request: Request, parts: Iterable[pa.Table]) -> pa.Table:
    """Merge aggregates; refuse a result with too many points before the rest is merged."""
    total = None
    for part in parts:
        total = part if total is None else merge_rows(pa.concat_tables([total, part]))
        if total.num_rows > request.most_points:
            raise ValueError(
                f"the result has more than {request.most_points} points: choose longer buckets, or fewer values of "
                f"{request.label}"
            )
    return empty_aggregates(request) if total is None else total


def merge_rows(aggregates: pa.Table) -> pa.Table:
    """Merge the rows with the same bucket and label."""
    names = aggregates.column_names[2:]
    merged = aggregates.group_by(["bucket", "label"], use_threads=False).aggregate(
        [(name, MERGED_BY[name]) for name in names]
    )
    columns = {name: merged[f"{name}_{MERGED_BY[name]}"] for name in names}
    return pa.table({"bucket": merged["bucket"], "label": merged["label"], **columns})


def empty_aggregates(request: Request) -> pa.Table:
    """Return the aggregates of no rows, which have columns and no rows."""
    return aggregate_rows(request, pa.array([], pa.int64()), pa.array([], pa.string()), pa.array([], pa.float64()))


def finish(request: Request, aggregates: pa.Table) -> bytes:
    """Convert the aggregates to the result, an Arrow stream with time, label and value, sorted."""
    aggregates = aggregates.sort_by([("label", "ascending"), ("bucket", "ascending")])
    names = aggregates.column_names[2:]
    value = pc.divide(aggregates["sum"], aggregates["count"]) if request.aggregate == "mean" else aggregates[names[0]]
    time = pc.add(pc.multiply(aggregates["bucket"], request.step), request.origin)
    columns = {
        "time": pc.cast(time, pa.timestamp("us", "UTC")),
        request.label: aggregates["label"],
        request.value: pc.cast(value, pa.float64()),
    }
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, (table := pa.table(columns)).schema) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream
