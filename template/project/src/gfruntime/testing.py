"""For the author's own tests: make a query, ask the data source, compare with a golden file.

>>> frame, = ask(Datasource(settings(Options())), query(Model(table="sales")))
>>> check_golden([frame], Path("tests/golden/sales.json"))
"""

from __future__ import annotations

import asyncio
import datetime as dt
import difflib
import inspect
import json
from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime import arrow, contract, frametext
from gfruntime.answers import frames_of
from gfruntime.backend import PluginContext, Query, Settings, TimeRange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gfruntime.data import Frame

ModelT = TypeVar("ModelT")
OptionsT = TypeVar("OptionsT")

START = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017  # the same on Python 3.10
_HOUR = dt.timedelta(hours=1)


def settings(options: OptionsT, *, secrets: Mapping[str, str] | None = None, url: str = "") -> Settings[OptionsT]:
    """Make the settings of a configured data source."""
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
    """Make a query; its range is one hour unless told otherwise."""
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
    """Ask one query and return the frames as Grafana decodes them: encoded and read back, with their types.

    `def` and `async def` handlers alike; what the handler raises is raised here.
    """
    result = datasource.query(asked)
    if inspect.isawaitable(result):
        result = asyncio.run(_wait(result))
    encoded = [arrow.encode(frame, ref_id=asked.ref_id) for frame in contract.typed(frames_of(result))]
    return [arrow.decode(b"".join(parts)) for parts in encoded]


def check_golden(frames: Sequence[Frame], path: Path, *, update: bool = False) -> None:
    """Compare frames with a file of Grafana's frame JSON; `update=True` writes the file instead.

    Raises: AssertionError showing the difference, or when there is no such file.
    """
    shown = [json.loads(frametext.encode(frame)) for frame in frames]
    actual = json.dumps(shown, indent=2, ensure_ascii=False) + "\n"
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(actual, encoding="utf-8", newline="\n")
        return
    if not path.exists():
        raise AssertionError(f"{path} does not exist; run once with update=True")
    expected = path.read_text(encoding="utf-8")
    if json.loads(expected) != shown:
        difference = difflib.unified_diff(expected.splitlines(), actual.splitlines(), str(path), "actual", lineterm="")
        raise AssertionError("\n".join(difference))


async def _wait(result: Any) -> object:  # noqa: ANN401  # any awaitable
    return await result
