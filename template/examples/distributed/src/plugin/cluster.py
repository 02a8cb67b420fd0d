"""The connection to a Dask cluster: to a scheduler at an address, or to a cluster of this machine's own.

Whoever reaches a scheduler can run code on its workers, and what a scheduler answers can run code here, for it holds
pickles: both sides must trust each other. So the cluster of this machine's own speaks TLS with a key that its processes
alone have, and who may change another one's address may run code in the plugin.
"""

import contextlib
import logging
import sys
import tempfile
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any

import dask
from dask.delayed import Delayed
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker
from distributed.security import Security

from gfruntime import DownstreamError, PluginError, Query, QueryError, Secret

CONNECT_SECONDS = 10
ENCRYPTED = ("tls", "wss")
SCHEMES = ("tcp", "ws", *ENCRYPTED)
COMPARED = ("python", "dask", "distributed", "cloudpickle", "msgpack", "pyarrow")

dask.config.set(
    {
        "distributed.deploy.lost-worker-timeout": "1 day",  # a worker that takes long to start again is not lost
        "distributed.scheduler.http.routes": [],  # nothing to see on a port of Grafana's machine
        "distributed.worker.http.routes": [],
    }
)
for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
    logging.getLogger(name).handlers.clear()  # dask's own write to stderr
    logging.getLogger(name).propagate = True
    logging.getLogger(name).setLevel(logging.WARNING)


class StartingError(DownstreamError):
    """The cluster is not there yet."""

    status = 503


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the cluster is; without an address: so many workers on this machine, of so many GiB each (0: its share)."""

    scheduler: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: Secret = Secret("")
    token: Secret = Secret("")
    workers: int = 2
    memory: float = 0.0


class Cluster:
    """The connection of one data source: made in the background, shared by all queries, made anew when it is lost."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.lock = threading.Lock()
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="cluster")
        self.attempt: Future[Connection] | None = None
        self.is_closed = False

    def start(self) -> "Future[Connection]":
        """Begin to connect, in a thread of its own, unless that was done and still holds.

        Raises: StartingError once this is closed.
        """
        with self.lock:
            if self.is_closed:
                raise StartingError("the data source's settings have changed: ask again")
            if self.attempt is None or is_over(self.attempt):
                self.attempt = self.executor.submit(self.connect, self.attempt)
            return self.attempt

    def connect(self, before: "Future[Connection] | None") -> "Connection":
        """Close what was lost, and connect."""
        if before is not None:
            with contextlib.suppress(Exception):  # whatever is wrong with it, a new one is made
                close(before)
        return Connection(self.place)

    def connection(self, seconds: float) -> "Connection":
        """Return the connection.

        Raises: StartingError if it takes longer than so many seconds; what `Connection` raises if there can be none.
        """
        attempt = self.start()
        wait_for([attempt], seconds)
        if not attempt.done():
            raise StartingError("the cluster is starting: ask again in some seconds")
        return attempt.result()

    def close(self) -> None:
        """Let go of the connection, or of the one that is being made; a cluster of this machine's own ends."""
        with self.lock:
            self.is_closed = True
        if self.attempt is not None:
            self.attempt.add_done_callback(close)


class Connection:
    """A client of a scheduler, and the cluster of this machine's own, if that is wanted."""

    def __init__(self, place: Place) -> None:
        """Connect.

        Raises: QueryError if the options can't be right; DownstreamError if nothing answers, or another Python does.
        """
        security = security_of(place)
        with contextlib.ExitStack() as opened:
            address: Any = place.scheduler
            if not place.scheduler:
                address = opened.enter_context(start_local(place, security, opened.enter_context(private_folder())))
            try:
                options = {"security": security, "timeout": CONNECT_SECONDS, "set_as_default": False}
                self.client: Any = Client(address, **options)  # type: ignore[no-untyped-call]  # dask has few types
            except (OSError, ValueError) as error:
                raise DownstreamError(f"no scheduler answers at {place.scheduler}: {error}", 503) from error
            opened.enter_context(self.client)
            self.require_same_python()
            self.opened = opened.pop_all()

    @property
    def is_lost(self) -> bool:
        """Tell whether the scheduler is gone for good."""
        return self.client.status not in {"running", "connecting"}

    def compute(self, plan: Delayed, query: Query[Any], deadline: float) -> Any:
        """Let the cluster compute a plan; its tasks leave the cluster when nobody wants the answer any more.

        A task that runs ends by itself: Dask can only keep the ones that wait from running.
        Units: the deadline is a time of `time.monotonic`.
        Raises: QueryError for a ValueError of a task; DownstreamError for whatever else went wrong there.
        """
        future = self.client.compute(plan)
        try:
            with query.on_cancel(future.cancel):
                return future.result(timeout=max(deadline - time.monotonic(), 0.001))
        except (Exception, CancelledError) as error:
            is_late = isinstance(error, TimeoutError) and future.status == "pending"
            raise explain(error, query, is_late=is_late) from error
        finally:
            future.release()

    def size(self) -> str:
        """Say how large the cluster is."""
        threads = self.client.nthreads().values()
        return f"workers: {len(threads)}, threads: {sum(threads)}"

    def differences(self) -> list[str]:
        """Say which versions differ, here and there."""
        versions = self.client.get_versions(packages=["pyarrow"])
        here = versions["client"]["packages"]
        others = [each["packages"] for each in (versions["scheduler"], *versions["workers"].values())]
        there = {name: {str(packages.get(name)) for packages in others} - {str(here[name])} for name in COMPARED}
        return [f"{name} {here[name]} here, {', '.join(sorted(other))} there" for name, other in there.items() if other]

    def require_same_python(self) -> None:
        """Refuse a cluster that can't run the functions of this plugin: they travel as Python's bytecode."""
        versions = self.client.get_versions()
        here = "{}.{}".format(*sys.version_info)
        others = {each["packages"]["python"] for each in (versions["scheduler"], *versions["workers"].values())}
        if other := sorted(each for each in others if not each.startswith(f"{here}.")):
            raise DownstreamError(f"the cluster runs Python {other[0]}, the plugin {here}: build it with the cluster's")

    def close(self) -> None:
        """Close the client, then the cluster of this machine's own."""
        self.opened.close()


