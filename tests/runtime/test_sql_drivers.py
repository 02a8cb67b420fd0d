"""The reports of drivers about read-only transactions, and cursors with a bound in bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from gfruntime.errors import FrameError
from gfruntime.sql.bounded import BoundedCursor
from gfruntime.sql.drivers import mysql, postgresql


@dataclass
class Rows:
    """A cursor whose rows have the sizes in `sizes`."""

    sizes: list[int]
    batch_sizes: list[int] = field(default_factory=list)

    def fetchmany(self, size: int) -> list[tuple[str]]:
        """Return rows, and record how many bytes were requested at once."""
        some, self.sizes = self.sizes[:size], self.sizes[size:]
        self.batch_sizes.append(sum(some))
        return [("x" * each,) for each in some]


@pytest.mark.parametrize(
    "sizes",
    [[1_000_000] * 2000, [10] * 5000 + [1_000_000] * 2000, [10, 1_000_000] * 1000],
    ids=["large", "late", "mixed"],
)
def test_no_more_bytes_are_in_memory_than_an_answer_may_have(sizes: list[int]) -> None:
    """Only the last batch exceeds the bound, and this batch has few rows."""
    rows = Rows(sizes)
    cursor = BoundedCursor(rows, 10_000_000)
    answer = cursor.fetchmany(100_000)

    assert cursor.is_cut
    assert sum(map(len, (text for (text,) in answer))) <= 10_000_000
    assert sum(rows.batch_sizes) < 27_000_000


def test_small_rows_are_all_read() -> None:
    """All rows are read with any size of batches."""
    assert len(BoundedCursor(Rows([10] * 5000), 10_000_000).fetchmany(100_000)) == 5000


@pytest.mark.parametrize(
    ("version", "comment", "state", "keeps"),
    [
        ("8.4.3", "MySQL Community Server - GPL", {"transaction_read_only": "ON"}, True),
        ("8.0.36-0ubuntu0.22.04.1", "(Ubuntu)", {"transaction_read_only": "ON"}, True),
        ("8.0.31-google", "(Google)", {"transaction_read_only": "ON"}, True),
        ("8.0.35", "Source distribution", {"transaction_read_only": "ON"}, True),
        ("8.0.35-27", "Percona Server (GPL), Release 27", {"transaction_read_only": "ON"}, True),
        ("10.11.6-MariaDB-0+deb12u1", "Debian 12", {"tx_read_only": "ON"}, True),
        ("11.4.2-MariaDB", "mariadb.org binary distribution", {"transaction_read_only": "ON"}, True),
        ("8.4.3", "MySQL Community Server - GPL", {"transaction_read_only": "OFF"}, False),
        ("10.11.6-MariaDB", "Debian 12", {}, False),
        ("8.0.11-TiDB-v7.5.1", "TiDB Server (Apache License 2.0)", {"transaction_read_only": "ON"}, False),
        ("8.0.33", "StarRocks version 3.3.2", {"transaction_read_only": "ON"}, False),
        ("5.7.99", "Doris version doris-2.1.0", {"tx_read_only": "ON"}, False),
        ("5.7.32", "SingleStoreDB source distribution", {"tx_read_only": "ON"}, False),
        ("8.0.33", "Dolt", {"transaction_read_only": "ON"}, False),
        ("8.0.30-Vitess", "MySQL Community Server - GPL", {"transaction_read_only": "ON"}, False),
        ("", "", {}, False),
    ],
)
def test_only_mysql_and_mariadb_are_trusted_to_be_read_only(
    version: str, comment: str, state: dict[str, str], *, keeps: bool
) -> None:
    """Other servers of the protocol may let a read-only transaction write."""
    assert mysql._keeps_from_writing({"version": version, "version_comment": comment, **state}) is keeps


class Cursor:
    """A cursor of PostgreSQL's protocol, whose server reports `answer` about the transaction."""

    def __init__(self, answer: object) -> None:
        """Store the answer."""
        self.answer, self.statements = answer, list[str]()

    def execute(self, sql: str) -> None:
        """Execute, or fail for a setting that the server does not know."""
        self.statements.append(sql)
        if "current_setting" in sql and self.answer is None:
            raise FrameError("unknown function")

    def fetchall(self) -> list[tuple[object]]:
        """Return the answer."""
        return [(self.answer,)]


@pytest.mark.parametrize(("answer", "keeps"), [("on", True), ("off", False), ("", False), (None, False)])
def test_postgresql_is_trusted_if_it_confirms_read_only(
    monkeypatch: pytest.MonkeyPatch, answer: object, *, keeps: bool
) -> None:
    """A server without the setting needs a read-only account, or gets no query."""
    monkeypatch.setattr(postgresql.PostgresSession, "__init__", lambda *_: None)
    session: Any = object.__new__(postgresql.PostgresSession)
    session._cursor = Cursor(answer)

    assert session.begin() is keeps
    assert session._cursor.statements[0] == "BEGIN TRANSACTION READ ONLY"
