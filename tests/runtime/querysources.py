"""Data sources whose queries follow their models: one by one, in batches, in threads and on loops."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
from calls import Plain

from gfruntime import Frame, Query, QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Model:
    """A panel's query."""

    do: str = ""
    rows: int = 1


@dataclass(frozen=True)
class Names:
    """A variable's query."""

    of: str = "tables"


class Source(Plain):
    """Answers panels one by one, and variables with their own method."""

    def query(self, query: Query[Model]) -> Any:  # type: ignore[override]  # another model
        """Answer a panel, or an annotation: the class has no method for annotations."""
        frame = Frame.of(name=f"{query.query_type} {query.model.do}", v=np.zeros(query.model.rows))
        match query.model.do:
            case "exit":
                raise SystemExit(3)
            case "cancel":
                raise asyncio.CancelledError
            case "seen":
                facts = [query.context.user, query.from_alert, sorted(query.http_headers.items()), query.query_type]
                return Frame.of(seen=[repr(item) for item in facts])
            case "bad meta":
                return Frame(fields=frame.fields, meta={"custom": {(1,): 2}})
        results = {"nothing": None, "text": "text", "none": [], "many": [frame, frame], "table": pa.table({"v": [1.0]})}
        return results.get(query.model.do, frame)

    async def query_variable(self, query: Query[Names]) -> Frame:
        """Answer a variable."""
        if query.model.of == "nothing":
            raise ValueError("no such list")
        return Frame.of(name=f"names of {query.model.of}", text=["a"])


class Async(Source):
    """The same on a loop."""

    async def query(self, query: Query[Model]) -> Any:  # type: ignore[override]  # async
        await asyncio.sleep(0)
        return super().query(query)


class ReturnsAwaitable(Async):
    """Its `query` is a `def` that returns an awaitable, as an `async def` behind a decorator is."""

    def query(self, query: Query[Model]) -> Any:  # type: ignore[override]  # another model
        return super().query(query)


class Batch(Source):
    """Answers all queries of a request together."""

    def query_batch(self, queries: list[Query[Model]]) -> Mapping[str, Any]:
        match queries[0].model.do:
            case "raise":
                raise ValueError("all of them")
            case "exit":
                raise SystemExit(3)
            case "list":
                return []  # type: ignore[return-value]  # the mistake to test
        results = {query.ref_id: self.query(query) for query in queries if query.model.do != "skip"}
        return results | {query.ref_id: QueryError("not this") for query in queries if query.model.do == "refuse"}


class AsyncBatch(Batch):
    """The same on a loop."""

    async def query_batch(self, queries: list[Query[Model]]) -> Any:  # type: ignore[override]  # async
        await asyncio.sleep(0)
        return super().query_batch(queries)
