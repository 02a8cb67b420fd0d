"""Connections of database drivers, with and without Grafana's secure socks proxy."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import upstreams
from upstreams import settings

from gfruntime import DownstreamError, Tunnel, open_socket
from gfruntime.serving.tls import self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gfruntime import Settings

_PREFIX = "GF_SECURE_SOCKS_DATASOURCE_PROXY_"


class Echo:
    """A fake database: returns the received bytes of each connection in capitals."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=upstreams._accept, args=(self.listener, self._answer), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client:
            while data := client.recv(65536):
                client.sendall(data.upper())


@pytest.fixture
def database() -> Iterator[Echo]:
    """Run a database."""
    echo = Echo()
    yield echo
    upstreams._close(echo.listener)


@pytest.fixture(params=[True, False], ids=["over TLS", "plain"])
def proxy_and_settings(
    request: pytest.FixtureRequest, database: Echo, tmp_path: Path
) -> Iterator[tuple[Any, Settings[Any]]]:
    """Run a proxy in front of the database, and configure a data source to use it."""
    client = self_signed()
    context, pem = upstreams.tls(tmp_path, trusts=client.pem)
    proxy = upstreams.SocksProxy(database.port, context if request.param else None)
    config = {
        "SERVER_ENABLED": "true",
        "PROXY_ADDRESS": proxy.address,
        "SERVER_NAME": "localhost",
        "CLIENT_CERT_VAL": client.pem,
        "CLIENT_KEY_VAL": client.key_pem,
        "ROOT_CA_CERT_VALS": pem,
        "ALLOW_INSECURE": str(not request.param).lower(),
    }
    own = settings(
        data={"enableSecureSocksProxy": True},
        secrets={"secureSocksProxyPassword": "pw"},
        config={f"{_PREFIX}{name}": value for name, value in config.items()},
    )
    yield proxy, own
    proxy.close()


def say(connection: socket.socket, text: bytes) -> bytes:
    """Send a text, and read as many bytes."""
    connection.sendall(text)
    reply = b""
    while len(reply) < len(text) and (part := connection.recv(65536)):
        reply += part
    return reply


def test_a_socket_uses_the_proxy(proxy_and_settings: tuple[Any, Settings[Any]]) -> None:
    """The socket sends the host's name, with the data source's uid as user; the driver then reaches the database."""
    proxy, own = proxy_and_settings
    with open_socket(own, "db.inside.example", 5432) as connection:
        assert say(connection, b"select") == b"SELECT"
        assert connection.gettimeout() is None
    assert proxy.targets == [("db.inside.example", b"u", b"pw")]


def test_a_tunnel_uses_the_proxy(proxy_and_settings: tuple[Any, Settings[Any]]) -> None:
    """The tunnel has several connections at once, and much data in both directions."""
    proxy, own = proxy_and_settings
    data = os.urandom(6_000_000)
    with Tunnel(own, "db.inside.example", 5432) as tunnel:
        assert (tunnel.host, tunnel.port != 5432) == ("127.0.0.1", True)
        with (
            socket.create_connection((tunnel.host, tunnel.port), 20) as one,
            socket.create_connection((tunnel.host, tunnel.port), 20) as two,
        ):
            assert say(two, b"two") == b"TWO"
            sender = threading.Thread(target=one.sendall, args=(data,))
            sender.start()
            reply = b""
            while len(reply) < len(data):
                reply += one.recv(1 << 20)
            sender.join()
            assert hashlib.sha256(reply).digest() == hashlib.sha256(data.upper()).digest()
            assert say(two, b"again") == b"AGAIN"
    assert {name for name, _, _ in proxy.targets} == {"db.inside.example"}


@pytest.mark.slow
def test_closing_a_tunnel_ends_its_connections(proxy_and_settings: tuple[Any, Settings[Any]]) -> None:
    """The tunnel's port is closed, too."""
    _, own = proxy_and_settings
    tunnel = Tunnel(own, "db", 5432)
    with socket.create_connection((tunnel.host, tunnel.port), 10) as connection:
        assert say(connection, b"a") == b"A"
        tunnel.close()
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((tunnel.host, tunnel.port), 10)


def fill(connection: socket.socket) -> None:
    """Send until every buffer on the way is full, since the replies are not read."""
    connection.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while True:
            connection.sendall(bytes(1_000_000))


@pytest.mark.slow
def test_a_waiting_tunnel_uses_no_cpu_time(proxy_and_settings: tuple[Any, Settings[Any]]) -> None:
    """An idle connection, or one with a slow reader, uses no CPU time."""
    _, own = proxy_and_settings
    with Tunnel(own, "db", 5432) as tunnel, socket.create_connection((tunnel.host, tunnel.port), 10) as connection:
        assert say(connection, b"a") == b"A"
        began = time.process_time()
        time.sleep(1)
        idle = time.process_time() - began
        fill(connection)
        began = time.process_time()
        time.sleep(1)
        slow = time.process_time() - began

    assert max(idle, slow) < 0.3


def test_without_the_proxy_the_address_is_the_hosts_own(database: Echo) -> None:
    """No tunnel listens, and a socket connects directly; the data source's switch alone is not enough."""
    for own in (settings(), settings(data={"enableSecureSocksProxy": True})):
        with Tunnel(own, "127.0.0.1", database.port) as tunnel:
            assert (tunnel.host, tunnel.port) == ("127.0.0.1", database.port)
        with open_socket(own, "127.0.0.1", database.port) as connection:
            assert say(connection, b"x") == b"X"


def test_an_unreachable_upstream_is_a_downstream_error(database: Echo, caplog: pytest.LogCaptureFixture) -> None:
    """The error has the proxy's reason, and no address; the tunnel closes its connections."""
    proxy = upstreams.SocksProxy(database.port, None, refuses=4)
    config = {"SERVER_ENABLED": "true", "PROXY_ADDRESS": proxy.address, "ALLOW_INSECURE": "true"}
    own = settings(
        data={"enableSecureSocksProxy": True}, config={f"{_PREFIX}{name}": value for name, value in config.items()}
    )
    with pytest.raises(DownstreamError, match="through the secure socks proxy: the socks proxy: host unreachable"):
        open_socket(own, "db.inside.example", 1)
    with Tunnel(own, "db", 1) as tunnel, socket.create_connection((tunnel.host, tunnel.port), 10) as connection:
        assert connection.recv(1) == b""
    assert "The tunnel of n: the database can't be reached" in caplog.text
    proxy.close()
    with pytest.raises(DownstreamError, match="can't be reached: Connection refused"):
        open_socket(settings(), "127.0.0.1", 9)
