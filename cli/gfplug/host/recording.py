"""Requests and their answers in a file: record them once, repeat them, compare the answers.

A recording is JSON without secrets or settings, so that it can be stored beside the tests.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import UsageError
from gfplug.host import arguments
from gfplug.host.convert import Query
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FORMAT = 1
_MAX_FILE_BYTES = 1 << 26
_TOLERANCE = 1e-9


_TYPES = {"refId": str, "from": str, "to": str, "intervalMs": int, "maxDataPoints": int, "model": dict}
"""The keys of a recorded query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The queries, and their answers: ref id → an answer in the JSON of Grafana's query API."""

    queries: Sequence[Query]
    results: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Write the recording to a file."""
        content = {
            "gfplug": _FORMAT,
            "queries": [_query_json(query) for query in self.queries],
            "results": dict(self.results),
        }
        files.write_atomic(path, f"{files.json_text(content, indent=1)}\n".encode())

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read a recording from a file.

        Raises: UsageError if the file can't be read, or has another format; ProjectError if the path is not a file.
        """
        try:
            content = documents.parse_json(documents.read_text(path, most=_MAX_FILE_BYTES))
            if content["gfplug"] != _FORMAT:
                raise ValueError(f"its format is {content['gfplug']!r}, not {_FORMAT}")  # noqa: TRY301 - as the others
            if not isinstance(content["results"], dict):
                raise TypeError("its results are not an object")  # noqa: TRY301 - as the others
            queries = [_query(record) for record in content["queries"]]
            arguments.require_distinct([query.ref_id for query in queries], option=str(path))
            return cls(queries=queries, results=content["results"])
        except FileNotFoundError as error:
            raise UsageError(f"{path} does not exist", hint="create it with --record") from error
        except KeyError as error:
            raise UsageError(f"{path} is not a recording: it lacks {error}", hint="create one with --record") from error
        except (ValueError, TypeError, OverflowError) as error:
            raise UsageError(f"{path} is not a recording: {error}", hint="create one with --record") from error


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Describe the differences between two results; floats may differ by a billionth."""
    return [
        line for ref_id in sorted(old.keys() | new.keys()) for line in _differ(old.get(ref_id), new.get(ref_id), ref_id)
    ]


def _differ(old: Any, new: Any, place: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differ(old.get(key), new.get(key), f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{place}: {len(old)} items became {len(new)}"
        for at, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from _differ(one, other, f"{place}[{at}]")
    elif not _same(old, new):
        yield f"{place}: {_excerpt(old)} became {_excerpt(new)}"


def _same(old: Any, new: Any) -> bool:  # noqa: ANN401 - JSON
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
    return math.isclose(old, new, rel_tol=_TOLERANCE) if numbers else bool(old == new)


def _excerpt(value: Any) -> str:  # noqa: ANN401 - JSON
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004 - one line


def _query_json(query: Query) -> dict[str, Any]:
    return {
        "refId": query.ref_id,
        "from": query.start.isoformat(),
        "to": query.end.isoformat(),
        "intervalMs": round(query.interval.total_seconds() * 1000),
        "maxDataPoints": query.max_data_points,
        "model": dict(query.model),
    }


def _query(record: Mapping[str, Any]) -> Query:
    for key, kind in _TYPES.items():
        if not isinstance(record[key], kind) or isinstance(record[key], bool):
            raise TypeError(f"{key} of a query has the wrong type: {record[key]!r}")
    start, end = datetime.fromisoformat(record["from"]), datetime.fromisoformat(record["to"])
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("the time of a query has no UTC offset")
    return Query(
        ref_id=record["refId"],
        start=start,
        end=end,
        interval=timedelta(milliseconds=record["intervalMs"]),
        max_data_points=record["maxDataPoints"],
        model=record["model"],
        query_type=str(record["model"].get("queryType", "")),
    )
