"""The connection to a Dask cluster: to a scheduler at an address, or to a local cluster on this machine.

Anyone who can connect to a scheduler can run code on its workers, and a scheduler's responses can run code here, as
they contain pickles: both sides must trust each other. So the local cluster uses TLS with a key that only its processes
have. Anyone who may change the scheduler's address can run code in the plugin.
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
        "distributed.deploy.lost-worker-timeout": "1 day",  # a worker that restarts slowly must not count as lost
        "distributed.scheduler.http.routes": [],  # no web page on a port of Grafana's machine
        "distributed.worker.http.routes": [],
    }
)
for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
    logging.getLogger(name).handlers.clear()  # dask's own handlers write to stderr
    logging.getLogger(name).propagate = True
    logging.getLogger(name).setLevel(logging.WARNING)


class StartingError(DownstreamError):
    """The cluster has not started yet."""

    status = 503


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """The scheduler; without one, a local cluster of `workers` processes, each with `memory` GiB (0: automatic)."""

    scheduler: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: Secret = Secret("")
    token: Secret = Secret("")
    workers: int = 2
    memory: float = 0.0


class Cluster:
    """The connection of one data source: made in the background, shared by all queries, made again if it is lost."""

    def __init__(self, options: ClusterOptions) -> None:
        self.options = options
        self.lock = threading.Lock()
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="cluster")
        self.attempt: Future[Connection] | None = None
        self.is_closed = False

    def start(self) -> "Future[Connection]":
        """Start to connect, in a background thread, unless there is a connection.

        Raises: StartingError after `close`.
        """
        with self.lock:
            if self.is_closed:
                raise StartingError("the data source's settings have changed: run the query again")
            if self.attempt is None or has_ended(self.attempt):
                self.attempt = self.executor.submit(self.connect, self.attempt)
            return self.attempt

    def connect(self, before: "Future[Connection] | None") -> "Connection":
        """Close the lost connection, and connect."""
        if before is not None:
            with contextlib.suppress(Exception):  # make a new one after any error
                close(before)
        return Connection(self.options)

    def connection(self, seconds: float) -> "Connection":
        """Return the connection.

        Raises: StartingError if it takes longer than so many seconds; the errors of `Connection` if that fails.
        """
        attempt = self.start()
        wait_for([attempt], seconds)
        if not attempt.done():
            raise StartingError("the cluster is starting: run the query again in some seconds")
        return attempt.result()

    def close(self) -> None:
        """Close the connection, also if it is only starting; a local cluster stops."""
        with self.lock:
            self.is_closed = True
        if self.attempt is not None:
            self.attempt.add_done_callback(close)


class Connection:
    """A client of a scheduler, and the local cluster if there is no other."""

    def __init__(self, options: ClusterOptions) -> None:
        """Connect.

        Raises: QueryError if the options are invalid; DownstreamError if no scheduler answers, or its Python differs.
        """
        security = security_of(options)
        with contextlib.ExitStack() as stack:
            address: Any = options.scheduler
            if not options.scheduler:
                address = stack.enter_context(start_local(options, security, stack.enter_context(private_folder())))
            try:
                client_options = {"security": security, "timeout": CONNECT_SECONDS, "set_as_default": False}
                self.client: Any = Client(address, **client_options)  # type: ignore[no-untyped-call]  # dask has few types
            except (OSError, ValueError) as error:
                raise DownstreamError(f"no scheduler answers at {options.scheduler}: {error}", 503) from error
            stack.enter_context(self.client)
            self.require_same_python()
            self.stack = stack.pop_all()

    @property
    def is_lost(self) -> bool:
        """Tell whether the connection to the scheduler is closed."""
        return self.client.status not in {"running", "connecting"}

    def compute(self, plan: Delayed, query: Query[Any], deadline: float) -> Any:
        """Run a plan on the cluster; if the query is cancelled or late, its waiting tasks are cancelled.

        Dask can't stop a running task.
        Units: the deadline is a time of `time.monotonic`.
        Raises: QueryError for a ValueError of a task; DownstreamError for other errors.
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
        """Describe the size of the cluster."""
        threads = self.client.nthreads().values()
        return f"workers: {len(threads)}, threads: {sum(threads)}"

    def differences(self) -> list[str]:
        """List the versions that differ between the plugin and the cluster."""
        versions = self.client.get_versions(packages=["pyarrow"])
        here = versions["client"]["packages"]
        others = [each["packages"] for each in (versions["scheduler"], *versions["workers"].values())]
        cluster_versions = {
            name: {str(packages.get(name)) for packages in others} - {str(here[name])} for name in COMPARED
        }
        return [
            f"{name} {here[name]} here, {', '.join(sorted(other))} there"
            for name, other in cluster_versions.items()
            if other
        ]

    def require_same_python(self) -> None:
        """Refuse a cluster that can't run this plugin's functions, which are sent as Python bytecode."""
        versions = self.client.get_versions()
        here = "{}.{}".format(*sys.version_info)
        others = {each["packages"]["python"] for each in (versions["scheduler"], *versions["workers"].values())}
        if other := sorted(each for each in others if not each.startswith(f"{here}.")):
            raise DownstreamError(
                f"the cluster runs Python {other[0]}, the plugin {here}: build the plugin with that Python"
            )

    def close(self) -> None:
        """Close the client, then the local cluster."""
        self.stack.close()


