"""What every suite shares: the order of tests, a fresh log for each, rules about skips and about starting processes.

If a program is missing, the reason of the skip begins with `install PROGRAM:`, and the run's last lines say what to
install. With GFPLUG_REQUIRE_ALL, which `.ci/run` sets on Linux, every skip that MAY_SKIP does not list is a failure.

A test below `cli` or `runtime` that starts a process fails.

With `--dist=loadscope` a worker runs whole modules, and the folders in ONE_WORKER as a whole: their tests share objects
that are made once. Folders that take long come first, so that all workers end at about the same time.
"""

import gc
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import util
from pathlib import Path
from typing import Any

import hypothesis  # else pytest's plugin imports it at the end, where Python 3.11 sometimes fails to parse it
import pytest

hypothesis.settings.register_profile("quick", max_examples=20, deadline=5000)  # for `make unit`; ms, as in tests/fuzz
hypothesis.settings.register_profile(
    "patient", hypothesis.settings.default, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)  # a busy machine generates inputs slowly
hypothesis.settings.load_profile("patient")
collect_ignore = ["fixtures"]  # the projects in this folder have their own tests
REQUIRE_ALL = "GFPLUG_REQUIRE_ALL"
MAY_SKIP = {
    "GRAFANA_URL is not set": "a job of its own runs them in real Grafanas: .github/workflows/ci.yml",
    "no Go module proxy is configured": "off by default (marker `network`): there is no source to fetch from",
    "GitHub is not reachable": "networks without it have a Go module proxy instead, which other tests ask",
    "this version has no such method": "the oldest SDK has fewer methods than the newest; both are tested",
    "root may write anywhere": "file modes do not bind the superuser",
    "no bare root": "entering one takes the superuser, the right to mount, and a Debian's or an Ubuntu's libraries",
    "needs a program linked against glibc": "a Linux may have another C library",
    "this machine's glibc is elsewhere": "it is where Debian and Ubuntu have it that is looked at",
    "launchers are for Linux": "and there for amd64 and arm64",
    "this file system cannot exchange": "some file systems lack the call; then a bundle is replaced in two steps",
    "chdb is not installed": "ClickHouse in a wheel of 181 MB: too much for every run; its macros are run where it is",
    "Snowflake's driver is not installed": "it is large, and the emulator that it asks needs an environment of its own",
    "no server to ask: ": "engines that are large, or Java; the page's query is run by hand before a release",
    "pyspark is not installed": "Spark's client is 400 MB with what it needs",
    "trino is not installed": "no Trino runs here; its stand-in is asked where its client is installed",
    "this Python has its modules built in": "there is no file to read a symbol of; others have one",
}
"""The beginnings of skip reasons that are no failures on Linux, and why; other platforms skip more."""

STARTS = {
    *(
        "subprocess.Popen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
    ),
    "_winapi.CreateProcess",
}
"""Audit events of Python for the start of a process."""
LIBRARIES_OWN = {"uname", "fc-list"}
"""Programs that libraries start once, in any test: plumbum asks for the processor, matplotlib for fonts."""
WITHOUT_PROCESSES = tuple(Path(__file__).with_name(name) for name in ("cli", "runtime"))
LONGEST_FIRST = ("build", "upgrade", "docs", "browser", "conformance", "generated", "network", "processes", "fuzz")
"""Folders whose tests take long; tests of other folders use the rest of a worker's time."""
ONE_WORKER = {"build", "databases", "docs"}
"""Folders whose modules share a built project or a server."""
started: list[str] = []
"""Programs that the tests below WITHOUT_PROCESSES started since the last report."""


def _note_start(event: str, arguments: tuple[object, ...]) -> None:
    if event in STARTS and arguments[:1] not in {(name,) for name in LIBRARIES_OWN}:
        started.append(f"{event} {arguments[0] if arguments else ''}".strip())


def pytest_configure() -> None:
    """Record starts of processes; `multiprocessing` raises no event when it spawns one."""
    spawn = util.spawnv_passfds

    def noted(path: bytes, args: Sequence[Any], passfds: Sequence[int]) -> int:
        _note_start("os.spawn", (path,))
        return spawn(path, args, passfds)

    util.spawnv_passfds = noted
    sys.addaudithook(_note_start)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler that gives modules and folders to workers in the order of collection."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - without it nobody asks

    class ModuleScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            folder = _folder(config.rootpath / module)
            return folder if folder in ONE_WORKER else module

    config.option.loadscopereorder = False
    return ModuleScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Disable garbage collection while tests are collected: it would take a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def _folder(module: Path) -> str:
    parts = module.relative_to(Path(__file__).parent).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Let a worker begin with the tests that take long."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        ranks = {folder: number for number, folder in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: ranks.get(_folder(item.path), len(ranks)))
    yield


def pytest_runtest_logstart() -> None:
    """Forget processes that started while modules were imported."""
    started.clear()


def refuse_process(item: pytest.Item, report: pytest.TestReport) -> None:
    """Fail a test that started a process below a folder of WITHOUT_PROCESSES."""
    if started and any(folder in item.path.parents for folder in WITHOUT_PROCESSES):
        report.outcome = "failed"
        report.longrepr = (
            f"a test below tests/{item.path.relative_to(WITHOUT_PROCESSES[0].parent).parts[0]} starts no process, "
            f"but this one did ({', '.join(started)}): move it below tests/processes"
        )
    started.clear()


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why a test was skipped; empty if it was not skipped, or is an expected failure."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return ""
    return report.longrepr[2].removeprefix("Skipped: ")


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure, unless MAY_SKIP lists its reason or GFPLUG_REQUIRE_ALL is not set."""
    reason = reason_of(report)
    if os.environ.get(REQUIRE_ALL) and reason and not reason.startswith(tuple(MAY_SKIP)):
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE_ALL} is set, and this was skipped: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Check the skips of tests, and the processes that tests started."""
    report = yield
    refuse_skip(report)
    refuse_process(item, report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Check the skips of whole modules."""
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Print last which programs to install to run the skipped tests."""
    yield
    reasons = map(reason_of, terminalreporter.stats.get("skipped", []))
    programs = Counter(match[1] for reason in reasons if (match := re.match(r"install (.+?):", reason)))
    if programs:
        *others, last = sorted(programs, key=lambda name: (-programs[name], name))
        names = f"{', '.join(others)} and {last}" if others else last
        what, them = ("1 test was", "it") if programs.total() == 1 else (f"{programs.total()} tests were", "them")
        terminalreporter.write_line(f"{what} skipped: install {names} to run {them}")


@pytest.fixture(autouse=True)
def _fresh_log() -> Iterator[None]:
    """Reset gfplug's logger: the handler of `console.setup` holds the stderr of the test that called it."""
    yield
    logger = logging.getLogger("gfplug")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)
