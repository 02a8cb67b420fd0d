"""ClickHouse, by clickhouse-connect over HTTP: rows come in ClickHouse's own format, block by block.

Each query is sent with `readonly=1`, which no query can undo, unless the account itself has this setting.
`readonly=2` is not enough: with it `INSERT INTO FUNCTION file(…)` writes a file, and `url(…)` reads from other servers.
Sessions have no state: a query's settings apply only to that query.

Source: clickhouse.com, docs/operations/settings/permissions-for-queries, docs/interfaces/http.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from gfruntime.sql.drivers import Driver, import_package

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress

_OPTIONS = ("ssl_ca",)
_BLOCK_ROWS = 8192
_READONLY = "SELECT getSetting('readonly')"
_COLUMNS = """\
SELECT database, table, name, type FROM system.columns
WHERE lower(database) NOT IN ('information_schema', 'system') ORDER BY database, table, position"""


def driver(address: DatabaseAddress) -> Driver:
    """Return the driver of `clickhouse://user@host:8443/database`, with TLS; `clickhouse+http://` has no TLS.

    The parameter is ssl_ca: the path of a file.
    """
    address.pick(*_OPTIONS)
    return Driver("clickhouse", ClickhouseSession)


class ClickhouseSession:
    """One client."""

    def __init__(self, address: DatabaseAddress, _script: str) -> None:
        """Connect; if that fails, the driver's error says why."""
        package = import_package("clickhouse_connect", "clickhouse-connect")
        is_encrypted = address.scheme == "clickhouse"
        self._client = package.get_client(
            host=address.host,
            port=address.port or (8443 if is_encrypted else 8123),
            username=address.user or None,
            password=address.password,
            database=address.database or None,
            secure=is_encrypted,
            ca_cert=address.parameters.get("ssl_ca"),
            connect_timeout=10,
            autogenerate_session_id=False,
            query_retries=0,
            tz_mode="aware",
        )
        self._settings = {"max_block_size": _BLOCK_ROWS, "readonly": 1}
        if self._readonly({}) > 0:
            self._settings = {}  # the account's own setting, which the account may not change
        self._query_id = ""
        self._rows: _Rows | None = None

    def begin(self) -> bool:
        """Ask whether the server makes queries with these settings read-only."""
        return self._readonly(self._settings) == 1

    def run(self, sql: str) -> Any:  # noqa: ANN401  # what `Frame.from_cursor` reads
        """Execute a statement."""
        self._query_id = str(uuid.uuid4())
        settings = {**self._settings, "query_id": self._query_id}
        self._rows = _Rows(self._client.query_row_block_stream(sql, settings=settings))
        return self._rows

    def list_columns(self) -> Any:  # noqa: ANN401  # as above
        """List the columns of all tables."""
        return self.run(_COLUMNS)

    def cancel(self) -> None:
        """Kill the statement by a separate request."""
        if self._query_id:
            self._client.command(f"KILL QUERY WHERE query_id = '{self._query_id}' ASYNC")

    def end(self) -> bool:
        """Return True: a query changes no state."""
        return True

    def close(self) -> None:
        """Close the client and the response that it still reads."""
        if self._rows is not None:
            self._rows.close()
        self._client.close()

    def _readonly(self, settings: dict[str, Any]) -> int:
        return int(self._client.command(_READONLY, settings=settings))


class _Rows:
    """The rows of a stream of blocks, as a DB-API cursor."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401  # it has few types
        self._stream, self._blocks = stream, stream.__enter__()
        source = stream.source
        names = zip(source.column_names, source.column_types, strict=True)
        self.description = [(name, kind.name) for name, kind in names] or [("", "")]  # no rows: no columns
        self._block_rows: list[Any] = []

    def fetchmany(self, size: int) -> list[Any]:
        while not self._block_rows and (block := next(self._blocks, None)) is not None:
            self._block_rows = list(block)[::-1]  # the next row is the last item
        return [self._block_rows.pop() for _ in range(min(size, len(self._block_rows)))]

    def fetchall(self) -> list[Any]:
        rows = list[Any]()
        while some := self.fetchmany(_BLOCK_ROWS):
            rows += some
        return rows

    def close(self) -> None:
        self._stream.__exit__(None, None, None)
