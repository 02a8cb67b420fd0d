"""A cursor that stops when its rows have more bytes than an answer may have."""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING, Any

from gfruntime.frames.cursors import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROWS = 16  # fetched at once: the bytes of no more rows are in memory before they are counted


class BoundedCursor:
    """Stands before any driver's cursor; `is_cut` tells whether rows were left out.

    Units: bytes of Arrow's buffers, or of Python's objects as `sys.getsizeof` counts them.
    """

    def __init__(self, cursor: Any, most_bytes: int) -> None:  # noqa: ANN401  # PEP 249 has no types
        """Keep the cursor, which has executed its statement."""
        self._cursor, self._left = cursor, most_bytes
        self._row_bytes = most_bytes + 1  # of the last rows; of the first nothing is known
        self.is_cut = False
        if name := next((name for name in READERS if hasattr(cursor, name)), ""):
            self.to_arrow_reader = lambda: _Reader(getattr(cursor, name)(), self)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # as above
        """Give what else the driver's cursor has, but for other ways to read."""
        if name in (*READERS, "fetch_arrow_table"):
            raise AttributeError(name)
        return getattr(self._cursor, name)

    def fetchmany(self, size: int) -> list[Any]:
        """Fetch rows, fewer than there are once their bytes are too many."""
        rows: list[Any] = []
        while len(rows) < size and not self.is_cut:
            count = max(1, min(_ROWS, size - len(rows), self._left // self._row_bytes))
            some: Sequence[Any] = self._cursor.fetchmany(count)
            if not some:
                break
            some_bytes = sum(map(sys.getsizeof, chain.from_iterable(some)))
            self._row_bytes = some_bytes // len(some) + 1
            rows += some[: self.fitting(len(some), some_bytes)]
        return rows

    def fitting(self, rows: int, size: int) -> int:
        """Count the bytes of rows, and tell how many of these rows still belong to the answer."""
        if size > self._left:
            self.is_cut = True
            return int(rows * max(self._left, 0) / size)
        self._left -= size
        return rows


class _Reader:
    """A reader of Arrow's batches that ends with the first one that does not fit any more."""

    def __init__(self, reader: Any, cursor: BoundedCursor) -> None:  # noqa: ANN401  # pyarrow has no types
        self._reader, self._cursor = reader, cursor
        self.schema = reader.schema

    def __iter__(self) -> Iterator[Any]:
        """Give batches while they fit."""
        for batch in self._reader:
            yield batch.slice(0, self._cursor.fitting(len(batch), batch.nbytes))
            if self._cursor.is_cut:
                return

    def close(self) -> None:
        """Let go of the rest."""
        if hasattr(self._reader, "close"):
            self._reader.close()
