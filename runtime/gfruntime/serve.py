"""The order of things in a plugin process. Only the handshake line ever reaches the true stdout.

1. what else than serving is wanted (see `modes`), and the cookie; 2. the standard descriptors; 3. the transport, the
listener, signals; 4. the line; 5. everything heavy (the generated code, pyarrow, the author's module) in a thread,
while calls already wait for it. With workers, the last step is theirs, and their processes begin where this one begins.
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

_WORKER = "GFRUNTIME_WORKER"  # as `gfruntime.serving.workers.channel` has it
_SWITCH_INTERVAL = 0.001  # health answers 5 times faster while handlers burn CPU


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

    `load` returns the author's class. It is called late, in a thread, so that slow imports belong inside it; when it
    raises, health checks and queries answer with that error. `threads` bounds how many `def` handlers run at once.
    `transport` is what speaks gRPC: Google's `grpcio`, or this library's own `http2`, which is smaller and faster, and
    new.

    With `workers` the class runs in so many processes behind this one; with `auto` in one for each core. One of them is
    replaced after `max_requests` calls, and up to `max_requests_jitter` more, or once it takes more than
    `max_memory_mb` MiB; 0 is never. Operators set these four in grafana.ini, too: `workers = 2` in `[plugin.<id>]`.

    >>> serve(lambda: Datasource)  # doctest: +SKIP
    """
    from gfruntime.serving import handshake, host_process, modes  # noqa: PLC0415  # nothing but the cookie matters yet

    modes.run_multiprocessing_child(sys.argv[1:])
    is_alone = bool({"-standalone", "--standalone"} & set(sys.argv[1:]))
    is_started = is_alone or not handshake.refusal(os.environ) or hasattr(sys, "frozen")  # else a test may call this
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
        _run_worker(place, _service(load, threads), plan)
    if refusal := handshake.refusal(os.environ):
        sys.stderr.write(refusal)
        raise SystemExit(1)
    del os.environ[handshake.COOKIE_KEY]  # a child that starts the same executable is not Grafana's
    host = host_process.find()
    if modes.standalone_may_run():
        _locate(host)

    _require_enough()
    from gfruntime.logs import log, masking  # noqa: PLC0415  # once it is sure that a host listens
    from gfruntime.serving import stdio  # noqa: PLC0415  # once it is sure that a host listens

    masking.keep(masking.named_secrets(os.environ))
    reserved = stdio.reserve()
    writer = log.install(reserved.stderr, level=os.environ.get("GF_PLUGIN_LOG_LEVEL", "info"))
    sys.setswitchinterval(_SWITCH_INTERVAL)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # its handlers crash a child that a handler forks
    try:
        from gfruntime.serving.process import run  # noqa: PLC0415  # imports the transport

        make = _application(_service(load, threads), plan)
        run(make, transport=transport, stdout=reserved.stdout, writer=writer, host=host)
    except BaseException as error:  # noqa: BLE001  # whatever it is, it ends the process with a readable line
        _fail(error, writer)
    os._exit(0)


def _run_worker(place: str, make: Callable[[], Application], plan: dict[str, int | str]) -> NoReturn:
    """Be a worker of the process that Grafana started, or what forks them."""
    _require_enough()
    from gfruntime.logs import log, masking  # noqa: PLC0415  # as in `serve`
    from gfruntime.serving.workers import worker  # noqa: PLC0415  # few plugins have any

    masking.keep(masking.named_secrets(os.environ))
    try:
        worker.run(place, make, plan)
    except BaseException as error:  # noqa: BLE001  # likewise
        _fail(error, log.writer())
    os._exit(0)


def _application(make: Callable[[], Application], plan: dict[str, int | str]) -> Callable[[], Application]:
    """Return what makes what answers in this process: workers if they are wanted, else the author's class itself."""

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


def _service(load: Callable[[], Any], threads: int) -> Callable[[], Application]:
    """Return what makes the author's class answer the calls of pluginv2."""

    def make() -> Application:
        from gfruntime.serving.methods import Application  # noqa: PLC0415  # loaded already

        loaded = load()
        if isinstance(loaded, Application):  # as `gfplug dev` gives
            return loaded
        from gfruntime.calls.service import Service  # noqa: PLC0415  # generated code, pyarrow, msgspec

        return Service.of(loaded, threads=threads).application()

    return make


def _serve_alone(load: Callable[[], Any], threads: int, transport: str) -> NoReturn:
    """Serve for a debugger: standard streams and interrupts are the developer's."""
    from gfruntime.serving.process import run_alone  # noqa: PLC0415

    raise SystemExit(run_alone(lambda: _with_telemetry(_service(load, threads)), transport=transport))


def _locate(host: int) -> None:
    """Tell Grafana of a standalone server, should one run; then this process serves nothing."""
    from gfruntime.serving import standalone  # noqa: PLC0415

    server = standalone.find_server(os.environ)
    if server is not None:
        standalone.redirect_host(*server, host=host)
        raise SystemExit(0)


def _require_enough() -> None:
    """End the process with one line for Grafana's log where the system gives too little for a plugin to run."""
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
