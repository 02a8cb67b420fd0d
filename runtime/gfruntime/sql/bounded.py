"""A cursor that stops when its rows exceed the byte limit of an answer."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

from gfruntime.frames.cursors import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROWS = 16  # per fetch: at most this many rows are in memory before their bytes are counted


class BoundedCursor:
    """Wraps any driver's cursor; `is_cut` is true once rows were left out.

    Units: bytes of Arrow's buffers, or of Python's objects as `sys.getsizeof` counts them.
    """

    def __init__(self, cursor: Any, most_bytes: int) -> None:  # noqa: ANN401  # PEP 249 has no types
        """Take a cursor that has executed its statement."""
        self._cursor, self._bytes_left = cursor, most_bytes
        self._row_bytes = most_bytes + 1  # bytes per row of the last fetch; unknown for the first
        self.is_cut = False
        if name := next((name for name in READERS if hasattr(cursor, name)), ""):
            self.to_arrow_reader = lambda: _Reader(getattr(cursor, name)(), self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as above
        """Return any other attribute of the driver's cursor, except other ways to read."""
        if name in (*READERS, "fetch_arrow_table"):
            raise AttributeError(name)
        return getattr(self._cursor, name)

    def fetchmany(self, size: int) -> list[Any]:
        """Fetch rows; return fewer rows once they exceed the byte limit."""
        rows: list[Any] = []
        while len(rows) < size and not self.is_cut:
            count = max(1, min(_ROWS, size - len(rows), self._bytes_left // self._row_bytes))
            some: Sequence[Any] = self._cursor.fetchmany(count)
            if not some:
                break
            some_bytes = sum(map(sys.getsizeof, chain.from_iterable(some)))
            self._row_bytes = some_bytes // len(some) + 1
            rows += some[: self.count_rows_that_fit(len(some), some_bytes)]
        return rows

    def count_rows_that_fit(self, rows: int, size: int) -> int:
        """Count the bytes of rows, and return how many of these rows still fit."""
        if size > self._bytes_left:
            self.is_cut = True
            return int(rows * max(self._bytes_left, 0) / size)
        self._bytes_left -= size
        return rows


class _Reader:
    """A reader of Arrow's batches that ends at the first batch that does not fit."""

    def __init__(self, reader: Any, cursor: BoundedCursor) -> None:  # noqa: ANN401  # pyarrow has no types
        self._reader, self._cursor = reader, cursor
        self.schema = reader.schema

    def __iter__(self) -> Iterator[Any]:
        """Yield batches while they fit."""
        for batch in self._reader:
            yield batch.slice(0, self._cursor.count_rows_that_fit(len(batch), batch.nbytes))
            if self._cursor.is_cut:
                return

    def close(self) -> None:
        """Close the driver's reader."""
        if hasattr(self._reader, "close"):
            self._reader.close()
