"""Time `gfplug preview` in Chromium: from its start to a drawn panel, and from a save to the new values.

    python -m benchmarks.preview [--rounds 5] [--grafana VERSION]

Prints one JSON object with the medians, in milliseconds, for a new project of the example `signals`. Each part begins
at the end of the part before; `total` is their sum.

`start`: `address` is the time from the start of the command to its address on stdout (imports, environment); `page`
from there until the page's code runs; `module` until module.js is requested (the plugin then answers); `query` until
the panel's query is sent, `answer` until it is answered, `drawn` until the query row and the panel are on the page.
`config` is not a part of the total: it is the time from a click on its link until the config page is drawn.

`save`: `reload` is the time from the save until the panel's query is sent, `answer` until it is answered, `drawn` until
the panel has the new values.

`import` is the time to import the command's modules, in its own process; it shows how busy the machine is.

This benchmark needs the page (`make preview-assets`), playwright and Chromium, which starts before the command.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfruntime.testing.preview_process import run_browser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Figures = dict[str, float]

DATASOURCE = Path("src", "plugin", "datasource.py")
AMPLITUDE = "return model.amplitude * "
WAIT_SECONDS = 60.0
WATCH = """(() => {
  const marks = (window.marks = {});
  const draws = () => {
    const panel = document.querySelector('[aria-label="Panel"]');
    const canvas = panel?.querySelector('canvas');
    const row = document.querySelector('[aria-label="Query A"]');
    const pixels = canvas?.width && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return Boolean(row?.querySelector('input') && pixels?.some((value) => value > 0));
  };
  const peak = () => {
    const values = window.gfplugPreview.panel().frames.flatMap(({ data }) => data.values.slice(1).flat());
    return Math.max(...values.map(Math.abs));
  };
  const look = () => {
    marks.page ??= window.gfplugPreview && Date.now();
    marks.drawn ??= marks.page && draws() ? Date.now() : undefined;
    if (window.wanted && marks.page && Math.abs(peak() - window.wanted) < window.wanted / 10) {
      marks.saved = Date.now();
      window.wanted = undefined;
    }
    setTimeout(look, 5);
  };
  look();
})()"""
ENTRIES = """(() => {
  const at = (time) => performance.timeOrigin + time;
  const requests = performance.getEntriesByType('resource');
  return requests.map(({ name, startTime, responseEnd }) => [name, at(startTime), at(responseEnd)]);
})()"""


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.preview", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--grafana", metavar="VERSION", help="the version of the page; default: the newest")
    arguments = parser.parse_args(words)
    version = ["--grafana", arguments.grafana] if arguments.grafana else []
    with tempfile.TemporaryDirectory(prefix="gfplug-preview-benchmark-") as name, run_browser() as browser:
        folder = Path(name) / "project"
        make = [sys.executable, "-m", "gfplug", "new", "signals", str(folder), "--defaults", "--no-git"]
        subprocess.run(make, check=True, capture_output=True)  # noqa: S603  # our own
        rounds = [measure(folder, browser, version) for _ in range(arguments.rounds)]
    figures = {part: _medians([each[part] for each in rounds]) for part in rounds[0]}
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(folder: Path, browser: Any, version: Sequence[str]) -> dict[str, Figures]:  # noqa: ANN401  # playwright's
    """Start the preview, open its page, look at the config page, save a file, and stop everything."""
    page = browser.new_page()
    page.add_init_script(WATCH)
    try:
        started = _now()
        with serve(folder, version) as url:
            addressed = _now()
            page.goto(url)
            drawn_at = _wait(page, "marks.drawn")
            start = _start(page, started=started, addressed=addressed, drawn_at=drawn_at)
            save = [_save(page, folder, factor) for factor in (5, 1)]
            start["config"] = _config(page)
    finally:
        page.close()
    return {"import": {"ms": _import_ms()}, "start": start, "save": _medians(save)}


@contextmanager
def serve(folder: Path, version: Sequence[str]) -> Iterator[str]:
    """Run the command during a block."""
    command = ["-m", "gfplug", "preview", str(folder), "--no-open", "--python", sys.executable, *version]
    process = subprocess.Popen(  # noqa: S603  # our own
        [sys.executable, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101  # for mypy: a pipe
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("`gfplug preview` did not start; run it by hand to see why")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _start(page: Any, *, started: float, addressed: float, drawn_at: float) -> Figures:  # noqa: ANN401  # playwright's
    entries = page.evaluate(ENTRIES)
    moments = {
        "address": addressed,
        "page": page.evaluate("marks.page"),
        "module": next(begin for name, begin, _ in entries if "/module.js" in name),
        "query": next(begin for name, begin, _ in entries if "api/ds/query" in name),
        "answer": next(end for name, _, end in entries if "api/ds/query" in name),
        "drawn": drawn_at,
    }
    return {**_spans(started, moments), "total": drawn_at - started}


def _save(page: Any, folder: Path, factor: int) -> Figures:  # noqa: ANN401  # playwright's
    """Multiply the signal's values, and wait until the panel has the new values."""
    path = folder / DATASOURCE
    text = path.read_text(encoding="utf-8")
    head, _, tail = text.partition(AMPLITUDE)
    page.evaluate(f"() => {{ performance.clearResourceTimings(); marks.saved = undefined; window.wanted = {factor}; }}")
    saved_at = _now()
    path.write_text(f"{head}{AMPLITUDE}{factor} * {tail.removeprefix('5 * ').removeprefix('1 * ')}", encoding="utf-8")
    drawn_at = _wait(page, "marks.saved")
    queries = [entry for entry in page.evaluate(ENTRIES) if "api/ds/query" in entry[0]]
    moments = {"reload": queries[-1][1], "answer": queries[-1][2], "drawn": drawn_at}
    return {**_spans(saved_at, moments), "total": drawn_at - saved_at}


def _config(page: Any) -> float:  # noqa: ANN401  # playwright's
    turned = _now()
    page.evaluate("location.hash = '#/config'")
    page.get_by_role("region", name="Config page", exact=True).locator("input").first.wait_for()
    return _now() - turned


def _wait(page: Any, mark: str) -> float:  # noqa: ANN401  # playwright's
    """Wait for a mark, and return its time; the page's policy forbids wait_for_function."""
    end = time.monotonic() + WAIT_SECONDS
    while not (at := page.evaluate(mark)):
        if time.monotonic() > end:
            raise TimeoutError(f"the page did not reach {mark}: {page.inner_text('body')[:500]}")
        page.wait_for_timeout(20)
    return float(at)


def _import_ms() -> float:
    modules = "import gfplug.commands.preview, gfplug.bundle.preview_session"
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", modules], check=True)  # noqa: S603  # our own
    return (time.perf_counter() - begun) * 1000


def _spans(start: float, moments: Mapping[str, float]) -> Figures:
    """Return the time from each moment to the next."""
    befores = [start, *moments.values()]
    return {name: at - before for before, (name, at) in zip(befores, moments.items(), strict=False)}


def _medians(rounds: Sequence[Mapping[str, float]]) -> Figures:
    return {name: round(statistics.median(each[name] for each in rounds), 1) for name in rounds[0]}


def _now() -> float:
    return time.time() * 1000


if __name__ == "__main__":
    sys.exit(main())
