"""Messages of `gfplug call`, `check`, `doctor` on a plugin that does not start, or ends (rows 9 to 17, and 37)."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import roots
from commands import run
from small_bundle import small_bundle

from gfplug.host.target import go_platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from commands import Ended

    Run = Callable[..., Ended]

GRAFANA_SAYS = {
    9: ("Unrecognized remote plugin message: Loading settings...", "before the plugin's handshake line"),
    10: ("fork/exec /plugins/x/gpx_x_linux_amd64: permission denied", "its executable bit was lost"),
    11: ("access is forbidden to executable plugin file", "chmod 644 all but the executable"),
    12: ("fork/exec /plugins/x/gpx_x_linux_amd64: no such file or directory", "gfplug build --libc bundled"),
    13: ("libstdc++.so.6: cannot open shared object file", "Neither the bundle nor the host has libstdc++.so.6"),
    14: ("fork/exec /plugins/x/gpx_x_linux_arm64: no such file or directory", "add one with `gfplug merge`"),
    15: ("Plugin unavailable", "the reason is in an earlier line of Grafana's log"),
    16: ("grpc: received message larger than max (20000000 vs. 4194304)", "gfruntime sets no limit"),
    17: ('  File "<frozen os>", line 679, in __getitem__', "proxies and names that begin with GF_PLUGIN_"),
    33: ("version `GLIBC_2.38' not found (required by ./gpx_x)", "older than the build machine's"),
    34: ("ModuleNotFoundError: No module named 'yaml.reader'", 'add "yaml.reader" to HIDDEN_IMPORTS'),
    37: ("Detected incompatible Protobuf Gencode/Runtime versions", "the floor that gfplug.lock names"),
}
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
elf = pytest.mark.skipif(sys.platform != "linux" or not shutil.which("true"), reason="edits an ELF program")


def insert(path: Path, before: str, text: str) -> None:
    """Insert lines before a line of the author's code."""
    content = path.read_text(encoding="utf-8")
    assert before in content
    path.write_text(content.replace(before, text + before, 1), encoding="utf-8")


@pytest.mark.parametrize("pain", GRAFANA_SAYS)
def test_an_error_line_of_grafanas_log_is_explained(gfplug: Run, pain: int) -> None:
    """`gfplug doctor --explain` explains the unchanged line of Grafana's log."""
    line, words = GRAFANA_SAYS[pain]
    ended = gfplug("doctor", "--explain", line)

    assert ended.code == 0
    assert words in ended.out


@pytest.mark.shows("errors: something prints to stdout")
def test_a_print_before_serving_is_shown_with_what_to_do(call: Run, project: Path) -> None:
    """It reaches stdout only from an edited `__main__.py`, and only if it is flushed."""
    insert(project / "src/plugin/__main__.py", "serve(load)", 'print("Loading settings...", flush=True)\n')
    ended = call("health", project)

    assert ended.code == 6
    assert "wrote 'Loading settings...' to stdout where Grafana expects the handshake line" in ended.err
    assert "hint: nothing may print to stdout before the plugin serves: print to stderr, or log" in ended.err


@pytest.mark.shows("errors: `fork/exec ...: permission denied`")
@posix
def test_a_lost_executable_bit_comes_with_the_chmod_to_type(gfplug: Run, tmp_path: Path) -> None:
    """Both the start of the plugin and the check show the command."""
    dist = small_bundle(tmp_path / "dist", machine=go_platform().rpartition("_")[2])
    program = dist / f"gpx_sales_{go_platform()}"
    program.chmod(0o644)
    call_result, check_result = gfplug("call", "health", dist), gfplug("check", dist)

    assert (call_result.code, check_result.code) == (6, 3)
    assert f"{program} may not be executed" in call_result.err
    assert f"chmod 755 {program}" in call_result.err
    assert f"chmod 755 {program.name}" in check_result.out


@pytest.mark.shows("errors: `fork/exec ...: permission denied`")
@posix
@pytest.mark.skipif(bool(roots.unavailable()), reason=roots.unavailable() or "possible")
def test_a_noexec_mount_is_distinguished_from_a_lost_executable_bit(tmp_path: Path) -> None:
    """The executable bit is set, so another chmod would not help."""
    place = tmp_path / "plugins"
    place.mkdir()
    script = 'mount -t tmpfs -o noexec none "$1" && cp -p "$2" "$1/gpx_x" && exec "$3" -m gfplug call health "$1/gpx_x"'
    words = ["/bin/sh", "-c", script, "sh", str(place), str(shutil.which("true")), sys.executable]
    env = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = run("/usr/bin/unshare", "--mount", "--propagation", "private", *words, env=env)

    assert done.code == 6
    assert "may not be executed, though it has the executable bit" in done.err
    assert "mounted noexec" in done.err


@pytest.mark.shows("errors: frontend files are executable")
@posix
def test_the_error_for_an_executable_asset_has_the_chmod_to_type(gfplug: Run, tmp_path: Path) -> None:
    """`gfplug check` reports the file; Grafana would not serve it."""
    dist = small_bundle(tmp_path / "dist")
    (dist / "module.js").chmod(0o755)
    ended = gfplug("check", dist)

    assert ended.code == 3
    assert "Grafana does not serve executable files to browsers" in ended.out
    assert "chmod 644 module.js" in ended.out


