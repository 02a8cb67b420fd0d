"""Databases in files: replaced files, paths, and long texts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlqueries import read

from gfruntime.errors import QueryError
from gfruntime.sql.address import DatabaseAddress
from gfruntime.sql.database import Database, Limits
from gfruntime.sql.drivers.files import find_path

if TYPE_CHECKING:
    from pathlib import Path


def test_a_replaced_file_is_read_again(tmp_path: Path) -> None:
    """Most programs replace a file by a rename; a file that is changed in place is read again, too."""
    for name, value in (("a", 1), ("b", 2)):
        with closing(sqlite3.connect(tmp_path / f"{name}.db")) as owner:
            owner.execute(f"CREATE TABLE t AS SELECT {value} AS v")
            owner.commit()
    database = Database(f"sqlite:{tmp_path}/a.db", limits=Limits(connections=1))
    assert read(database, "SELECT v FROM t")["v"].to_list() == [1]
    (tmp_path / "b.db").replace(tmp_path / "a.db")

    assert read(database, "SELECT v FROM t")["v"].to_list() == [2]
    with closing(sqlite3.connect(tmp_path / "a.db")) as owner:
        owner.execute("UPDATE t SET v = 3")
        owner.commit()
    assert read(database, "SELECT v FROM t")["v"].to_list() == [3]
    (tmp_path / "a.db").unlink()
    with pytest.raises(Exception, match="unable to open"):
        read(database, "SELECT v FROM t")
    database.close()


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:/data/x.db", "/data/x.db"),
        ("sqlite:///data/x.db", "/data/x.db"),
        ("sqlite:////data/x.db", "/data/x.db"),
        ("sqlite:x.db", "x.db"),
        ("sqlite:///C:/data/x.db", "C:/data/x.db"),
        ("sqlite:C:/data/x.db", "C:/data/x.db"),
        ("sqlite:", ""),
    ],
)
def test_a_path_is_written_in_many_ways(address: str, path: str) -> None:
    """A path may have SQLAlchemy's slashes, and a Windows drive."""
    assert find_path(DatabaseAddress.parse(address)) == path


@pytest.mark.parametrize("address", ["sqlite://shop.db", "duckdb://shop.duckdb", "sqlite://data/shop.db"])
def test_two_slashes_are_not_a_path(address: str) -> None:
    """Two slashes would mean an empty database, in which each query fails."""
    with pytest.raises(QueryError, match=r"needs a path after (sqlite|duckdb):, such as"):
        Database(address)


def test_the_texts_of_a_file_may_be_long(tmp_path: Path) -> None:
    """Texts of real files are long."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as owner:
        owner.execute("CREATE TABLE t AS SELECT hex(zeroblob(200000)) AS v")
        owner.commit()

    assert len(read(Database(f"sqlite:{tmp_path}/a.db"), "SELECT v FROM t")["v"].to_list()[0]) == 400_000
