"""A plugin under low limits of the system works, or ends with one line that names the limit; see docs/limits.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from children import GO_PLUGIN, HERE, Child, running
from places import SOURCE
from pluginv2 import backend_pb2 as pb

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits of Linux"),
]

SECONDS = 6.0
"""The time limit for the end of a plugin that can't run; an idle machine takes less than one second."""
MIB = 1 << 20


@contextmanager
def limited(
    stubs: Path, folder: Path, setting: str, *, within: Sequence[str] = (), **environment: str
) -> Iterator[Child]:
    """Start the sample plugin after a shell's commands, optionally within another program."""
    path = ":".join(map(str, (HERE, SOURCE, stubs)))
    stderr = folder / "stderr"
    with stderr.open("wb") as file:
        process = subprocess.Popen(
            [*within, "/bin/sh", "-c", f'{setting}\nexec "$0" -m fixtures.sample_main', sys.executable],
            env={"PATH": os.environ["PATH"], **GO_PLUGIN, "PYTHONPATH": path, "TMPDIR": str(folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=file,
        )
    with running(process, stderr) as child:
        yield child


def works(child: Child) -> bool:
    """Tell whether the plugin answers a query, and ends as it should."""
    is_answered = bool(child.query({})["A"].status == 200)
    child.shutdown()
    return is_answered and child.process.returncode == 0


def ended(child: Child) -> dict[str, Any]:
    """Wait for the end of a plugin that can't run, and return its one line of error."""
    assert child.process.wait(SECONDS) == 1
    (entry,) = [entry for entry in child.logs() if entry["@level"] == "error"]
    return entry


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        *((f"ulimit -v {mib * 1024}", ("too little memory", f"{mib} MiB (ulimit -v)")) for mib in (250, 300, 400, 500)),
        *((f"ulimit -d {mib * 1024}", ("too little memory", f"{mib} MiB (ulimit -d)")) for mib in (60, 200, 280)),
        *((f"ulimit -n {count}", ("too few open files", f"{count} (ulimit -n)")) for count in (6, 12, 20, 30)),
        ("ulimit -s 409600; ulimit -v 3145728", ("too few threads", "3072 MiB (ulimit -v)")),
    ],
)
def test_a_limit_that_is_too_low_is_named_at_once(
    stub_folder: Path, tmp_path: Path, setting: str, says: tuple[str, str]
) -> None:
    """There is no handshake, the log has the limit, and the status is 1, all within seconds."""
    began = time.monotonic()
    with limited(stub_folder, tmp_path, setting) as child:
        entry = ended(child)

    assert child.line == ""
    assert entry["@message"].startswith("The plugin can't run: ")
    assert all(words in entry["@message"] for words in says)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    "setting", ["ulimit -v 1048576", "ulimit -n 64", "ulimit -n 40", "ulimit -s 1024", "ulimit -c 0"]
)
def test_a_plugin_works_under_a_low_limit(stub_folder: Path, tmp_path: Path, setting: str) -> None:
    """One GiB of address space or 40 open files are enough."""
    with limited(stub_folder, tmp_path, setting) as child:
        assert works(child)


def test_a_library_that_gets_no_memory_ends_the_plugin(stub_folder: Path, tmp_path: Path) -> None:
    """A partly loaded library may crash later, so the process ends, and names the limit and the error."""
    with limited(stub_folder, tmp_path, "ulimit -v 2097152", SAMPLE="hungry") as child:
        entry = ended(child)

    assert child.line.startswith("1|2|")
    assert "too little memory: the limit is 2048 MiB (ulimit -v)" in entry["@message"]
    assert "MemoryError: no room for a table" in entry["@message"]
    assert not list(tmp_path.glob("plugin*"))


def open_files(child: Child) -> int:
    """Count a plugin's open files."""
    return len(list(Path(f"/proc/{child.process.pid}/fd").iterdir()))


def addresses(child: Child) -> int:
    """Count the bytes of address space that a plugin has mapped."""
    pages = Path(f"/proc/{child.process.pid}/statm").read_text().split()[0]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def limit(child: Child, what: int, number: int) -> None:
    """Set a limit of a running plugin."""
    _, most = resource.prlimit(child.process.pid, what)
    resource.prlimit(child.process.pid, what, (number, most))


def test_a_query_that_gets_no_memory_is_answered_with_an_error(child: Child) -> None:
    """Other queries are answered, and so is the next one."""
    child.query({})
    limit(child, resource.RLIMIT_AS, addresses(child) + 256 * MIB)
    answers = child.query({"do": "big", "size": 500_000_000}, {})

    assert (answers["A"].status, answers["B"].status) == (500, 200)
    assert "Memory" in answers["A"].error
    assert child.query({})["A"].status == 200


