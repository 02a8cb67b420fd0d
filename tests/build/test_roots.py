"""The bundle starts in every image that it supports; docs/compatibility.md begins with these tests' results."""

import os
import shutil
from pathlib import Path

import pytest
import roots
from building import BuiltProject

from gfplug.bundle.portable import MODES
from gfplug.errors import ToolError
from gfplug.host.smoke import smoke
from gfplug.host.target import Target

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"
START, END = "| image |", "\n\n"
"""The begin and the end of the table in the page."""

NOTHING = "no C library to start with"
pytestmark = pytest.mark.skipif(bool(roots.unavailable()), reason=roots.unavailable() or "possible")


def outcome(target: Target) -> str:
    """Start a bundle and return the outcome."""
    try:
        started = smoke(target, timeout=30.0)
    except ToolError as error:
        words = f"{error.message}\n{error.details}"
        return NOTHING if "failed to run command" in words else f"broken: {words}"
    return "starts" if started.health.status == "OK" and not started.ended.problem else f"odd: {started}"


@pytest.fixture(scope="module")
def results_by_place(
    signals: BuiltProject, bundles: dict[str, BuiltProject], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """Start each bundle in each image under each condition."""
    results = {}
    for image, libraries in roots.IMAGES.items():
        root = roots.make(tmp_path_factory.mktemp("image") / "root", libraries)
        for condition in roots.CONDITIONS:
            results[f"{image} | {condition}"] = [
                outcome(root.target(bundles[mode].dist, condition=condition, proto=signals.proto)) for mode in MODES
            ]
    return results


@pytest.mark.shows("errors: `libstdc++.so.6` is missing in the image", "errors: /tmp is mounted noexec")
def test_the_table_in_the_documentation_matches_the_results(results_by_place: dict[str, list[str]]) -> None:
    """The table has a cell for each image, condition and mode."""
    assert {result for results in results_by_place.values() for result in results} <= {"starts", NOTHING}
    lines = [f"{START} condition | {' | '.join(MODES)} |", "| --- " * (2 + len(MODES)) + "|"]
    lines += [f"| {place} | {' | '.join(results)} |" for place, results in results_by_place.items()]
    table = "\n".join(lines)
    if os.environ.get("GFPLUG_UPDATE_GOLDEN") and not os.environ.get("CI"):
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(START)
        DOCUMENT.write_text(f"{before}{table}\n\n{rest.partition(END)[2]}", encoding="utf-8")

    assert f"\n\n{table}{END}" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.shows("errors: a glibc binary on Alpine", "errors: staticx can't pack pyarrow")
def test_a_bundle_that_brings_its_libc_starts_everywhere(results_by_place: dict[str, list[str]]) -> None:
    """The image may lack any library, and may be read-only."""
    assert {results[MODES.index("bundled")] for results in results_by_place.values()} == {"starts"}


@pytest.mark.shows("errors: `libstdc++.so.6` is missing in the image")
def test_the_roots_would_show_a_missing_library(signals: BuiltProject, tmp_path: Path) -> None:
    """Without its search path the bundle fails at libz, as in Grafana's Alpine image."""
    bundle = Path(shutil.copytree(signals.dist, tmp_path / "project" / "dist"))
    (program,) = bundle.glob("gpx_*")
    content = program.read_bytes()
    here = f"$ORIGIN/_internal_{program.name.removeprefix('gpx_sales_')}".encode()
    assert content.count(here) == 1
    program.write_bytes(content.replace(here, b"/nowhere".ljust(len(here), b"x")))
    root = roots.make(tmp_path / "image" / "root", roots.LAYER)

    assert "libz.so.1: cannot open shared object file" in outcome(
        root.target(bundle, condition="as it is", proto=signals.proto)
    )
