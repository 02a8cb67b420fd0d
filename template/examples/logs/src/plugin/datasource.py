"""The data source: this is the one file to edit.

It reads the log files of a folder: `north.log` holds the lines of the server "north". Explore shows the lines; panels
and alert rules use their counts. Without a folder it uses sample lines. `parse` reads one line: replace it for another
format, and `read` for another source.
"""

import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from gfruntime import DownstreamError, Field, Frame, Health, Query, Settings, TimeRange, Ui

Level = Literal["debug", "info", "warning", "error"]
LEVELS: dict[str, Level] = {"WARN": "warning", "CRITICAL": "error", "FATAL": "error", "TRACE": "debug"}
LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?)\s+\[?(?P<level>[A-Za-z]+)\]?:?\s+(?P<text>.*)"
)
LONGEST = 10_000  # characters of an entry, at most
POINTS = 1_000  # at most, for one series
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Options:
    """What the data source's config page saves."""

    folder: Annotated[
        str, Ui(label="Folder", placeholder="/var/log/app", help="Reads its *.log files; empty: sample lines")
    ] = ""


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    show: Annotated[Literal["lines", "counts"], Ui(label="Show", widget="radio")] = "lines"
    search: Annotated[str, Ui(label="Search", help="A text in the line; case is ignored")] = ""
    levels: Annotated[tuple[Level, ...], Ui(label="Levels", help="Empty: all levels")] = ()
    limit: Annotated[int, Ui(label="Lines", minimum=1, maximum=5000, show_if={"show": ["lines"]})] = 1000


@dataclass(frozen=True)
class Entry:
    """One entry of a log; its text may have several lines."""

    time: datetime
    level: Level
    server: str
    text: str


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.folder = settings.options.folder

    def query(self, query: Query[Model]) -> Frame:
        """Return the newest lines, for Explore, or the number of each server's lines, for panels and alert rules."""
        servers = self.servers(query.time_range)
        matches = {server: select_entries(entries, query) for server, entries in servers.items()}
        return counts(matches, query) if query.model.show == "counts" else lines(matches, query)

    def servers(self, span: TimeRange) -> dict[str, Iterator[Entry]]:
        """Return an iterator over each server's entries; nothing is read yet."""
        if not self.folder:
            return {server: sample_entries(server, span) for server in ("north", "south")}
        return {path.stem: read(path) for path in sorted(Path(self.folder).glob("*.log"))}

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        if self.folder and not Path(self.folder).is_dir():
            return Health.error(f"{self.folder} is not a folder")
        now = datetime.now(UTC)
        return Health.ok(f"Servers: {', '.join(self.servers(TimeRange(start=now, end=now)))}")


def parse(text: str, server: str) -> Entry | None:
    """Read a line as the start of an entry; None if it continues the previous entry. A time without a zone is UTC."""
    match = LINE.match(text)
    if match is None:
        return None
    try:
        time = datetime.fromisoformat(match["time"].replace(",", "."))
    except ValueError:
        return None
    level = match["level"].upper()
    levels: dict[str, Level] = {"DEBUG": "debug", "INFO": "info", "WARNING": "warning", "ERROR": "error", **LEVELS}
    if level not in levels:
        return None
    return Entry(time.replace(tzinfo=time.tzinfo or UTC), levels[level], server, match["text"])


def read(path: Path) -> Iterator[Entry]:
    """Read a file's entries."""
    entry = None
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                following = parse(text.rstrip("\n"), path.stem)
                if following is None and entry is not None and len(entry.text) < LONGEST:
                    entry = replace(entry, text=f"{entry.text}\n{text.rstrip()}"[:LONGEST])
                elif following is not None:
                    if entry is not None:
                        yield entry
                    entry = following
    except OSError as error:
        raise DownstreamError(f"{path} can't be read: {error}") from error
    if entry is not None:
        yield entry


def select_entries(entries: Iterator[Entry], query: Query[Model]) -> Iterator[Entry]:
    """Select the entries that match a query; stop when the query is cancelled."""
    search, levels, span = query.model.search.lower(), query.model.levels, query.time_range
    for entry in entries:
        if query.cancel.is_set():
            return
        if (
            span.start <= entry.time <= span.end
            and (not levels or entry.level in levels)
            and search in entry.text.lower()
        ):
            yield entry


def lines(servers: dict[str, Iterator[Entry]], query: Query[Model]) -> Frame:
    """Make the frame that Explore shows as log lines, the newest first."""
    limit = query.model.limit
    matches = (entry for entries in servers.values() for entry in entries)
    newest = heapq.nlargest(limit + 1, matches, key=lambda entry: entry.time)
    rows = newest[:limit]
    frame = Frame(
        fields=[
            Field("timestamp", [entry.time for entry in rows], "time"),
            Field("body", [entry.text for entry in rows], "string"),
            Field("severity", [entry.level for entry in rows], "string"),
            Field("labels", [{"server": entry.server} for entry in rows], "json"),
        ]
    ).with_meta(type="log-lines", typeVersion=[0, 0], preferredVisualisationType="logs")
    return frame.with_notice(f"Only the newest {limit:,} lines are shown") if len(newest) > limit else frame


def counts(servers: dict[str, Iterator[Entry]], query: Query[Model]) -> Frame:
    """Count each server's entries in as many steps as the panel can show; a step without entries is 0, not "no data".

    The last step ends with the range, and includes the entries at its end.
    """
    start, end = query.time_range.start, query.time_range.end
    points = min(max(query.max_data_points, 1), POINTS)
    step = max(min(query.interval, end - start), (end - start) / points, SECOND)
    times = [start + step * number for number in range(max(1, -(-(end - start) // step)))]
    fields = [Field("time", times, "time")]
    for server, entries in servers.items():
        numbers = [0] * len(times)
        for entry in entries:
            numbers[min((entry.time - start) // step, len(times) - 1)] += 1
        fields.append(Field("lines", numbers, "int64", labels={"server": server}))
    return Frame(fields=fields)


def sample_entries(server: str, span: TimeRange) -> Iterator[Entry]:
    """Make an entry every ten seconds, or fewer; every third entry of the north is an error."""
    step = max(10 * SECOND, (span.end - span.start) / POINTS)
    for number in range(-(-(span.end - span.start) // step)):
        is_error = server == "north" and number % 3 == 0
        text = f"GET /orders/{number} answered {500 if is_error else 200}"
        yield Entry(span.start + step * number, "error" if is_error else "info", server, text)