def test_a_query_that_can_open_no_file_is_answered_with_an_error(child: Child) -> None:
    """New connections get errors, too; existing ones continue."""
    child.query({"do": "open", "size": 1})
    limit(child, resource.RLIMIT_NOFILE, open_files(child) + 4)
    answers = child.query({"do": "open", "size": 20}, {})

    assert [answers[ref].status for ref in "AB"] == [500, 200]
    assert "Too many open files" in answers["A"].error
    assert child.query({"do": "open", "size": 1})["A"].status == 200
    assert child.check_health().message == "sample"


def test_queries_share_the_threads_that_are_there(child: Child) -> None:
    """If no more threads start, queries wait for the existing ones; the shutdown needs none."""
    child.query({})
    limit(child, resource.RLIMIT_AS, addresses(child) + 4 * MIB)  # a thread's stack needs more
    answers = [child.start_query({"do": "sleep", "seconds": 0.1}) for _ in range(8)]

    assert all(answer.result() for answer in answers)
    assert child.query({})["A"].status == 200
    assert child.shutdown() < 2
    assert child.process.returncode == 0


def test_the_first_async_query_without_a_thread_is_an_error(async_child: Child) -> None:
    """The event loop for handlers starts with the first query; if it can't start, a later query starts it."""
    async_child.call("/pluginv2.Diagnostics/CollectMetrics", b"", pb.CollectMetricsResponse)  # waits for loading
    limit(async_child, resource.RLIMIT_AS, addresses(async_child) + 4 * MIB)

    assert async_child.query({}, {})["A"].error == "RuntimeError: can't start new thread"
    limit(async_child, resource.RLIMIT_AS, resource.RLIM_INFINITY)
    assert async_child.query({})["A"].status == 200


def test_a_query_that_writes_to_a_full_disk_is_answered_with_an_error(child: Child) -> None:
    """/dev/full stands for the disk."""
    if not Path("/dev/full").exists():
        pytest.skip("this file system cannot exchange: there is no /dev/full")
    answer = child.query({"do": "write", "size": 10}, marker="/dev/full")["A"]

    assert (answer.status, answer.error) == (500, "OSError: [Errno 28] No space left on device")
    assert child.query({})["A"].status == 200


NAMESPACE = ("unshare", "--mount")
FULL = """
mount -t tmpfs -o size=64k,nr_inodes=20 none {folder} || exit 77
for number in $(seq 40); do (dd if=/dev/zero of={folder}/full$number bs=16k count=1) 2>/dev/null; done
"""
READ_ONLY = "mount --bind {log} {log} && mount --bind / / && mount -o remount,bind,ro / || exit 77"


@pytest.mark.parametrize(
    ("setting", "variables"),
    [
        (FULL, {"TMPDIR": "{folder}"}),
        (FULL, {"PLUGIN_UNIX_SOCKET_DIR": "{folder}"}),
        ("true", {"TMPDIR": "/nowhere", "TEMP": "/nowhere", "TMP": "/nowhere"}),
        ("true", {"PLUGIN_UNIX_SOCKET_DIR": "/nowhere"}),
    ],
    ids=["full disk for temporary files", "full disk for the socket", "no folder for temporary files", "no folder"],
)
def test_a_plugin_needs_no_disk(stub_folder: Path, tmp_path: Path, setting: str, variables: dict[str, str]) -> None:
    """Its socket is in another folder, or it listens on a local port; failed attempts leave no file."""
    require_mounts()
    folder = tmp_path / "full"
    folder.mkdir()
    environment = {name: text.format(folder=folder) for name, text in variables.items()}
    with limited(stub_folder, tmp_path, setting.format(folder=folder), within=NAMESPACE, **environment) as child:
        assert str(folder) not in child.line
        assert works(child)


def test_a_plugin_needs_nothing_that_can_be_written(stub_folder: Path, tmp_path: Path) -> None:
    """On a read-only root it listens on a local port that only this machine can reach."""
    require_mounts()
    log = tmp_path / "log"
    log.mkdir()
    with limited(stub_folder, log, READ_ONLY.format(log=log), within=NAMESPACE, TMPDIR="/nowhere") as child:
        assert child.line.startswith(("1|2|tcp|127.0.0.1:", "1|2|unix|"))  # a separate /tmp may be writable
        assert works(child)


def require_mounts() -> None:
    """Skip where a process may not make mounts."""
    if shutil.which("unshare") is None or os.geteuid() != 0:
        pytest.skip("no bare root: entering one needs root's rights")
    tried = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no bare root: mounts are not permitted")
