"""The bundle starts in every image it claims; docs/compatibility.md is the table of what these tests saw."""

import os
import shutil
from pathlib import Path

import pytest
import roots
from building import Built

from gfplug.bundle.portable import MODES
from gfplug.errors import ToolError
from gfplug.host.smoke import smoke
from gfplug.host.target import Target

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"
HEAD = """\
# Where a bundle starts

`tests/build/test_roots.py` writes this page. The test starts the signals example in a root that holds exactly the
libraries of each image, as user 472, with only the variables that Grafana sets. It makes a handshake, a health check
and a query. `GFPLUG_UPDATE_GOLDEN=1` writes the page anew. The libraries in those roots come from the build machine,
not from the image. So a bundle also needs an image whose glibc is at least the version that `gfplug build` prints, or
`--libc bundled`.

"""
WINDOWS = """\

## Windows

On 2026-11-28 `tests/platforms/windows.py` ran the steps of `tests/platforms/journey.py` with a Windows CPython 3.11.3
(x86_64) under Wine 8 on Debian 12, in a folder whose name has a space and letters of two scripts. The host that starts
and ends the plugin is the genuine go-plugin, compiled for Windows. After each step no process is left.

| step | outcome |
| --- | --- |
| `gfplug new`, `gfplug build` of the signals example | 40 files, 66.2 MB, 25.2 MB packed |
| `gfplug call query`, of the source and of the bundle | the values are right |
| the host starts the bundle | TCP on 127.0.0.1:10000; handshake 0.5 to 1.2 s, query 12 ms |
| the host ends the bundle (Kill) | gone after 27 ms |
| the host is killed | the bundle is gone 0.1 s later |
| four hosts start the bundle at once | ports 10000 to 10003 |
| the host uses a standalone server, and is killed | its own process is gone 0.4 s later; the server still runs |
| the host uses a standalone server that ends | its own process is gone 1.1 s later; the next start runs the bundle |
| the host starts what `gfplug dev` wrote | 7 processes; handshake 0.8 to 1.8 s, query 40 ms |
| the host ends it (Kill), is killed, or only the executable is killed | all 7 are gone after at most 0.1 s |

What Wine does not show:

* Windows locks the files of a running program: a `dist/` in use can't be replaced there. Wine replaces it.
* We wrote the `python.exe` of the virtual environments in this test after CPython's source. We also wrote `python3.dll`
  and `bcryptprimitives.dll`, because this Python and Wine lack them.
* It has no virus scanner, no limit of 259 characters for a path, no ports that Windows reserves, and no processes of
  other users.
* It does not show how reliable PyInstaller is: under Wine it sometimes fails to start a process (error 1359), and works
  when repeated.
"""
ARM64 = """\

## Linux on arm64

On 2026-11-28 `tests/platforms/linux_arm64.py` ran the same steps in a Debian 12 for arm64 (Python 3.11.2). It ran under
emulation (qemu 7.2 on x86_64), not on an arm64 machine: the times are those of the emulator.

| step | outcome |
| --- | --- |
| `gfplug new`, `gfplug build` of the signals example | 49 files, 91.2 MB, 34.9 MB packed; glibc 2.36 or newer |
| `gfplug build --libc bundled` | 60 files, 94.1 MB, 36.0 MB packed |
| `gfplug call query`, of the source and of both bundles | the values are right |
| the host starts the bundle | a socket; handshake 1.3 s, query 0.1 s |
| the host ends the bundle (Kill), or is killed | gone after 64 ms with exit status 0; 0.1 s later |
| four hosts start the bundle at once | four sockets |
| the host uses a standalone server; host or server ends | its own process is gone after 0.5 to 1.1 s |
| the host starts what `gfplug dev` wrote | 3 processes; handshake 1.0 s, query 0.2 s |
| the host ends it (Kill), is killed, or only the executable is killed | all 3 are gone after at most 2.0 s |
| a person starts the bundle by hand | it prints that it is a plugin; exit status 1 |
| `gfplug merge` with the x86_64 archive of the same project | one archive of 73.3 MB with both executables |
| kernels with pages of 64 KiB | segments of all 37 ELF files (bundled: 48) are aligned to 64 KiB |

| root, arm64 | bundled |
| --- | --- |
| Debian 12 | starts |
| nothing but the bundle, /proc, /tmp and four devices; as user 472 | starts |

## Platforms without a test

* **windows_arm64**: gfplug and its plugins can't be installed there. On 2026-11-28 neither grpcio (1.85.3),
  grpcio-tools (1.85.1) nor pyarrow (26.0.1) had a wheel for Python 3.11, 3.13 or 3.14 on this platform, according to
  `pip download --platform win_arm64 --only-binary=:all: --no-deps`. msgspec has wheels, and protobuf has one in pure
  Python. We did not try to build these packages there, and did not try the x86_64 Python in Windows' own emulation.
* **darwin_amd64** (Intel Macs): for Python 3.11 and 3.14 there are wheels of pyarrow 26.0.1 (macOS 12 or newer), grpcio
  1.85.3, grpcio-tools 1.85.1, protobuf 7.36.2 and msgspec 0.22.0. For this page nothing ran there or on
  **darwin_arm64**; `.github/workflows/ci.yml` runs the steps on both.
"""
TAIL = (
    """\

* **system** is the default. **bundled** is `gfplug build --libc bundled`: a static launcher, glibc's loader and its
  libraries, about 1 MB more in the archive. Such a bundle needs only a Linux kernel from the host.
* The arm64 image of Grafana on Alpine has no glibc at all: use `--libc bundled`, built on an arm64 machine. Such a
  bundle starts [in a root without any library](#linux-on-arm64).
* Grafana's Alpine image (x86_64) brings glibc 2.40, its Ubuntu image 2.39.
* The workflow that `gfplug new` writes builds macOS bundles and starts each of them once; this table does not cover
  them.
"""
    + WINDOWS
    + ARM64
)
NOTHING = "no C library to start with"
pytestmark = pytest.mark.skipif(bool(roots.unavailable()), reason=roots.unavailable() or "possible")


