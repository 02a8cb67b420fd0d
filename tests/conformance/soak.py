"""Record the resources of a process while it works: memory, threads, open files (Linux)."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from typing import Self

from processes import descendants

PERIOD_S = 0.5
FEWEST = 3
MB = 1e6


@dataclass(frozen=True)
class Sample:
    """The resources of a process at one moment; `at_s` counts from the first sample."""

    at_s: float
    rss_mb: float
    threads: int
    files: int


@dataclass
class Watch:
    """Takes a sample of a process twice a second, as long as the block lasts."""

    pid: int
    family: bool = False
    """Whether its descendants count, too."""

    samples: list[Sample] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Start taking samples."""
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop taking samples."""
        self._over.set()
        self._thread.join(10)

    def at(self, share: float) -> Sample:
        """Return the sample after a share of the time: 0 is the first, 1 the last."""
        return self.samples[round(share * (len(self.samples) - 1))]

    def slope_mb_per_min(self, since: float) -> float:
        """Fit a line to the memory after a share of the time, and return its slope in MB per minute."""
        late = self.samples[round(since * (len(self.samples) - 1)) :]
        if len(late) < FEWEST:
            return 0.0
        return 60 * linear_regression([each.at_s for each in late], [each.rss_mb for each in late]).slope

    def _look_on(self) -> None:
        while not self._over.wait(PERIOD_S):
            at_s = time.monotonic() - self._began
            self.samples.append(look_at_all(self.pid, at_s) if self.family else look(self.pid, at_s))


def look_at_all(pid: int, at_s: float = 0.0) -> Sample:
    """Take a sample of a process and its descendants; shared memory counts in each by its share (PSS)."""
    samples = []
    for each in (pid, *descendants(pid)):
        with suppress(OSError, KeyError):  # the process has just ended
            samples.append((look(each), _pss_mb(each)))
    return Sample(
        at_s=at_s,
        rss_mb=sum(pss for _, pss in samples),
        threads=sum(sample.threads for sample, _ in samples),
        files=sum(sample.files for sample, _ in samples),
    )


def _pss_mb(pid: int) -> float:
    text = (Path("/proc") / str(pid) / "smaps_rollup").read_text(encoding="utf-8")
    return sum(int(line.split()[1]) * 1024 / MB for line in text.splitlines() if line.startswith("Pss:"))


def look(pid: int, at_s: float = 0.0) -> Sample:
    """Take a sample of a process."""
    folder = Path("/proc") / str(pid)
    lines = (folder / "status").read_text(encoding="utf-8").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    return Sample(
        at_s=at_s,
        rss_mb=int(values["VmRSS"].split()[0]) * 1024 / MB,
        threads=int(values["Threads"]),
        files=sum(1 for _ in (folder / "fd").iterdir()),
    )
