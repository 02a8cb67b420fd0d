"""For the author's own tests: make a query, run it, compare the frames with a golden file.

>>> frame, = ask(Datasource(settings(Options())), query(Model(table="sales")))
>>> check_golden([frame], Path("tests/golden/sales.jsonc"))
"""

from __future__ import annotations

import asyncio
import datetime as dt
import difflib
import inspect
import itertools
import json
import os
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.author import routes
from gfruntime.calls import rulecheck, streams
from gfruntime.calls.answers import frames_of
from gfruntime.errors import PluginError
from gfruntime.frames import arrow, contract
from gfruntime.request.services import Response
from gfruntime.request.vocabulary import PluginContext, Query, Settings, TimeRange
from gfruntime.testing import golden

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gfruntime.frames.data import Frame
    from gfruntime.request.services import Request, StreamRequest

ModelT = TypeVar("ModelT")
OptionsT = TypeVar("OptionsT")

START = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017  # the same on Python 3.10
_HOUR = dt.timedelta(hours=1)


def settings(options: OptionsT, *, secrets: Mapping[str, str] | None = None, url: str = "") -> Settings[OptionsT]:
    """Make the settings of a data source.

    >>> settings(options, secrets={"token": "t"}).secrets["token"]
    't'
    """
    return Settings(options=options, secrets=secrets or {}, uid="test", name="test", url=url, updated=START)


def query(
    model: ModelT,
    *,
    ref_id: str = "A",
    start: dt.datetime = START,
    end: dt.datetime | None = None,
    interval: dt.timedelta = dt.timedelta(minutes=1),
    max_data_points: int = 1000,
    from_alert: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Query[ModelT]:
    """Make a query; its range is one hour by default.

    >>> query(model, from_alert=True).from_alert
    True
    """
    return Query(
        model=model,
        time_range=TimeRange(start=start, end=start + _HOUR if end is None else end),
        ref_id=ref_id,
        interval=interval,
        max_data_points=max_data_points,
        from_alert=from_alert,
        headers=headers or {},
        context=PluginContext(plugin_id="test", org_id=1),
    )


def ask(datasource: Any, asked: Query[Any]) -> list[Frame]:  # noqa: ANN401  # the author's class
    """Run one query and return the frames as Grafana decodes them: encoded and decoded, with their types.

    Works with `def` and `async def` handlers. Raises the handler's exception, with its `frames` as Grafana decodes
    them.

    >>> ask(Datasource(settings(options)), query(model))[0]["value"].to_list()
    [1.5]
    """
    try:
        result = datasource.query(asked)
        if inspect.isawaitable(result):
            result = asyncio.run(_wait(result))
        if isinstance(result, Exception):
            raise result
    except PluginError as error:
        error.frames = _encode_and_decode(contract.set_types(frames_of(error.frames)), asked)
        raise
    frames = contract.set_types(frames_of(result))
    if asked.from_alert:
        frames = rulecheck.check(frames, ref_id=asked.ref_id)
    return _encode_and_decode(frames, asked)


def call(datasource: Any, request: Request) -> Response:  # noqa: ANN401
    """Call a resource as Grafana does: the routes, then `call_resource`. It raises the handler's exception.

    >>> call(Datasource(settings(options)), Request(path="tables")).status
    200
    """
    match = routes.match(routes.routes_of(type(datasource)), request)
    result: Any
    if isinstance(match, routes.Match):
        result = routes.call(datasource, match, request)
    elif hasattr(datasource, "call_resource"):
        result = datasource.call_resource(request)
    else:
        return match or routes.not_found(request)
    if inspect.isawaitable(result):
        result = asyncio.run(_wait(result))
    answer = routes.response(result) if isinstance(match, routes.Match) else result
    if not isinstance(answer, Response):
        raise TypeError(f"the resource returned {type(answer).__name__}; expected a Response")
    return answer


def packets(datasource: Any, request: StreamRequest, *, count: int = 0) -> list[Any]:  # noqa: ANN401
    """Read a channel's packets as subscribers get them: decoded JSON, the first `count` or all.

    >>> packets(Datasource(settings(options)), StreamRequest(path="cpu"), count=1)
    [...]
    """
    stream = datasource.run_stream(request)
    if inspect.isawaitable(stream):
        stream = asyncio.run(_wait(stream))
    is_async = hasattr(stream, "__aiter__")
    items = asyncio.run(_take(stream, count)) if is_async else list(itertools.islice(stream, count or None))
    request.cancel.set()
    return [json.loads(streams.packet(item)) for item in items]


def check_golden(frames: Sequence[Frame], path: Path, *, update: bool = False) -> None:
    """Compare frames with a golden file; `update=True` writes the file instead.

    A `.jsonc` file has the format of Go's plugins (see `golden`), a `.json` file has only the list of frames. The
    environment variable GFRUNTIME_UPDATE_GOLDEN=1 writes all files of a run, except in CI.
    Raises: AssertionError showing the difference, or if the file does not exist.

    >>> check_golden([frame], Path("tests/golden/sales.jsonc"))  # doctest: +SKIP
    """
    if update or (os.environ.get("GFRUNTIME_UPDATE_GOLDEN") == "1" and not os.environ.get("CI")):
        _write_golden(frames, path)
        return
    if not path.exists():
        raise AssertionError(f"{path} does not exist; run once with update=True")
    is_list = path.suffix == ".json"
    golden_frames = golden.normalise(json.loads(path.read_text(encoding="utf-8"))) if is_list else golden.read(path)
    actual = golden.response_of(frames)["frames"] if is_list else golden.response_of(frames)
    if golden_frames != actual:
        old, new = (json.dumps(each, indent=2, ensure_ascii=False).splitlines() for each in (golden_frames, actual))
        raise AssertionError("\n".join(difflib.unified_diff(old, new, str(path), "actual", lineterm="")))


def _encode_and_decode(frames: Sequence[Frame], query: Query[Any]) -> list[Frame]:
    """Encode frames and decode them again."""
    return [arrow.decode(b"".join(arrow.encode(frame, ref_id=query.ref_id))) for frame in frames]


def _write_golden(frames: Sequence[Frame], path: Path) -> None:
    if path.suffix != ".json":
        golden.write(path, frames)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([golden.to_comparable(frame) for frame in frames], indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


async def _take(items: Any, count: int) -> list[object]:  # noqa: ANN401
    items_read: list[object] = []
    async for item in items:
        items_read.append(item)
        if len(items_read) == count:
            break
    return items_read


async def _wait(result: Any) -> object:  # noqa: ANN401  # any awaitable
    return await result