def outcome(target: Target) -> str:
    """Start a bundle and say how it went."""
    try:
        started = smoke(target, timeout=30.0)
    except ToolError as error:
        words = f"{error.message}\n{error.details}"
        return NOTHING if "failed to run command" in words else f"broken: {words}"
    return "starts" if started.health.status == "OK" and not started.ended.problem else f"odd: {started}"


@pytest.fixture(scope="module")
def results_by_place(
    signals: Built, bundles: dict[str, Built], tmp_path_factory: pytest.TempPathFactory
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
def test_the_table_in_the_documentation_is_what_was_seen(results_by_place: dict[str, list[str]]) -> None:
    """Image by image, condition by condition, mode by mode."""
    assert {result for results in results_by_place.values() for result in results} <= {"starts", NOTHING}
    lines = [f"| image | condition | {' | '.join(MODES)} |", "| --- " * (2 + len(MODES)) + "|"]
    lines += [f"| {place} | {' | '.join(results)} |" for place, results in results_by_place.items()]
    text = HEAD + "\n".join(lines) + "\n" + TAIL
    if os.environ.get("GFPLUG_UPDATE_GOLDEN") and not os.environ.get("CI"):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")

    assert DOCUMENT.read_text(encoding="utf-8") == text


@pytest.mark.shows("errors: a glibc binary on Alpine", "errors: staticx cannot hold pyarrow")
def test_a_bundle_that_brings_its_libc_starts_everywhere(results_by_place: dict[str, list[str]]) -> None:
    """The image may lack any library, and may be read-only."""
    assert {results[MODES.index("bundled")] for results in results_by_place.values()} == {"starts"}


@pytest.mark.shows("errors: `libstdc++.so.6` is missing in the image")
def test_the_roots_would_show_a_missing_library(signals: Built, tmp_path: Path) -> None:
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