def explain(error: BaseException, query: Query[Any], *, is_late: bool) -> PluginError:
    """Say in one sentence why there is no answer, without asking the cluster, which may not answer."""
    if query.cancel.is_set():
        return QueryError("the query was cancelled")
    if is_late:
        return DownstreamError("the cluster did not answer in time: ask for less, or allow more time", 504)
    if isinstance(error, CancelledError):
        return DownstreamError("the connection to the scheduler was lost: ask again", 503)
    if isinstance(error, KilledWorker):
        return DownstreamError("each worker that computed a part of the answer died: they may have too little memory")
    if type(error) is ValueError:
        return QueryError(str(error))
    logging.getLogger(__name__).warning("A task failed", exc_info=error)
    return DownstreamError(f"a worker failed: {type(error).__name__}: {error}")


def is_over(attempt: "Future[Connection]") -> bool:
    """Tell whether an attempt to connect failed, or what it reached is lost."""
    return attempt.done() and (attempt.exception() is not None or attempt.result().is_lost)


def close(attempt: "Future[Connection]") -> None:
    """Close what an attempt has reached."""
    if attempt.exception() is None:
        attempt.result().close()


def private_folder() -> "tempfile.TemporaryDirectory[str]":
    """Make a folder that other users can't read, for what workers have no room for in memory."""
    return tempfile.TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True)


def start_local(place: Place, security: Security, folder: str) -> Any:
    """Start workers on this machine, each a process; they end with the plugin, even if it is killed."""
    return LocalCluster(  # type: ignore[no-untyped-call]  # likewise
        n_workers=place.workers,
        threads_per_worker=1,
        memory_limit=f"{place.memory}GiB" if place.memory else "auto",
        host="127.0.0.1",
        security=security,
        local_directory=folder,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        silence_logs=logging.WARNING,
    )


def security_of(place: Place) -> Any:
    """Say how to speak to the scheduler: with TLS, and with a token where a proxy before the scheduler asks for one.

    Raises: QueryError if the options contradict each other.
    """
    if not place.scheduler:
        return Security.temporary()  # type: ignore[no-untyped-call]  # likewise
    scheme = place.scheduler.partition("://")[0]
    if scheme not in SCHEMES or "://" not in place.scheduler:
        raise QueryError(f"the scheduler's address begins with {'://, '.join(SCHEMES)}://, as in tls://scheduler:8786")
    pems = {"tls_ca_file": place.tls_ca, "tls_client_cert": place.tls_cert, "tls_client_key": place.tls_key}
    if scheme not in ENCRYPTED and (any(pems.values()) or place.token):
        raise QueryError(f"{scheme}:// is not encrypted: with certificates, use tls:// or wss://; with a token, wss://")
    if scheme == "tls" and place.token:
        raise QueryError("a token is sent with wss:// only, to the proxy before the scheduler")
    if scheme == "tls" and not all(pems.values()):
        raise QueryError("tls:// needs the certificate of the cluster's authority, the plugin's own, and its key")
    options: dict[str, Any] = {key: f"{pem.strip()}\n" for key, pem in pems.items() if pem}  # never the path of a file
    if place.token:
        options["extra_conn_args"] = {"headers": {"Authorization": f"Bearer {place.token}"}}
    return Security(require_encryption=scheme in ENCRYPTED, **options)  # type: ignore[no-untyped-call]  # likewise
