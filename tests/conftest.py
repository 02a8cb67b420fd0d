"""What every suite shares: a fresh log for each test, and a rule about the tests that are skipped.

A skip for want of a program names it: its reason begins with `install PROGRAM:`, and the run's closing lines say what
to install. Where GFPLUG_REQUIRE_ALL is set, as `.ci/run` does on Linux, every skip is a failure but those in MAY_SKIP.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

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
    "this Python has its modules built in": "there is no file to read a symbol of; others have one",
}
"""How the reasons begin that are no failure on Linux, and why; elsewhere the platform rules out more."""


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why a test was skipped; empty if it was not, or failed as it is expected to."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return ""
    return report.longrepr[2].removeprefix("Skipped: ")


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a failure of a skip, unless MAY_SKIP has it or nothing requires the test."""
    reason = reason_of(report)
    if os.environ.get(REQUIRE_ALL) and reason and not reason.startswith(tuple(MAY_SKIP)):
        report.outcome = "failed"
        report.longrepr = f"{REQUIRE_ALL} is set, and this was skipped: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at the skips of tests."""
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at the skips of whole modules."""
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Say last what to install to run the tests that were skipped for want of it."""
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
    """Undo what `console.setup` did to gfplug's logger: its handler holds the stderr of the test that ran it."""
    yield
    logger = logging.getLogger("gfplug")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)
