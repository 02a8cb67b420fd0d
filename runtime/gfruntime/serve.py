"""The order of things in a plugin process. Only the handshake line ever reaches the true stdout.

1. what else than serving is wanted (see `modes`), and the cookie; 2. the standard descriptors; 3. grpcio, the listener,
signals; 4. the line; 5. everything heavy (the generated code, pyarrow, the author's module) in a thread, while calls
already wait for it.
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

_SWITCH_INTERVAL = 0.001  # health answers 5 times faster while handlers burn CPU


def serve(
    load: Callable[[], Callable[[Settings[OptionsT]], AnswersQuery[ModelT] | AnswersBatch[ModelT]]],
    *,
    threads: int = 64,
    transport: Literal["grpcio", "http2"] = "grpcio",
) -> NoReturn:
    """Serve a data source until Grafana ends it.

    `load` returns the author's class. It is called late, in a thread, so that slow imports belong inside it; when it
    raises, health checks and queries answer with that error. `threads` bounds how many `def` handlers run at once.
    `transport` is what speaks gRPC: Google's `grpcio`, or this library's own `http2`, which is smaller and faster, and
    new.

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

        run(_application(load, threads), transport=transport, stdout=reserved.stdout, writer=writer, host=host)
    except BaseException as error:  # noqa: BLE001  # whatever it is, it ends the process with a readable line
        _fail(error, writer)
    os._exit(0)


def _application(load: Callable[[], Any], threads: int) -> Callable[[], Application]:
    """Return what makes the application: the author's class behind the pluginv2 services."""

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

    raise SystemExit(run_alone(_application(load, threads), transport=transport))


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
