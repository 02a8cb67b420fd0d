"""One plugin process from its handshake to its end: combines transport, loader and lifecycle."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Protocol

from gfruntime.logs import log
from gfruntime.serving import handshake, lifecycle
from gfruntime.serving.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from ssl import SSLContext

    from gfruntime.serving.methods import Application

_NO_TLS = (
    "the host asks for mutual TLS (PLUGIN_CLIENT_CERT), which needs the package cryptography ({}): "
    "add `cryptography` to the dependencies in pyproject.toml and build the plugin again"
)


class Transport(Protocol):
    """A gRPC implementation: it listens, and connects calls with a dispatcher."""

    async def start(
        self, address: handshake.ListenAddress, context: SSLContext | None = None
    ) -> handshake.ListenAddress:
        """Listen and serve; with a context, over TLS only; the returned address has the actual port.

        Raises: ListenError if it can't listen.
        """

    async def stop(self) -> None:
        """Close the connections; calls in flight are lost."""


def run(load: Callable[[], Application], *, transport: str, stdout: int, writer: log.Writer, host: int) -> None:
    """Serve until the end; return after all parts are closed."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(log.uncaught_in_loop)
    serving = _serve(load, transport=transport, stdout=stdout, writer=writer, host=host)
    try:
        loop.run_until_complete(serving)
    except handshake.ListenError as error:
        logging.getLogger("gfruntime").error("The plugin can't run: %s", error)  # noqa: TRY400  # it says enough
        raise SystemExit(1) from None


async def _serve(
    load: Callable[[], Application], *, transport: str, stdout: int, writer: log.Writer, host: int
) -> None:
    loop = asyncio.get_running_loop()
    context, certificate = _tls(os.environ.get("PLUGIN_CLIENT_CERT", ""))
    address = handshake.choose_address(os.environ)
    application: asyncio.Future[Application] = loop.create_future()

    def close() -> None:
        if application.done() and application.exception() is None:
            application.result().kill()
        address.remove()
        writer.flush()

    life = lifecycle.Lifecycle(on_end=close)

    async def drain() -> None:
        life.request()
        await dispatcher.drain(lifecycle.DRAIN)

    dispatcher = Dispatcher(application, on_shutdown=drain)
    server = _transport(transport, dispatcher, life.request)
    try:
        address = await server.start(address, context)
    except Exception:
        address.remove()
        raise
    handshake.restrict_socket(address, os.environ)
    life.watch_signals()  # before the line, because the host may end this process once it has read the line
    life.watch_host(host)
    os.write(stdout, handshake.handshake_line(address, certificate))
    threading.Thread(target=_load, args=(load, application), name="loader", daemon=True).start()
    application.add_done_callback(lambda future: life.request() if future.exception() is not None else None)
    await life.requested.wait()
    if application.done() and application.exception() is not None:
        close()
        application.result()
    await drain()
    await server.stop()
    await dispose(application)
    life.exit()


def run_alone(load: Callable[[], Application], *, transport: str) -> int:
    """Serve on a port until interrupted, for debuggers; return the exit status."""
    from gfruntime.serving import plugin_json, standalone  # noqa: PLC0415  # seldom needed

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    manifest = plugin_json.find()
    place = standalone.folder(manifest.plugin_id) or manifest.folder
    if place is None:
        sys.stderr.write("No plugin.json was found below this folder; start it in the plugin's project.\n")
        return 1
    address = standalone.choose_address(os.environ, manifest.plugin_id)
    refusal = standalone.refusal(address, manifest.plugin_id, sys.argv[1:])
    if refusal:
        sys.stderr.write(refusal)
        return 1
    asyncio.run(_serve_alone(load, manifest.plugin_id, place, address, transport=transport))
    return 0


async def _serve_alone(
    load: Callable[[], Application], plugin_id: str, place: Path, address_text: str, *, transport: str
) -> None:
    from gfruntime.serving import standalone  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    application: asyncio.Future[Application] = loop.create_future()
    ended = asyncio.Event()
    dispatcher = Dispatcher(application, on_shutdown=None)
    server = _transport(transport, dispatcher, ended.set)
    address = await server.start(handshake.ListenAddress(network="tcp", value=address_text))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
    with standalone.announce(place, address.value):
        logging.getLogger("gfruntime").info("Serving %s at %s; announced in %s", plugin_id, address.value, place)
        threading.Thread(target=_load, args=(load, application), name="loader", daemon=True).start()
        application.add_done_callback(lambda future: ended.set() if future.exception() is not None else None)
        await ended.wait()
    await dispatcher.drain(lifecycle.DRAIN)
    await server.stop()
    await dispose(application)
    if application.done():
        application.result()


