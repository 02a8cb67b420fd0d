"""The rules of tests/conftest.py, in separate runs: which tests may be skipped, and which may start a process."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = ROOT / "tests" / "conftest.py"
GO = re.compile(r"\bGo (\d+\.\d+)\b")

TESTS = """
import pytest

def test_that_passes():
    pass

@pytest.mark.xfail(strict=True)
def test_that_fails_as_expected():
    assert False

@pytest.mark.skipif(True, reason="GRAFANA_URL is not set: see the README")
def test_in_a_grafana():
    pass

@pytest.mark.parametrize("number", [1, 2])
def test_that_needs_go(number):
    pytest.skip("install Go 1.99: it compiles the host")

@pytest.fixture
def browser():
    pytest.skip("install Chromium: it is not on PATH")

def test_that_needs_a_browser(browser):
    pass

def test_that_needs_a_compiler():
    pytest.skip("install a C compiler: cc is not on PATH")
"""
MODULE = "import pytest\npytest.importorskip('no_such_module')\n"
WORKERS = ((), ("--numprocesses=1",))


def outcome(
    folder: Path, *options: str, tests: str = TESTS, environment: dict[str, str] | None = None
) -> tuple[int, dict[str, int], str]:
    """Run tests with the suites' conftest.py; return the exit code, the counts and the whole output."""
    shutil.copy(CONFTEST, folder)
    (folder / "test_it.py").write_text(tests, encoding="utf-8")
    others = ("GFPLUG_", "PYTEST_", "CI", "BUILD_NUMBER")  # in CI, pytest prints reasons in full, so twice
    inherited = {key: text for key, text in os.environ.items() if not key.startswith(others)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "--rootdir", folder, *options],
        cwd=folder,
        env={**inherited, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stdout.splitlines()
    counts = {
        name.rstrip("s"): int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", lines[-1].split(" in ")[0])
    }
    return done.returncode, counts, done.stdout


@pytest.mark.parametrize("workers", WORKERS, ids=["one process", "a worker"])
def test_the_closing_lines_name_what_to_install(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """They follow pytest's summary; the programs that most tests lack come first, other skips are not counted."""
    code, counts, output = outcome(tmp_path, *workers)

    assert (code, counts) == (0, {"passed": 1, "xfailed": 1, "skipped": 5})
    assert output.splitlines()[-2] == "4 tests were skipped: install Go 1.99, Chromium and a C compiler to run them"
    output = outcome(tmp_path, *workers, "-k", "browser")[2]
    assert output.splitlines()[-2] == "1 test was skipped: install Chromium to run it"


@pytest.mark.parametrize("workers", WORKERS, ids=["one process", "a worker"])
def test_a_skip_without_an_allowed_reason_is_a_failure(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """This holds for a test's body and its fixtures; skips in MAY_SKIP and expected failures do not change."""
    code, counts, output = outcome(tmp_path, *workers, environment={"GFPLUG_REQUIRE_ALL": "1"})

    assert (code, counts) == (1, {"passed": 1, "xfailed": 1, "skipped": 1, "failed": 3, "error": 1})
    assert output.count("GFPLUG_REQUIRE_ALL is set, and this was skipped: install Go 1.99: it compiles the host") == 2
    assert "GFPLUG_REQUIRE_ALL is set, and this was skipped: install Chromium: it is not on PATH" in output


@pytest.mark.parametrize("workers", WORKERS, ids=["one process", "a worker"])
def test_a_whole_module_must_not_be_skipped_either(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """A module that skips itself must not count as passed."""
    code, _, output = outcome(tmp_path, *workers, tests=MODULE, environment={"GFPLUG_REQUIRE_ALL": "1"})

    assert code not in {0, 5}
    assert "this was skipped: could not import 'no_such_module'" in output


def test_no_closing_lines_appear_if_no_tool_is_missing(tmp_path: Path) -> None:
    """If nothing was skipped for a missing tool, the last lines are those of pytest."""
    code, counts, output = outcome(tmp_path, "-k", "passes or grafana")

    assert (code, counts) == (0, {"passed": 1, "skipped": 1, "deselected": 5})
    assert "skipped: install" not in output


STARTS = """
import multiprocessing, os, subprocess, sys, threading
import pytest

def by_subprocess():
    subprocess.run([sys.executable, "-c", ""], check=True)

def by_a_shell():
    os.system("true")

def by_a_fork():
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        os._exit(0)

def by_multiprocessing():
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()

def in_a_thread():
    thread = threading.Thread(target=by_subprocess)
    thread.start()
    thread.join()

@pytest.mark.parametrize("start", [by_subprocess, by_a_shell, by_a_fork, by_multiprocessing, in_a_thread])
def test_it(start):
    start()

def test_without():
    pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="fork and true")
@pytest.mark.parametrize(
    ("folder", "ends"),
    [("cli", {"passed": 1, "failed": 5}), ("runtime/deep", {"passed": 1, "failed": 5}), ("processes", {"passed": 6})],
)
def test_only_some_folders_hold_tests_that_start_processes(tmp_path: Path, folder: str, ends: dict[str, int]) -> None:
    """A test below cli or runtime fails if it starts a process in any way, and the error names the folder."""
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "test_starts.py").write_text(STARTS, encoding="utf-8")
    _, counts, output = outcome(tmp_path, folder)

    assert counts == ends
    assert output.count("move it below tests/processes") == ends.get("failed", 0)


NOTES = """
import os, pathlib
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    with pathlib.Path("workers").open("a") as notes:
        notes.write(f"{pathlib.Path(__file__).name} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


def test_a_worker_runs_whole_modules_and_some_folders(tmp_path: Path) -> None:
    """Shared fixtures of a module are made once; modules of a folder that shares a project run in one worker."""
    modules = ["cli/test_a.py", "cli/test_b.py", "docs/test_c.py", "docs/test_d.py"]
    for module in modules:
        (tmp_path / module).parent.mkdir(exist_ok=True)
        (tmp_path / module).write_text(NOTES, encoding="utf-8")
    _, counts, _ = outcome(tmp_path, "--numprocesses=2", "--dist=loadscope", *modules)
    lines = [line.split() for line in (tmp_path / "workers").read_text(encoding="utf-8").splitlines()]
    workers = {module: {worker for name, worker in lines if name == module} for module, _ in lines}

    assert counts == {"passed": 16}
    assert {module: len(names) for module, names in workers.items()} == dict.fromkeys(workers, 1)
    assert workers["test_c.py"] == workers["test_d.py"] != workers["test_a.py"]


def test_every_reason_in_the_list_is_one_that_a_test_gives() -> None:
    """The list has no reason that no test gives; each entry has an explanation."""
    reasons = runpy.run_path(str(CONFTEST))["MAY_SKIP"]
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != CONFTEST]

    assert all(reasons.values())
    assert [reason for reason in reasons if not any(f'"{reason}' in text for text in texts)] == []


def test_the_go_that_is_asked_for_is_the_one_that_the_module_needs() -> None:
    """Reasons of skips and documentation pages name this version."""
    (needed,) = re.findall(
        r"^go (\d+\.\d+)", (ROOT / "tests/conformance/go.mod").read_text(encoding="utf-8"), re.MULTILINE
    )
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    code = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    versions_by_path = {path: set(GO.findall(path.read_text(encoding="utf-8"))) for path in [*pages, *code]}

    assert {path: versions for path, versions in versions_by_path.items() if versions - {needed}} == {}
    assert any(versions_by_path[path] for path in code)
