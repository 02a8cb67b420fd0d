"""Trino, by its own client: rows come as JSON, page by page.

No session may only read, as far as every catalog goes: the account's rights are what keeps a query from writing. A
session keeps what a query says with `SET SESSION`, so each query has one of its own; it holds no connection.

Source: github.com/trinodb/trino-python-client 0.334; trino.io, docs/current/develop/client-protocol.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.sql.drivers import COLUMNS, Driver, import_package

if TYPE_CHECKING:
    from gfruntime.sql.address import Address

_OPTIONS = ("role", "ssl_ca")
_REQUEST_S = 10.0  # the server answers each request within about a second, with rows or without


def driver(address: Address) -> Driver:
    """Return the driver of `trino://user@host:443/catalog/schema`, by TLS; `trino+http://` is without.

    The parameters are role, and ssl_ca: the path of a file. A password without a user is a token.

    Raises: QueryError for a password that would not be encrypted.
    """
    address.pick(*_OPTIONS)
    if address.password and address.scheme != "trino":
        raise QueryError("the database's address: a password is sent by TLS alone, so by trino://")
    return Driver("trino", TrinoSession, refuses_writes=False)


class TrinoSession:
    """One session of the client."""

    def __init__(self, address: Address, _script: str) -> None:
        """Prepare it; the first statement connects."""
        trino = import_package("trino", "trino")
        is_encrypted = address.scheme == "trino"
        catalog, _, schema = address.database.partition("/")
        self._connection = trino.dbapi.connect(
            host=address.host,
            port=address.port or (443 if is_encrypted else 8080),
            user=address.user or None,
            auth=_authentication(trino, address),
            catalog=catalog or None,
            schema=schema or None,
            roles=address.parameters.get("role"),
            http_scheme="https" if is_encrypted else "http",
            verify=address.parameters.get("ssl_ca", True),
            source="gfplug",
            timezone="UTC",
            request_timeout=_REQUEST_S,
            encoding=None,  # rows from the server itself, and not from storage that it names
        )
        self._cursor = self._connection.cursor()

    def begin(self) -> bool:
        """Begin nothing: the account's rights alone keep a query from writing."""
        return False

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables of the catalog."""
        return self.run(COLUMNS)

    def cancel(self) -> None:
        """Tell the server to give up the statement."""
        self._cursor.cancel()

    def end(self) -> bool:
        """A session is not used again."""
        return False

    def close(self) -> None:
        """Give up what runs, and close."""
        try:
            self._cursor.cancel()
        finally:
            self._connection.close()


def _authentication(trino: Any, address: Address) -> Any:  # noqa: ANN401  # it has few types
    if not address.password:
        return None
    if address.user:
        return trino.auth.BasicAuthentication(address.user, address.password)
    return trino.auth.JWTAuthentication(address.password)
