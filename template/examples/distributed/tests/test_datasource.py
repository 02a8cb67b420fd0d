"""Test the data source with a local cluster, and with the failures of clusters."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]
import pytest
from distributed import Client
from distributed.scheduler import KilledWorker

from gfruntime import DownstreamError, Frame, PluginError, Query, QueryError, Secret, Settings, TimeRange
from plugin import datasource as module
from plugin.cluster import ClusterOptions, Connection, explain, security_of
from plugin.datasource import Datasource, Model, Options

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATIENCE = 120.0  # seconds: machines may be busy
LONG = 3000 * HOUR  # 2 * 10^8 readings, which two workers don't make up in a second
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


@pytest.fixture(scope="module")
def source() -> Iterator[Datasource]:
    """A data source with two workers; they take some seconds to start."""
    datasource = make_datasource(timeout=PATIENCE)
    yield datasource
    datasource.dispose()


@pytest.fixture
def connection(source: Datasource) -> Connection:
    """The connection to its cluster."""
    return source.cluster.connection(PATIENCE)


def make_datasource(**options: Any) -> Datasource:
    """Configure the data source."""
    return Datasource(Settings(options=Options(**options)))


def make_query(model: Model | None = None, *, span: timedelta = HOUR) -> Query[Model]:
    """Make the query of a panel that can show 60 points."""
    window = TimeRange(start=START, end=START + span)
    return Query(model=model or Model(), time_range=window, max_data_points=60, interval=timedelta(minutes=1))


def series(frames: list[Frame], value: str = "temperature") -> dict[str, list[float]]:
    """Return the values by site."""
    return {(frame[value].labels or {})["site"]: frame[value].to_list() for frame in frames}


def eventually(claim: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def tasks(connection: Connection) -> int:
    """Count the tasks that the scheduler knows."""
    count: int = connection.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
    return count


def running(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def in_background(source: Datasource, query: Query[Model], outcome: list[Any]) -> threading.Thread:
    """Ask in a thread, which appends the answer or the error."""

    def ask() -> None:
        try:
            outcome.append(source.query(query))
        except PluginError as error:
            outcome.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def test_each_site_becomes_a_series(source: Datasource) -> None:
    """72,000 readings become 120 points."""
    frames = source.query(make_query())
    counts = source.query(make_query(Model(aggregate="count")))

    assert [frame["time"].to_list()[:2] for frame in frames] == [[START, START + timedelta(minutes=1)]] * 2
    assert all(value > 60 for value in series(frames)["north"])
    assert all(value < 60 for value in series(frames)["south"])
    assert series(counts) == {"north": [600.0] * 60, "south": [600.0] * 60}


def test_a_filter_reaches_the_workers(source: Datasource) -> None:
    """They do not read the other sites."""
    assert list(series(source.query(make_query(Model(only=("south",)))))) == ["south"]
    assert source.query(make_query(Model(only=("nowhere",))))[0].fields == ()


def test_files_are_read_where_the_workers_are(source: Datasource, tmp_path: Path) -> None:
    """There is one task for each file; the panel shows an error of a task in one sentence."""
    for number in range(3):
        times = pa.array([START + timedelta(minutes=number), START + timedelta(minutes=number, seconds=30)])
        table = pa.table({"at": times, "site": ["north", "south"], "temperature": [number, 10 * number]})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    files = make_datasource(folder=str(tmp_path), time="at")
    files.cluster.close()
    files.cluster = source.cluster

    assert series(files.query(make_query())) == {"north": [0.0, 1.0, 2.0], "south": [0.0, 10.0, 20.0]}

    with pytest.raises(QueryError, match="has no column 'pressure'; it has at, site, temperature"):
        files.query(make_query(Model(value="pressure")))
    (tmp_path / "2.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(DownstreamError, match=r"^a worker failed: ArrowInvalid: .*2\.parquet"):
        files.query(make_query())


def test_a_cancelled_query_removes_its_tasks(source: Datasource, connection: Connection) -> None:
    """Waiting tasks do not start, and the next query gets all workers."""
    query, outcome = make_query(span=LONG), list[Any]()
    thread = in_background(source, query, outcome)
    eventually(lambda: tasks(connection) > 50)

    query.cancel.set()
    thread.join(PATIENCE)

    assert str(outcome[0]) == "the query was cancelled"
    eventually(lambda: tasks(connection) == 0)
    assert len(source.query(make_query())) == 2


def test_a_query_does_not_wait_longer_than_allowed(
    source: Datasource, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its parts have one deadline; then its tasks are removed, without another request to the cluster."""
    for name in ("nthreads", "scheduler_info"):
        monkeypatch.setattr(connection.client, name, lambda: pytest.fail("a scheduler that hangs was asked"))
    impatient = make_datasource(timeout=1.0)
    impatient.cluster.close()
    impatient.cluster = source.cluster

    began = time.monotonic()
    with pytest.raises(DownstreamError, match=r"^the cluster did not answer in time") as caught:
        impatient.query(make_query(span=LONG))

    assert caught.value.status == 504
    assert time.monotonic() - began < 20
    eventually(lambda: tasks(connection) == 0)


