"""Trino, by its own client; rows come as JSON, page by page.

No session is read-only for every catalog: only the account's rights prevent a write. A session keeps the settings of
`SET SESSION`, so each query has its own session; a session holds no connection.

Source: github.com/trinodb/trino-python-client 0.334; trino.io, docs/current/develop/client-protocol.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.sql.drivers import COLUMNS, Driver, import_package

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress

_OPTIONS = ("role", "ssl_ca")
_REQUEST_S = 10.0  # the server answers each request within about a second, even without rows


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `trino://user@host:443/catalog/schema`, with TLS; `trino+http://` has no TLS.

    The parameters are role, and ssl_ca: the path of a file. A password without a user is a token.

    Raises: QueryError for a password that would not be encrypted.
    """
    address.pick(*_OPTIONS)
    if address.password and address.scheme != "trino":
        raise QueryError("the database's address: a password needs TLS, so use trino:// instead of trino+http://")
    return Driver("trino", TrinoSession, refuses_writes=False)


class TrinoSession:
    """One session of the client."""

    def __init__(self, address: DatabaseAddress, _script: str) -> None:
        """Prepare the session; the first statement connects."""
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
            encoding=None,  # get rows from the server itself, not from storage that it names
        )
        self._cursor = self._connection.cursor()

    def begin(self) -> bool:
        """Return False: only the account's rights prevent a write."""
        return False

    def run(self, sql: str) -> Any:  # noqa: ANN401  # PEP 249 has no types
        """Execute a statement."""
        self._cursor.execute(sql)
        return self._cursor

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables of the catalog."""
        return self.run(COLUMNS)

    def cancel(self) -> None:
        """Tell the server to cancel the statement."""
        self._cursor.cancel()

    def end(self) -> bool:
        """Return False: a session is not reused."""
        return False

    def close(self) -> None:
        """Cancel the statement, and close."""
        try:
            self._cursor.cancel()
        finally:
            self._connection.close()


def _authentication(trino: Any, address: DatabaseAddress) -> Any:  # noqa: ANN401  # it has few types
    if not address.password:
        return None
    if address.user:
        return trino.auth.BasicAuthentication(address.user, address.password)
    return trino.auth.JWTAuthentication(address.password)
