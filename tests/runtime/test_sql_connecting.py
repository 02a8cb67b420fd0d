"""How drivers open sessions: TLS verification, timeouts and IPv6 addresses."""

from __future__ import annotations

import ssl
from types import SimpleNamespace
from typing import Any

import pytest

from gfruntime.errors import QueryError
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.drivers import find_driver, flightsql, mysql, postgresql

pymysql = pytest.importorskip("pymysql")
certifi = pytest.importorskip("certifi")


def verification(parameters: str) -> tuple[ssl.VerifyMode | None, bool]:
    """Prepare a connection to MySQL, and return what its TLS verifies: the certificate, and the name in it."""
    session: Any = object.__new__(mysql.MysqlSession)
    session._address = DatabaseAddress.parse(f"mysql://reader@db.example/shop?{parameters}")
    session._pymysql = SimpleNamespace(connect=lambda **options: pymysql.connect(**options, defer_connect=True))
    session._cursors = pymysql.cursors
    connection = session._connect()
    context = connection.ctx if connection.ssl else None
    return (None, False) if context is None else (context.verify_mode, context.check_hostname)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("ssl_ca={ca}", (ssl.CERT_REQUIRED, True)),
        ("ssl_ca={ca}&ssl_verify_identity=false", (ssl.CERT_REQUIRED, False)),
        ("ssl_ca={ca}&ssl_verify_cert=true&ssl_verify_identity=true", (ssl.CERT_REQUIRED, True)),
        ("ssl_ca={ca}&ssl_verify_cert=false&ssl_verify_identity=false", (ssl.CERT_NONE, False)),
    ],
)
def test_mysql_verifies_with_any_option_of_tls(parameters: str, expected: tuple[ssl.VerifyMode, bool]) -> None:
    """TLS is verified unless the address forbids it; PyMySQL's default verifies nothing."""
    assert verification(parameters.format(ca=certifi.where())) == expected


@pytest.mark.parametrize("value", ["1", "True", "yes", ""])
def test_a_switch_of_an_address_must_be_true_or_false(value: str) -> None:
    """Another value is refused, not taken for false."""
    with pytest.raises(QueryError, match="ssl_verify_cert must be true or false"):
        find_driver(DatabaseAddress.parse(f"mysql://reader@db.example/shop?ssl_verify_cert={value}"))


class Adbc:
    """A fake driver of ADBC that records the servers."""

    def __init__(self) -> None:
        """Start without servers."""
        self.servers: list[str] = []

    def connect(self, server: str, **_: object) -> Adbc:
        """Connect to nothing."""
        self.servers.append(server)
        return self

    def cursor(self) -> Adbc:
        """Return a cursor."""
        return self


@pytest.fixture
def adbc(monkeypatch: pytest.MonkeyPatch) -> Adbc:
    """Replace the real drivers."""
    driver = Adbc()
    for module in (flightsql, postgresql):
        monkeypatch.setattr(module, "import_package", lambda *_: driver)
    return driver


@pytest.mark.parametrize(
    ("address", "server"),
    [("grpc://[::1]:31337", "grpc://[::1]:31337"), ("grpc+tls://db.example", "grpc+tls://db.example:443")],
)
def test_an_ipv6_address_keeps_its_brackets(adbc: Adbc, address: str, server: str) -> None:
    """Without them the port would be read as a part of the address."""
    parts = DatabaseAddress.parse(address)
    find_driver(parts).open(parts, "")

    assert adbc.servers == [server]


def test_a_session_of_flight_sql_is_used_once(adbc: Adbc) -> None:
    """A server may keep a query's settings for the next query."""
    parts = DatabaseAddress.parse("grpc://db.example")

    assert find_driver(parts).open(parts, "").end() is False
    assert len(adbc.servers) == 1


def test_postgresql_connections_have_timeouts(adbc: Adbc) -> None:
    """The timeouts are options of libpq, which the address can change."""
    parts = DatabaseAddress.parse("postgresql://reader@[::1]/shop?tcp_user_timeout=5000")
    find_driver(parts).open(parts, "")
    [uri] = adbc.servers

    assert uri.startswith("postgresql://reader@[::1]/shop?")
    options = dict(each.split("=") for each in uri.partition("?")[2].split("&"))
    assert options == {
        "connect_timeout": "10",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "5000",
    }