def test_a_query_succeeds_if_a_worker_dies(
    source: Datasource, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker repeats its tasks; the result is the same."""
    monkeypatch.setattr(module, "PART_ROWS", 10_000)
    outcome = list[Any]()
    thread = in_background(source, make_query(Model(aggregate="count"), span=30 * HOUR), outcome)
    eventually(lambda: tasks(connection) > 10)

    os.kill(next(iter(connection.client.run(os.getpid).values())), signal.SIGKILL)
    thread.join(PATIENCE)

    assert {site: sum(values) for site, values in series(outcome[0]).items()} == {
        "north": 1_080_000,
        "south": 1_080_000,
    }
    eventually(lambda: len(connection.client.nthreads()) == 2)  # it was replaced


def test_a_task_that_kills_workers_is_an_error() -> None:
    """Dask tries it on four workers."""
    last_worker: Any = None
    error = explain(KilledWorker("part", last_worker, 3), make_query(), is_late=False)

    assert str(error) == "each worker that computed a part of the result died: the workers may need more memory"


def test_save_and_test_counts_the_workers(source: Datasource, connection: Connection) -> None:
    """It shows the number of workers and of threads."""
    eventually(lambda: len(connection.client.nthreads()) == 2)

    health = source.check_health()

    assert (health.status, health.message) == ("ok", "The cluster answers (workers: 2, threads: 2)")


def test_different_versions_are_listed(
    source: Datasource, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button "Save & test" lists the differences; another version of Python is an error."""
    versions = connection.client.get_versions(packages=["pyarrow"])
    versions["scheduler"]["packages"] |= {"distributed": "1.0", "python": "3.1.0.final.0"}
    monkeypatch.setattr(connection.client, "get_versions", lambda **_: versions)

    message = source.check_health().message

    assert "distributed " in message
    assert " here, 1.0 there" in message
    with pytest.raises(DownstreamError, match=r"the cluster runs Python 3\.1\.0\S*, the plugin 3\.\d+: "):
        connection.require_same_python()


def test_the_connection_to_a_scheduler_uses_certificates(source: Datasource, connection: Connection) -> None:
    """It is the scheduler of the other data source, which continues after this one is closed."""
    own = connection.client.security
    remote = make_datasource(
        scheduler=connection.client.scheduler.address,
        tls_ca=own.tls_ca_file,
        tls_cert=own.tls_client_cert,
        tls_key=Secret(own.tls_client_key),
        timeout=PATIENCE,
    )

    assert series(remote.query(make_query())) == series(source.query(make_query()))
    remote.dispose()
    assert remote.cluster.attempt is not None
    assert remote.cluster.attempt.result().is_lost
    assert len(source.query(make_query())) == 2


def test_other_processes_cannot_use_the_local_cluster(connection: Connection) -> None:
    """Every process of the machine can reach its port, but only its own processes have its key."""
    address = connection.client.scheduler.address
    assert address.startswith("tls://127.0.0.1:")

    with pytest.raises((OSError, TypeError)):
        Client(address.replace("tls", "tcp"), timeout=2, set_as_default=False)  # type: ignore[no-untyped-call]  # dask's
    with pytest.raises((OSError, TypeError)):
        Client(address, timeout=2, security=security_of(ClusterOptions()), set_as_default=False)  # type: ignore[no-untyped-call]


def test_dispose_stops_all_processes() -> None:
    """Those of a running cluster, and those of a cluster that is starting."""
    source, early = make_datasource(workers=1), make_datasource(workers=1)
    early.dispose()
    (pid,) = source.cluster.connection(PATIENCE).client.run(os.getpid).values()

    source.dispose()

    assert not running(pid)
    attempt = early.cluster.attempt
    assert attempt is not None
    eventually(lambda: attempt.done() and attempt.result().is_lost)
    with pytest.raises(DownstreamError, match="settings have changed"):
        early.query(make_query())


def test_a_query_does_not_wait_longer_than_its_timeout_for_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The button "Save & test" tells that the cluster is starting."""
    monkeypatch.setattr(module, "HEALTH_SECONDS", 0.01)
    monkeypatch.setattr("plugin.cluster.Cluster.connect", lambda *_: time.sleep(1))
    starting = make_datasource(timeout=0.01)

    health = starting.check_health()

    assert (health.status, health.message) == (
        "unknown",
        "the cluster is starting: run the query again in some seconds",
    )
    with pytest.raises(DownstreamError, match="is starting") as caught:
        starting.query(make_query())
    assert caught.value.status == 503


def test_a_cluster_that_cannot_be_closed_is_replaced(source: Datasource, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the previous connection does not prevent a new one."""
    before, connection = source.cluster.attempt, source.cluster.connection(PATIENCE)
    monkeypatch.setattr(connection, "close", lambda: 1 / 0)
    monkeypatch.setattr("plugin.cluster.Connection", lambda _place: "new")

    assert str(source.cluster.connect(before)) == "new"


def test_save_and_test_says_that_the_scheduler_does_not_answer(
    source: Datasource, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is the scheduler's error."""

    def lose() -> None:
        raise OSError("Timed out")

    monkeypatch.setattr(connection.client, "nthreads", lose)

    assert (source.check_health().status, source.check_health().message) == ("error", "Timed out")


def test_an_unreachable_scheduler_is_named_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The button "Save & test" shows it, too, and the next query tries again."""
    monkeypatch.setattr("plugin.cluster.CONNECT_SECONDS", 0.2)
    source = make_datasource(scheduler="tcp://127.0.0.1:1")

    assert source.check_health().message.startswith("no scheduler answers at tcp://127.0.0.1:1: ")
    first = source.cluster.attempt
    with pytest.raises(DownstreamError, match="no scheduler answers"):
        source.query(make_query())
    assert source.cluster.attempt is not first


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"scheduler": "scheduler:8786"}, "must begin with tcp://, ws://, tls://, wss://"),
        ({"scheduler": "file:///etc/passwd"}, "must begin with tcp://"),
        ({"scheduler": "tls://scheduler:8786"}, "needs the CA certificate of the cluster"),
        ({"scheduler": "tls://scheduler:8786", "token": Secret("t")}, "sent only with wss://"),
        ({"scheduler": "tcp://scheduler:8786", "token": Secret("t")}, "tcp:// is not encrypted"),
        ({"scheduler": "tcp://scheduler:8786", "tls_ca": PEM}, "tcp:// is not encrypted"),
    ],
)
def test_an_invalid_address_is_refused(options: dict[str, Any], problem: str) -> None:
    """Nothing is sent to it."""
    with pytest.raises(QueryError, match=problem):
        security_of(ClusterOptions(**options))


def test_the_security_settings_use_the_options() -> None:
    """A certificate is text, never the path of a file on Grafana's machine; the token is a header."""
    security = security_of(
        ClusterOptions(
            scheduler="wss://s:443", tls_ca=PEM, tls_cert="/etc/cert", tls_key=Secret(PEM), token=Secret("t")
        )
    )

    assert security.tls_ca_file == f"{PEM}\n"
    assert security.tls_client_cert == "/etc/cert\n"
    assert security.extra_conn_args == {"headers": {"Authorization": "Bearer t"}}
    assert security.require_encryption


@pytest.mark.parametrize(
    ("model", "start", "end", "problem"),
    [
        (Model(), START, START, "start before it ends"),
        (Model(), datetime(1800, 1, 1, tzinfo=UTC), START, "between 1900 and 2190"),
        (Model(), datetime(1900, 1, 1, tzinfo=UTC), START, "choose a shorter range"),
        (Model(value="site"), START, START + HOUR, "must be two different columns"),
        (Model(label="time"), START, START + HOUR, "must be two different columns"),
        (Model(value="pressure"), START, START + HOUR, "has the value temperature"),
    ],
)
def test_an_invalid_query_is_refused(
    source: Datasource, model: Model, start: datetime, end: datetime, problem: str
) -> None:
    """The error is one sentence, and the cluster gets no task."""
    with pytest.raises(QueryError, match=problem):
        source.query(Query(model=model, time_range=TimeRange(start=start, end=end)))