def altered(folder: Path, *, old: bytes, new: bytes) -> Path:
    """Copy a small program of the system and change a name in it."""
    program = folder / "gpx_x"
    content = Path(str(shutil.which("true"))).read_bytes()
    if old not in content:
        pytest.skip(f"this system's `true` names no {old!r}")
    program.write_bytes(content.replace(old, new.ljust(len(old), b"\0")))
    program.chmod(0o755)
    return program


@pytest.mark.shows("errors: a glibc binary on Alpine")
@elf
def test_a_missing_loader_is_distinguished_from_a_missing_file(gfplug: Run, tmp_path: Path) -> None:
    """The system reports "no such file" for both, although the file exists."""
    ended = gfplug("call", "health", altered(tmp_path, old=b"ld-linux", new=b"ld-linuy"))

    assert ended.code == 6
    assert "it exists, but the loader of its C library (glibc's ld-linux) does not" in ended.err
    assert "hint: for systems without glibc: `gfplug build --libc bundled`" in ended.err


@pytest.mark.shows("errors: `libstdc++.so.6` is missing in the image", "errors: a package needs a system library")
@elf
def test_a_missing_library_is_named_with_what_to_do(gfplug: Run, tmp_path: Path) -> None:
    """The loader's line is shown, the hint has the remedy."""
    ended = gfplug("call", "health", altered(tmp_path, old=b"libc.so.6\0", new=b"libQ.so.6"))

    assert ended.code == 6
    assert "libQ.so.6: cannot open shared object file" in ended.err
    assert "the plugin ended before its handshake line: exit code 127" in ended.err
    assert "hint: Install the system's package of libQ.so.6 where you build, and build again" in ended.err


@pytest.mark.shows("errors: no executable for the host's platform")
@elf
def test_an_executable_for_another_machine_is_reported(gfplug: Run, tmp_path: Path) -> None:
    """Its name is correct: the start reports the wrong machine, the check names it."""
    dist = small_bundle(tmp_path / "dist", machine="amd64" if go_platform() == "linux_arm64" else "arm64")
    (program,) = dist.glob("gpx_*")
    program = program.rename(dist / f"gpx_sales_{go_platform()}")
    call_result, check_result = gfplug("call", "health", dist), gfplug("check", dist)

    assert "hint: was it built for this platform?" in call_result.err
    assert "it is built for linux_" in check_result.out


@pytest.mark.shows("errors: the process ends")
def test_the_error_for_a_crash_in_a_query_has_the_exit_and_grafanas_message(call: Run, project: Path) -> None:
    """The error has the exit code or signal, and the message that Grafana shows."""
    path = project / "src/plugin/datasource.py"
    insert(path, "class Datasource:", "import os\n\n\n")
    text = path.read_text(encoding="utf-8")
    start = text.index("def query(")
    body = text.index("\n        ", start)
    path.write_text(text[:body] + "\n        os._exit(3)" + text[body:], encoding="utf-8")
    ended = call("query", project)

    assert ended.code == 6
    assert "the plugin died while it answered Data.QueryData: exit code 3" in ended.err
    assert 'hint: Grafana would say "plugin unavailable", and start it again' in ended.err


@pytest.mark.shows("errors: the process ends")
def test_an_import_error_is_shown_in_health_and_in_the_panel(call: Run, project: Path) -> None:
    """Health and panel show the import error instead of "plugin unavailable"; the traceback has the author's line."""
    insert(project / "src/plugin/datasource.py", "class Datasource:", "import pandaz\n\n\n")
    health, query = call("health", project), call("query", project)

    assert (health.code, query.code) == (6, 6)
    assert "ERROR: ModuleNotFoundError: No module named 'pandaz'" in health.out
    assert "src/plugin/datasource.py" in health.out
    assert "query A failed with status 500 (plugin): ModuleNotFoundError: No module named 'pandaz'" in query.err
    for ended in (health, query):
        assert "hint: Add its package to the dependencies in pyproject.toml" in ended.err


@pytest.mark.shows("errors: the host's environment")
def test_a_variable_that_grafana_does_not_pass_on_is_missing_in_call_too(
    call: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint names the setting for its value; under that name the plugin gets it."""
    path = project / "src/plugin/datasource.py"
    insert(path, "class Datasource:", 'import os\n\nREGION = os.environ["ACME_REGION"]\n\n\n')
    monkeypatch.setenv("ACME_REGION", "north")
    monkeypatch.setenv("GF_PLUGIN_REGION", "north")
    ended = call("health", project)

    assert ended.code == 6
    assert "KeyError: 'ACME_REGION'" in ended.out
    assert "put `name = value` into [plugin.<id>] of grafana.ini" in ended.err

    path.write_text(path.read_text(encoding="utf-8").replace("ACME_REGION", "GF_PLUGIN_REGION"), encoding="utf-8")
    assert call("health", project).code == 0


@pytest.mark.shows('errors: protobuf: "gencode newer than runtime"')
def test_the_error_for_stubs_newer_than_protobuf_has_the_requirement_to_raise(call: Run, project: Path) -> None:
    """Health and queries of an environment with an old protobuf answer; the hint names the requirement to raise."""
    path = project / "src/pluginv2/backend_pb2.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(Domain\.PUBLIC,\s+)\d+", r"\g<1>99", text, count=1), encoding="utf-8")
    ended = call("health", project)

    assert ended.code == 6
    assert "Detected incompatible Protobuf Gencode/Runtime versions" in ended.out
    assert "hint: Raise protobuf in pyproject.toml to the floor that gfplug.lock names" in ended.err
