"""One plugin process between its handshake and its end: transport, loader and lifecycle put together."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

from gfruntime import failed, handshake, lifecycle, log, transport
from gfruntime.methods import Application

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime import tls


def run(load: Callable[[], Any], *, stdout: int, writer: log.Writer, parent: int, threads: int) -> None:
    """Serve until the end; returns only when everything that can be closed is closed."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(log.uncaught_in_loop)
    loop.run_until_complete(_serve(load, stdout=stdout, writer=writer, parent=parent, threads=threads))


async def _serve(load: Callable[[], Any], *, stdout: int, writer: log.Writer, parent: int, threads: int) -> None:
    loop = asyncio.get_running_loop()
    client_certificate = os.environ.get("PLUGIN_CLIENT_CERT", "")
    address = handshake.choose_address(os.environ)
    relay = _relay(address, client_certificate) if client_certificate else None
    application: asyncio.Future[Application] = loop.create_future()

    def close() -> None:
        address.remove()
        if relay is not None:
            relay.close()
        writer.flush()

    life = lifecycle.Lifecycle(on_end=close)

    async def drain() -> None:
        life.request()
        await server.drain(lifecycle.DRAIN)

    server = transport.Transport(application, on_shutdown=drain)
    if relay is None:
        address = await server.start(address)
    else:
        await server.start(relay.inner)
        address = await relay.start()
    handshake.share(address, os.environ)
    life.watch_signals()  # before the line: the host may end us as soon as it has read it
    life.watch_parent(parent)
    os.write(stdout, handshake.line(address, relay.certificate if relay is not None else ""))
    threading.Thread(target=_load, args=(load, application, threads), name="loader", daemon=True).start()
    await life.requested.wait()
    await drain()
    await server.stop()
    await _dispose(application)
    life.exit()


def _relay(address: handshake.Address, client_certificate: str) -> tls.Relay:
    from gfruntime import tls  # noqa: PLC0415  # seldom needed

    return tls.Relay(address, client_certificate)


def _load(load: Callable[[], Any], application: asyncio.Future[Application], threads: int) -> None:
    """Import what is slow, then the author's module; an error of either is the answer to every call."""
    try:
        loaded = load()
        if not isinstance(loaded, Application):  # as `gfplug dev` gives
            from gfruntime.service import Service  # noqa: PLC0415  # generated code, pyarrow, msgspec

            loaded = Service.of(loaded, threads=threads).application()
    except BaseException as error:  # noqa: BLE001  # an import may raise anything, even SystemExit
        loaded = failed.application(error)
    application.get_loop().call_soon_threadsafe(application.set_result, loaded)


async def _dispose(application: asyncio.Future[Application]) -> None:
    """Dispose of the instances in a thread of its own; the watchdog bounds it."""
    if not application.done():
        return
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def dispose() -> None:
        application.result().close()
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=dispose, name="dispose", daemon=True).start()
    await done.wait()
