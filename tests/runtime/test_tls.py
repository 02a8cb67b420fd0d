"""Mutual TLS, which a host requests by PLUGIN_CLIENT_CERT: the certificate, and each transport behind TLS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from http2peer import QUERY, run

from gfruntime.serving import handshake
from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.handshake import ListenAddress
from gfruntime.serving.http2.framing import PREFACE
from gfruntime.serving.http2.listener import Listener
from gfruntime.serving.methods import Application, Call
from gfruntime.serving.tls import Certificate, self_signed, server_context
from gfruntime.serving.transport import GrpcioTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gfruntime.serving.process import Transport

CLIENT, SERVER = self_signed(), self_signed()
GREETING = PREFACE + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # the preface and empty SETTINGS
PORT = ListenAddress(network="tcp", value="127.0.0.1:0")


def grpcio(dispatcher: Dispatcher) -> Transport:
    """Make the grpcio transport, whose TLS is in a relay."""
    return GrpcioTransport(dispatcher, on_lost=lambda: None)


both = pytest.mark.parametrize("make", [grpcio, Listener], ids=["grpcio", "http2"])


@contextlib.asynccontextmanager
async def serving(make: Callable[[Dispatcher], Transport], address: ListenAddress) -> AsyncIterator[ListenAddress]:
    """Serve one method over TLS; the loop must not have uncaught exceptions."""

    async def answer(message: bytes, _call: Call) -> bytes:
        return message

    loop = asyncio.get_running_loop()
    uncaught: list[str] = []
    loop.set_exception_handler(lambda _, failure: uncaught.append(failure["message"]))
    application: asyncio.Future[Application] = loop.create_future()
    application.set_result(Application(unary={QUERY: answer}))
    dispatcher = Dispatcher(application, on_shutdown=None)
    transport = make(dispatcher)
    actual = await transport.start(address, server_context(SERVER, CLIENT.pem))
    try:
        yield actual
    finally:
        await asyncio.sleep(0.1)  # both ends see the end
        await dispatcher.drain(0.1)
        await transport.stop()
        actual.remove()
    assert uncaught == []


async def connect(
    address: ListenAddress, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to an address, over TLS if there is a context."""
    name = "localhost" if context is not None else None
    if address.network == "unix":
        return await asyncio.open_unix_connection(address.value, ssl=context, server_hostname=name)
    host, _, port = address.value.rpartition(":")
    return await asyncio.open_connection(host, int(port), ssl=context, server_hostname=name)


def client_context(own: Certificate | None, folder: Path) -> ssl.SSLContext:
    """Make a client's TLS settings."""
    context = ssl.create_default_context(cadata=SERVER.pem)
    context.set_alpn_protocols(["h2"])
    if own is not None:
        file = folder / "client.pem"
        file.write_text(own.key_pem + own.pem, encoding="ascii")
        context.load_cert_chain(file)
    return context


async def greet(address: ListenAddress, context: ssl.SSLContext | None, words: bytes = GREETING) -> bytes:
    """Send the client's preface; return the first bytes of the answer, or none if the server closes."""
    reader, writer = await connect(address, context)
    writer.write(words)
    answer = await reader.read(9)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return answer


@pytest.mark.shows("protocol 20")
@both
@pytest.mark.parametrize("is_port", [False, True], ids=["socket", "port"])
def test_the_client_with_the_certificate_is_served(
    make: Callable[[Dispatcher], Transport], tmp_path: Path, *, is_port: bool
) -> None:
    """The client gets the server's SETTINGS, on a socket and on a port with the right number."""

    async def scenario() -> None:
        async with serving(make, PORT if is_port else handshake.private_socket()) as address:
            assert not address.value.endswith(":0")
            assert (await greet(address, client_context(CLIENT, tmp_path)))[3] == GREETING[-6]

    run(scenario)


@pytest.mark.shows("protocol 20")
@both
@pytest.mark.parametrize("other", [self_signed(), None], ids=["another certificate", "none"])
def test_other_clients_are_refused(
    make: Callable[[Dispatcher], Transport], tmp_path: Path, other: Certificate | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a certificate, or with another one, a client gets no byte; the next client is served."""

    async def scenario() -> None:
        async with serving(make, handshake.private_socket()) as address:
            answer = b""
            with contextlib.suppress(OSError):  # if the alert comes before the read; ssl.SSLError is an OSError
                answer = await greet(address, client_context(other, tmp_path))
            assert answer == b""
            assert await greet(address, client_context(CLIENT, tmp_path))

    run(scenario)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []


@both
@pytest.mark.parametrize(
    "words", [GREETING, b"GET / HTTP/1.1\r\n\r\n", b"\x16", b""], ids=["gRPC", "web", "a byte", ""]
)
def test_plain_text_is_closed_without_a_log_line(
    make: Callable[[Dispatcher], Transport], words: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A client without TLS gets no answer but at most a TLS alert, and causes no line in the log."""

    async def scenario() -> None:
        async with serving(make, handshake.private_socket()) as address:
            reader, writer = await connect(address, None)
            writer.write(words)
            writer.write_eof()
            alert = b""
            with contextlib.suppress(ConnectionError):
                alert = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            assert alert[:1] in {b"", b"\x15"}
            assert await greet(address, client_context(CLIENT, tmp_path))

    run(scenario)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_without_unix_sockets_only_http2_supports_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on Windows, HTTP/2 serves TLS on a port; grpcio, whose relay needs a socket, fails with one sentence."""
    monkeypatch.setattr(handshake, "_HAS_UNIX_SOCKETS", False)

    async def scenario() -> None:
        async with serving(Listener, handshake.choose_address({})) as address:
            assert address.network == "tcp"
            assert await greet(address, client_context(CLIENT, tmp_path))
        with pytest.raises(handshake.ListenError, match='mutual TLS with transport="grpcio" needs a unix socket'):
            async with serving(grpcio, handshake.choose_address({})):
                pass

    run(scenario)


def test_the_certificate_and_socket_files_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Certificate file and relay socket are removed with the address."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    folders: list[str] = []

    async def scenario() -> None:
        async with serving(grpcio, PORT) as address:
            folders.extend(address.folders)

    run(scenario)
    assert [Path(folder).parent for folder in folders] == [tmp_path]
    assert list(tmp_path.iterdir()) == []


def test_the_line_has_the_certificate_without_padding() -> None:
    """The certificate is DER in base64, as go-plugin reads it."""
    assert "=" not in SERVER.line
    padded = SERVER.line + "=" * (-len(SERVER.line) % 4)
    assert ssl.DER_cert_to_PEM_cert(base64.b64decode(padded)) == SERVER.pem


def test_the_private_key_is_in_no_repr() -> None:
    """No repr contains the private key."""
    assert "KEY" not in repr(CLIENT)
