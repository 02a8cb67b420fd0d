"""Variables and annotations that have a method, a model and so an editor of their own."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Query, Settings
from gfruntime.author.schema import describe
from gfruntime.calls.resources import SCHEMA
from gfruntime.calls.service import Service
from gfruntime.serving.methods import Call

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Model:
    """What a panel asks."""

    limit: int = 1


@dataclass(frozen=True)
class Names:
    """What a variable asks."""

    of: str = "tables"


@dataclass(frozen=True)
class Unshown:
    """What no form shows."""

    anything: dict[str, str] = field(default_factory=dict)


class Source:
    """Answers panels one by one, and variables with a method of their own."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Take the settings."""

    def query(self, query: Query[Model]) -> Frame:
        """Answer a panel, or an annotation, which has no method here."""
        return Frame.of(name=f"{query.query_type} limit {query.model.limit}", v=[1])

    async def query_variable(self, query: Query[Names]) -> Frame:
        """Answer a variable."""
        if query.model.of == "nothing":
            raise ValueError("no such list")
        return Frame.of(name=f"names of {query.model.of}", text=["a"])


class Batch(Source):
    """Answers panels together."""

    def query_batch(self, queries: list[Query[Model]]) -> Mapping[str, Frame]:
        """Answer them."""
        return {query.ref_id: self.query(query) for query in queries}


@pytest.mark.parametrize("kind", [Source, Batch])
def test_the_query_type_finds_the_method(kind: type) -> None:
    """Each is decoded into its own model; one failing variable sinks no panel."""
    asked = [
        pb.DataQuery(refId="A", json=b'{"limit": 2}'),
        pb.DataQuery(refId="B", queryType="variable", json=b'{"of": "hosts"}'),
        pb.DataQuery(refId="C", queryType="annotation", json=b"{}"),
        pb.DataQuery(refId="D", queryType="variable", json=b'{"of": "nothing"}'),
        pb.DataQuery(refId="E", queryType="variable", json=b'{"of": []}'),
    ]
    found = _answers(kind, asked)

    assert {ref_id: (item.status, item.error) for ref_id, item in found.items()} == {
        "A": (200, ""),
        "B": (200, ""),
        "C": (200, ""),
        "D": (500, "ValueError: no such list"),
        "E": (400, "the query: of: expected str, got array"),
    }
    names = {ref_id: json.loads(found[ref_id].frames[0])["schema"]["name"] for ref_id in "ABC"}
    assert names == {"A": " limit 2", "B": "names of hosts", "C": "annotation limit 1"}


def test_the_schema_is_served_where_the_plugin_runs() -> None:
    """The same as the build embeds, so that editors and backend can be compared."""
    status, told = _schema(Source)

    assert (status, told) == (200, describe(Source, plugin_id=context().pluginId))
    assert [field["name"] for field in told["own"]["variable"]["fields"]] == ["of"]


def test_dataclasses_without_a_form_have_no_schema() -> None:
    """With editors of its own, a data source needs none."""

    class Bare(Source):
        def query(self, query: Query[Unshown]) -> Frame:  # type: ignore[override]  # another model
            raise NotImplementedError

    assert _schema(Bare)[0] == 404


def _schema(kind: type) -> tuple[int, Any]:
    request = pb.CallResourceRequest(pluginContext=context(), path=SCHEMA, url=SCHEMA, method="GET")
    stream = Service.of(kind).application().streams["/pluginv2.Resource/CallResource"]

    async def collect() -> list[bytes]:
        return [part async for part in stream(request.SerializeToString(), Call())]

    parts = [pb.CallResourceResponse.FromString(part) for part in asyncio.run(collect())]
    return parts[0].code, json.loads(b"".join(part.body for part in parts))


def _answers(kind: type, queries: list[pb.DataQuery]) -> dict[str, pb.DataResponse]:
    request = pb.QueryDataRequest(pluginContext=context(), queries=queries, format=pb.DataFrameFormat.JSON)
    handler = Service.of(kind).application().unary["/pluginv2.Data/QueryData"]

    async def ask() -> bytes:
        return await handler(request.SerializeToString(), Call())

    return dict(pb.QueryDataResponse.FromString(asyncio.run(ask())).responses)
