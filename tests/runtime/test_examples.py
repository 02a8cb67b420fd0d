"""The examples of `gfplug new` limit the size of their results for any query."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from calls import Services
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import QueryError, Settings, StreamRequest
from gfruntime.author.schema import describe

ROOT = Path(__file__).parents[2]
FILES = {
    "signals": ROOT / "template/project/src/plugin/datasource.py",
    "adopted": ROOT / "template/frontends/adopted/src/plugin/datasource.py",
    **{path.parents[2].name: path for path in ROOT.glob("template/examples/*/src/plugin/datasource.py")},
}
del FILES["http"]  # the example needs an API: tests/conformance/test_examples.py
del FILES["openapi"]  # half of it is generated from a description: tests/generated/test_openapi.py
del FILES["distributed"]  # the example starts processes; its own tests check its limits
START_MS, HOUR_MS = 1_767_225_600_000, 3_600_000
YEARS_MS = 250 * 365 * 24 * HOUR_MS
SPANS = {
    "hour": (START_MS, START_MS + HOUR_MS),
    "centuries": (-YEARS_MS, YEARS_MS),
    "all time": (-(2**62), 2**62),
    "turned round": (START_MS + HOUR_MS, START_MS),
    "nothing": (START_MS, START_MS),
    "the end of time": (2**62, 2**62 + 1),
}
POINTS_AND_INTERVALS = [(2**62, 1), (2**63 - 1, 2**63 - 1), (-1, -1), (0, 0)]
MOST = 35_000  # cells of an answer


def load(name: str) -> Any:
    """Import an example by its file."""
    if name == "dataframe":
        pytest.importorskip("polars")
    spec = importlib.util.spec_from_file_location(f"example_{name}", FILES[name])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def ask(
    name: str, model: dict[str, Any], *, span: str = "hour", points_and_interval: tuple[int, int] = (100, 60_000)
) -> pb.DataResponse:
    """Send one query as Grafana does, in bytes."""
    message = pb.DataQuery(
        refId="A",
        json=json.dumps(model).encode(),
        maxDataPoints=points_and_interval[0],
        intervalMS=points_and_interval[1],
    )
    message.timeRange.CopyFrom(pb.TimeRange(fromEpochMS=SPANS[span][0], toEpochMS=SPANS[span][1]))
    request = pb.QueryDataRequest(pluginContext=context(), queries=[message])
    return Services(load(name).Datasource).query(request)["A"]


@pytest.mark.parametrize("points_and_interval", POINTS_AND_INTERVALS, ids=str)
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("name", sorted(FILES))
def test_every_example_limits_the_size_of_its_results(
    name: str, span: str, points_and_interval: tuple[int, int]
) -> None:
    """Too many points, intervals of zero, centuries and reversed ranges give a result, or one error."""
    load(name)  # importing polars takes a second
    began = time.monotonic()
    answer = ask(name, {}, span=span, points_and_interval=points_and_interval)

    assert time.monotonic() - began < 20
    if "outside the years 1677 to 2262" not in answer.error:  # no frame can have such times
        assert answer.status in ((200, 400) if span != "hour" else (200,)), answer.error
    tables = [pa.ipc.open_file(frame).read_all() for frame in answer.frames]
    assert sum(table.num_rows * table.num_columns for table in tables) <= MOST
    assert "Traceback" not in answer.error


@pytest.mark.parametrize(
    ("name", "model", "sentence"),
    [
        ("signals", {"series": 30_000_000}, "field 'series': 30000000 is above the maximum 100"),
        ("signals", {"series": 0}, "field 'series': 0 is below the minimum 1"),
        ("signals", {"period": 0}, "field 'period': 0.0 is below the minimum 1"),
        ("signals", {"amplitude": "inf"}, "field 'amplitude': inf is not a finite number"),
        ("signals", {"signal": "cosine"}, "field 'signal': 'cosine' is not one of 'sine', 'sa"),
        ("stream", {"hertz": 1e12}, "field 'hertz': 1000000000000.0 is above the maximum 50"),
        ("dataframe", {"aggregate": "eval"}, "field 'aggregate': 'eval' is not one of 'mean', 'sum', 'm"),
        ("logs", {"limit": 5001}, "field 'limit': 5001 is above the maximum 5000"),
        ("sql", {"sql": ""}, "field 'sql': it is empty, and a value is required"),
    ],
)  # fmt: skip
def test_an_example_refuses_what_its_editor_refuses(name: str, model: dict[str, Any], sentence: str) -> None:
    """The error has status 400."""
    answer = ask(name, model)

    assert answer.status == 400
    assert answer.error.startswith(f"the query: {sentence}")


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_schema_of_an_example_can_be_built(name: str) -> None:
    """The example's bounds are possible, and its editors can be built."""
    assert describe(load(name).Datasource)["version"] == 1


@pytest.mark.parametrize("hertz", [1e12, 51, -1, 0, "nan", "inf", "fast", [], {}, 10**400, True, 1e-300])
def test_a_stream_has_the_rates_that_its_editor_offers(hertz: object) -> None:
    """Only the author's code decodes the data that a browser sends with a subscription."""
    module = load("stream")
    request = StreamRequest(path="sensors", data=json.dumps({"hertz": hertz}).encode())
    if hertz is True:
        assert module.hertz_of(request) == 1.0
        return

    for call in (module.Datasource(Settings(options=None)).subscribe_stream, module.hertz_of):
        with pytest.raises(QueryError, match=r"hertz must be a number from 0\.1 to 50\.0, got "):
            call(request)


@pytest.mark.parametrize("data", [b"NaN", b"[1]", b"{", b'"x"', b"1" * 5000, b'{"hertz": NaN}', b"[" * 100_000])
def test_a_stream_refuses_invalid_data(data: bytes) -> None:
    """Bytes that are not a JSON object are refused, too."""
    with pytest.raises(QueryError, match="hertz must be a number from"):
        load("stream").hertz_of(StreamRequest(path="sensors", data=data))


@pytest.mark.parametrize(
    ("data", "hertz"),
    [(b"", 5.0), (b"{}", 5.0), (b'{"hertz":null}', 5.0), (b'{"hertz":50}', 50.0), (b'{"hertz":"2"}', 2.0)],
)
def test_a_stream_without_a_rate_has_the_default(data: bytes, hertz: float) -> None:
    """Null and missing data mean the default, as for queries."""
    assert load("stream").hertz_of(StreamRequest(path="sensors", data=data)) == hertz


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_the_resource_of_an_example_answers_only_get_and_head(name: str, method: str) -> None:
    """Other methods on the example's path get 405 with `Allow`; unknown paths get 404 for all methods."""
    services = Services(load(name).Datasource)
    (own,), (unknown,) = (services.resource(path, method=method) for path in ("signals", "nowhere"))
    has_route, is_read = name == "signals", method in ("GET", "HEAD")

    assert own.code == (404 if not has_route else 200 if is_read else 405)
    assert ("Allow" in own.headers) is (has_route and not is_read)
    assert unknown.code == 404
