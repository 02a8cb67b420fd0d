"""The order of events in a plugin process. Only the handshake line ever reaches the real stdout.

1. Run another mode, if the arguments request it (see `modes`), and check the handshake cookie.
2. Reserve the standard descriptors.
3. Choose the transport, open the listener, set the signal handlers.
4. Write the handshake line.
5. Import the slow modules (the generated code, pyarrow, the author's module) in a thread, while calls already wait.

With workers, step 5 runs in the workers, which are started by this process or by a template.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.author.author_class import AnswersBatch, AnswersQuery
    from gfruntime.request.vocabulary import Settings
    from gfruntime.serving.methods import Application

OptionsT = TypeVar("OptionsT")
ModelT = TypeVar("ModelT")

_WORKER = "GFRUNTIME_WORKER"  # the same value as in `gfruntime.serving.workers.channel`, which is imported later
_SWITCH_INTERVAL = 0.001  # health checks answer 5 times faster while handlers use the CPU


def serve(
    load: Callable[[], Callable[[Settings[OptionsT]], AnswersQuery[ModelT] | AnswersBatch[ModelT]]],
    *,
    threads: int = 64,
    transport: Literal["grpcio", "http2"] = "grpcio",
    workers: int | Literal["auto"] = 0,
    max_requests: int = 0,
    max_requests_jitter: int = 0,
    max_memory_mb: int = 0,
) -> NoReturn:
    """Serve a data source until Grafana ends it.

    `load` returns the author's class. It is called after the handshake, in a thread, so put slow imports inside it;
    if it raises, health checks and queries answer with this error. `threads` limits how many `def` handlers run at
    once. `transport` is the gRPC implementation: Google's `grpcio`, or this library's `http2`, which is smaller,
    faster and newer.

    With `workers`, the class runs in this many processes behind this one; `auto` means one for each core. A worker is
    replaced after `max_requests` calls, plus up to `max_requests_jitter`, or once it uses more than `max_memory_mb`
    MiB; 0 means never. Operators can set these four in grafana.ini, too: `workers = 2` in `[plugin.<id>]`.

    >>> serve(lambda: Datasource)  # doctest: +SKIP
    """
    from gfruntime.serving import handshake, host_process, modes  # noqa: PLC0415  # nothing but the cookie matters yet

    modes.run_multiprocessing_child(sys.argv[1:])
    is_alone = bool({"-standalone", "--standalone"} & set(sys.argv[1:]))
    is_started = is_alone or not handshake.refusal(os.environ) or hasattr(sys, "frozen")  # otherwise this may be a test
    if is_started and (refusal := modes.refusal(sys.argv[1:])):
        sys.stderr.write(refusal)
        raise SystemExit(2)
    status = modes.print_build_info(sys.argv[1:])
    if status is not None:
        raise SystemExit(status)
    if is_alone:
        _serve_alone(load, threads, transport)
    plan: dict[str, int | str] = {
        "workers": workers,
        "max_requests": max_requests,
        "max_requests_jitter": max_requests_jitter,
        "max_memory_mb": max_memory_mb,
    }
    if place := os.environ.pop(_WORKER, ""):
        _run_worker(place, _service_factory(load, threads), plan)
    if refusal := handshake.refusal(os.environ):
        sys.stderr.write(refusal)
        raise SystemExit(1)
    del os.environ[handshake.COOKIE_KEY]  # Grafana did not start a child that runs this executable
    host = host_process.find()
    if modes.standalone_may_run():
        _redirect_to_standalone(host)

    _require_system_limits()
    from gfruntime.logs import log, masking  # noqa: PLC0415  # once it is sure that a host listens
    from gfruntime.serving import stdio  # noqa: PLC0415  # once it is sure that a host listens

    masking.keep(masking.named_secrets(os.environ))
    reserved = stdio.reserve()
    writer = log.install(reserved.stderr, level=os.environ.get("GF_PLUGIN_LOG_LEVEL", "info"))
    sys.setswitchinterval(_SWITCH_INTERVAL)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # gRPC's fork callbacks crash the author's forked children
    try:
        from gfruntime.serving.process import run  # noqa: PLC0415  # imports the transport

        make = _application_factory(_service_factory(load, threads), plan)
        run(make, transport=transport, stdout=reserved.stdout, writer=writer, host=host)
    except BaseException as error:  # noqa: BLE001  # whatever it is, it ends the process with a readable line
        _fail(error, writer)
    os._exit(0)


def _run_worker(place: str, make: Callable[[], Application], plan: dict[str, int | str]) -> NoReturn:
    """Run as a worker of the process that Grafana started, or as the template that forks workers."""
    _require_system_limits()
    from gfruntime.logs import log, masking  # noqa: PLC0415  # as in `serve`
    from gfruntime.serving.workers import worker  # noqa: PLC0415  # few plugins have any

    masking.keep(masking.named_secrets(os.environ))
    try:
        worker.run(place, make, plan)
    except BaseException as error:  # noqa: BLE001  # likewise
        _fail(error, log.writer())
    os._exit(0)


def _application_factory(make: Callable[[], Application], plan: dict[str, int | str]) -> Callable[[], Application]:
    """Return a function that makes the application: workers if they are configured, else the author's class."""

    def make_here() -> Application:
        from gfruntime.serving.workers.plan import Plan  # noqa: PLC0415  # after the handshake

        own = Plan.of(os.environ, **plan)
        if own.workers:
            from gfruntime.serving.workers.crew import Crew  # noqa: PLC0415  # few plugins have any

            return Crew(own).start()
        return _with_telemetry(make)

    return make_here