def explain(error: BaseException, query: Query[Any], *, is_late: bool) -> PluginError:
    """Describe in one sentence why a query failed, without a request to the cluster, which may not respond."""
    if query.cancel.is_set():
        return QueryError("the query was cancelled")
    if is_late:
        return DownstreamError(
            "the cluster did not answer in time: choose a shorter range, or a longer Timeout on the config page", 504
        )
    if isinstance(error, CancelledError):
        return DownstreamError("the connection to the scheduler was lost: run the query again", 503)
    if isinstance(error, KilledWorker):
        return DownstreamError("each worker that computed a part of the result died: the workers may need more memory")
    if type(error) is ValueError:
        return QueryError(str(error))
    logging.getLogger(__name__).warning("A task failed", exc_info=error)
    return DownstreamError(f"a worker failed: {type(error).__name__}: {error}")


def has_ended(attempt: "Future[Connection]") -> bool:
    """Tell whether an attempt to connect failed, or its connection is lost."""
    return attempt.done() and (attempt.exception() is not None or attempt.result().is_lost)


def close(attempt: "Future[Connection]") -> None:
    """Close the connection of an attempt."""
    if attempt.exception() is None:
        attempt.result().close()


def private_folder() -> "tempfile.TemporaryDirectory[str]":
    """Make a folder that other users can't read, for data that does not fit into the workers' memory."""
    return tempfile.TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True)


def start_local(options: ClusterOptions, security: Security, folder: str) -> Any:
    """Start worker processes on this machine; they end with the plugin, even if it is killed."""
    return LocalCluster(  # type: ignore[no-untyped-call]  # likewise
        n_workers=options.workers,
        threads_per_worker=1,
        memory_limit=f"{options.memory}GiB" if options.memory else "auto",
        host="127.0.0.1",
        security=security,
        local_directory=folder,
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        silence_logs=logging.WARNING,
    )


def security_of(options: ClusterOptions) -> Any:
    """Return the security settings of the connection: TLS, and a token if a proxy in front of the scheduler needs one.

    Raises: QueryError if the options contradict each other.
    """
    if not options.scheduler:
        return Security.temporary()  # type: ignore[no-untyped-call]  # likewise
    scheme = options.scheduler.partition("://")[0]
    if scheme not in SCHEMES or "://" not in options.scheduler:
        raise QueryError(
            f"the scheduler's address must begin with {'://, '.join(SCHEMES)}://, got {options.scheduler!r}; "
            "for example tls://scheduler:8786"
        )
    pems = {"tls_ca_file": options.tls_ca, "tls_client_cert": options.tls_cert, "tls_client_key": options.tls_key}
    if scheme not in ENCRYPTED and (any(pems.values()) or options.token):
        raise QueryError(f"{scheme}:// is not encrypted: with certificates, use tls:// or wss://; with a token, wss://")
    if scheme == "tls" and options.token:
        raise QueryError("a token is sent only with wss://, to the proxy in front of the scheduler")
    if scheme == "tls" and not all(pems.values()):
        raise QueryError("tls:// needs the CA certificate of the cluster, a client certificate and its key")
    security: dict[str, Any] = {key: f"{pem.strip()}\n" for key, pem in pems.items() if pem}  # never the path of a file
    if options.token:
        security["extra_conn_args"] = {"headers": {"Authorization": f"Bearer {options.token}"}}
    return Security(require_encryption=scheme in ENCRYPTED, **security)  # type: ignore[no-untyped-call]  # likewise