def _transport(name: str, dispatcher: Dispatcher, on_lost: Callable[[], None]) -> Transport:
    """Make the transport of this name; the other transport need not be installed.

    Raises: ValueError if no transport has this name.
    """
    if name == "http2":
        from gfruntime.serving.http2 import listener  # noqa: PLC0415

        return listener.Listener(dispatcher)
    if name != "grpcio":
        raise ValueError(f"transport={name!r}: expected 'grpcio' or 'http2'")
    from gfruntime.serving import transport  # noqa: PLC0415

    return transport.GrpcioTransport(dispatcher, on_lost=on_lost)


def _tls(client_pem: str) -> tuple[SSLContext | None, str]:
    """Make the TLS context for a host with this certificate, and our own certificate for the line; None for plain gRPC.

    Raises: ListenError if the package for it is missing.
    """
    if not client_pem:
        return None, ""
    try:
        from gfruntime.serving import tls  # noqa: PLC0415  # seldom needed
    except ImportError as error:
        raise handshake.ListenError(_NO_TLS.format(error)) from None
    own = tls.self_signed()
    return tls.server_context(own, client_pem), own.line


def _load(load: Callable[[], Application], application: asyncio.Future[Application]) -> None:
    """Load and attach the application; if memory, threads or files do not suffice, end the process."""
    loop = application.get_loop()
    try:
        made_application, _ = load_or_fail(lambda: _attach(load(), loop))
    except Exception as error:  # noqa: BLE001  # `_serve` raises it
        loop.call_soon_threadsafe(application.set_exception, error)
    else:
        loop.call_soon_threadsafe(application.set_result, made_application)


def _attach(application: Application, loop: asyncio.AbstractEventLoop) -> Application:
    """Attach an application on the control loop, and return it.

    Raises: PluginError if attaching fails; its child processes are killed.
    """
    from gfruntime.errors import PluginError, sentence  # noqa: PLC0415  # after the handshake

    async def attach() -> None:
        application.attach()

    try:
        asyncio.run_coroutine_threadsafe(attach(), loop).result()
    except Exception as error:
        application.kill()
        raise PluginError(f"the plugin's code is loaded, but can't be called: {sentence(error)}") from error
    return application


def start_telemetry(environ: Mapping[str, str]) -> None:
    """Start profiles and traces, if they are enabled."""
    from gfruntime.serving import plugin_json  # noqa: PLC0415  # after the handshake
    from gfruntime.telemetry import profiling, tracing  # noqa: PLC0415

    own = plugin_json.find()
    profiling.start(environ, own.plugin_id)
    tracing.setup(own.plugin_id, own.version)


def load_or_fail(load: Callable[[], Application]) -> tuple[Application, BaseException | None]:
    """Do the slow imports, then load the application; an error is returned, and is the answer to every call.

    Raises: an error that comes from a limit, because a half-loaded library may crash the process later.
    """
    from gfruntime.serving import failed, limits, memory, modes  # noqa: PLC0415  # later they may not open

    try:
        memory.tune()
        modes.apply_patches()
        return load(), None
    except BaseException as error:  # an import may raise anything, even SystemExit
        if limits.shortage_behind(error):
            raise
        return failed.application(error), error


async def dispose(application: asyncio.Future[Application]) -> None:
    """Dispose of the instances in a separate thread; the watchdog limits its time."""
    if not application.done() or application.exception() is not None:
        return
    is_done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def dispose() -> None:
        from gfruntime.telemetry import tracing  # noqa: PLC0415  # loaded already

        application.result().close()
        tracing.shutdown()
        loop.call_soon_threadsafe(is_done.set)

    try:
        threading.Thread(target=dispose, name="dispose", daemon=True).start()
    except RuntimeError as error:  # no thread is left; the end of the process must not wait
        logging.getLogger("gfruntime").warning("Instances were not disposed of: %s", error)
        return
    await is_done.wait()