def _with_telemetry(make: Callable[[], Application]) -> Application:
    from gfruntime.serving import process  # noqa: PLC0415  # loaded already

    process.start_telemetry(os.environ)
    return make()


def _service_factory(load: Callable[[], Any], threads: int) -> Callable[[], Application]:
    """Return a function that makes an application of the author's class."""

    def make() -> Application:
        from gfruntime.serving.methods import Application  # noqa: PLC0415  # loaded already

        datasource = load()
        if isinstance(datasource, Application):  # `gfplug dev` passes one
            return datasource
        from gfruntime.calls.service import Service  # noqa: PLC0415  # generated code, pyarrow, msgspec

        return Service.of(datasource, threads=threads).application()

    return make


def _serve_alone(load: Callable[[], Any], threads: int, transport: str) -> NoReturn:
    """Serve for a debugger; standard streams and interrupts belong to the developer."""
    from gfruntime.serving.process import run_alone  # noqa: PLC0415

    raise SystemExit(run_alone(lambda: _with_telemetry(_service_factory(load, threads)), transport=transport))


def _redirect_to_standalone(host: int) -> None:
    """Redirect Grafana to a standalone server, if it runs; this process then serves nothing."""
    from gfruntime.serving import standalone  # noqa: PLC0415

    server = standalone.find_server(os.environ)
    if server is not None:
        standalone.redirect_host(*server, host=host)
        raise SystemExit(0)


def _require_system_limits() -> None:
    """End the process with one log line if the system's limits are too low for a plugin."""
    from gfruntime.serving import limits  # noqa: PLC0415  # it imports next to nothing

    shortage = limits.find_shortage()
    if shortage:
        from gfruntime.logs import lines  # noqa: PLC0415  # few plugins need it here

        os.write(2, lines.encode("error", f"The plugin can't run: {shortage}", {"@module": "gfruntime"}))
        os._exit(1)


def _fail(error: BaseException, writer: Any) -> NoReturn:  # noqa: ANN401  # log.Writer, imported late
    from gfruntime.logs import log  # noqa: PLC0415
    from gfruntime.serving import limits  # noqa: PLC0415

    shortage = limits.shortage_behind(error)
    message = f"The plugin can't run: {shortage}" if shortage else "The plugin could not start"
    log.uncaught(message, type(error), error, error.__traceback__)
    writer.flush(1.0)
    os._exit(1)
