"""Fixtures of the conformance suite: hosts, their plugins, and marks and time limits of its tests."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hostclient import Host
from once import run_folder
from programs import BUNDLE_MARKS, HERE, Programs, executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hostclient import Plugin

    HostMaker = Callable[..., Host]
    """Starts another host, in the folder `cwd` if one is given, which the test may kill."""

FOLDER = f"{HERE}{os.sep}"
GO, WORKERS = (pytest.param(name, marks=pytest.mark.long) for name in ("go", "probe-workers"))
"""Kinds of processes whose tests only `.ci/run` runs: `make test` runs the same tests with other kinds."""
SLOWEST_TEST_S = 240  # the first test of a bundle builds it: one with Dask takes a minute, longer beside other work


def pytest_configure() -> None:
    """Put the runtime's samples on the path, for tests that make frames themselves."""
    sys.path.append(str(HERE.parent / "runtime"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests; their time limit excludes fixtures, which compile and build with their own limit."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.host)
            item.add_marker(pytest.mark.timeout(SLOWEST_TEST_S, func_only=True))
            if "built_signals" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.bundles)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """Make programs once per run for all workers."""
    if sys.platform == "win32":
        pytest.skip("the launchers of source plugins are shell scripts")
    folder = run_folder(tmp_path_factory) / "conformance"
    folder.mkdir(exist_ok=True)
    return Programs(folder)


@pytest.fixture(scope="session")
def host_program(programs: Programs) -> Path:
    """Compile the host."""
    return programs.go("host")


@pytest.fixture
def host(host_program: Path) -> Iterator[Host]:
    """Run a host for one test."""
    with Host(host_program) as running:
        yield running


@pytest.fixture
def new_host(host_program: Path) -> Iterator[HostMaker]:
    """Run hosts that a test may kill, or start in its own folder."""
    running: list[Host] = []

    def start(*, cwd: Path | None = None) -> Host:
        running.append(Host(host_program, cwd=cwd))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture(
    scope="session", params=[GO, "probe", "probe-http2", WORKERS, pytest.param("probe-built", marks=BUNDLE_MARKS)]
)
def probe(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Return the probe on the Go SDK, on the Python runtime from source with each transport, and as a bundle."""
    return executable(programs, request.param)


@pytest.fixture(scope="session")
def python_probe(programs: Programs) -> Path:
    """Return the probe on the Python runtime."""
    return programs.probe()


@pytest.fixture(scope="session")
def faulty_probe(programs: Programs) -> Path:
    """Return the data source that fails in every way, on the Python runtime."""
    return programs.probe("faulty")


@pytest.fixture(
    scope="session", params=[GO, "probe", "probe-http2", WORKERS, pytest.param("signals-built", marks=BUNDLE_MARKS)]
)
def any_plugin(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Return each kind of process: the reference, Python from source, Python built."""
    return executable(programs, request.param)


@pytest.fixture(
    scope="session", params=[GO, "probe", "probe-http2", WORKERS, pytest.param("probe-built", marks=BUNDLE_MARKS)]
)
def tls_plugin(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Return each kind of process that can speak mutual TLS."""
    return executable(programs, request.param)


@pytest.fixture(
    scope="session",
    params=[
        "probe",
        WORKERS,
        *(
            pytest.param(name, marks=BUNDLE_MARKS)
            for name in ("signals-built", "probe-http2-built", "probe-workers-built")
        ),
    ],
)
def python_plugin(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Return each kind of Python process: from source and built."""
    return executable(programs, request.param)


@pytest.fixture(scope="module")
def running(probe: Path, host_program: Path) -> Iterator[Plugin]:
    """Run the probe for a whole module; tests that end or harm the probe start their own."""
    with Host(host_program) as host:
        yield host.start(probe)


@pytest.fixture(scope="module")
def running_python(python_probe: Path, host_program: Path) -> Iterator[Plugin]:
    """Run the Python probe for a whole module."""
    with Host(host_program) as host:
        yield host.start(python_probe)


@pytest.fixture(scope="module")
def sdk(host_program: Path) -> Iterator[Host]:
    """Run a host for calls of the SDK's functions, without any plugin."""
    with Host(host_program) as running:
        yield running


@pytest.fixture(scope="session")
def built_signals(programs: Programs) -> Path:
    """Build the default example."""
    return programs.bundle_executable("signals")
