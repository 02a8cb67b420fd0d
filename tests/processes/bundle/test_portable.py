"""Bundles that bring their C library: the copied files, the started program, and its process."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gfplug.bundle import portable
from gfplug.bundle.dist import Bundle
from gfplug.errors import ToolError

LAUNCHERS = Path(portable.__file__).parent / "launchers"
MACHINE = {"x86_64": "linux_amd64", "aarch64": "linux_arm64"}.get(platform.machine(), "")
here = pytest.mark.skipif(sys.platform != "linux" or not MACHINE, reason="launchers are for Linux")


def test_the_launchers_are_those_that_the_source_was_compiled_to() -> None:
    """The test fails after a change of launcher.c without make.py."""
    noted = json.loads((LAUNCHERS / "digests.json").read_text())

    assert noted == {name: hashlib.sha256((LAUNCHERS / name).read_bytes()).hexdigest() for name in noted}
    assert set(noted) == {"launcher.c", *portable.LOADERS}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Make a bundle whose program is a script, and whose loader is this machine's shell."""
    contents = tmp_path / "a folder" / f"_internal_{MACHINE}"
    contents.mkdir(parents=True)
    (contents.parent / f"gpx_{MACHINE}").write_text("program")
    return Bundle(contents.parent, contents.parent / f"gpx_{MACHINE}")


@here
def test_a_bundle_brings_loader_and_library_of_one_folder(bundle: Bundle) -> None:
    """It has both, the loader is executable, and the launcher starts the program."""
    if not Path(f"/lib/{platform.machine()}-linux-gnu/libc.so.6").exists():
        pytest.skip("this machine's glibc is elsewhere")
    brought = portable.add_libc(bundle, MACHINE)

    contents = bundle.folder / f"_internal_{MACHINE}"
    assert {"libc.so.6", "libm.so.6", portable.LOADERS[MACHINE]} <= set(brought)
    assert os.access(contents / portable.LOADERS[MACHINE], os.X_OK)
    assert not os.access(contents / "libc.so.6", os.X_OK) or os.stat(contents / "libc.so.6").st_mode & 0o111 == 0  # noqa: PTH116
    assert bundle.executable.with_name(f"gpx_{MACHINE}.bin").read_text() == "program"
    assert bundle.executable.read_bytes() == (LAUNCHERS / MACHINE).read_bytes()


@here
def test_the_launcher_starts_the_loader_as_the_same_process(bundle: Bundle) -> None:
    """Arguments and variables pass unchanged; a shell in place of the loader prints them."""
    loader = bundle.folder / f"_internal_{MACHINE}" / portable.LOADERS[MACHINE]
    loader.write_text('#!/bin/sh\necho "$$"\nfor word; do echo "$word"; done\necho "$GREETING"\n')
    loader.chmod(0o755)
    shutil.copy(LAUNCHERS / MACHINE, bundle.executable)
    bundle.executable.chmod(0o755)
    running = subprocess.Popen([bundle.executable, "one", "two words"], stdout=subprocess.PIPE, env={"GREETING": "hi"})
    out, _ = running.communicate(timeout=60)

    contents = str(bundle.folder / f"_internal_{MACHINE}")
    assert out.decode().splitlines() == [
        str(running.pid),
        "--library-path",
        contents,
        f"{bundle.executable}.bin",
        "one",
        "two words",
        "hi",
    ]


@here
def test_a_launcher_without_its_loader_says_so(bundle: Bundle) -> None:
    """It prints one sentence, and the exit code is 127, as in a shell."""
    shutil.copy(LAUNCHERS / MACHINE, bundle.executable)
    bundle.executable.chmod(0o755)
    done = subprocess.run([bundle.executable], capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (127, b"")
    assert b"cannot start the loader in _internal_linux" in done.stderr


@pytest.mark.parametrize(
    ("platform_", "sentence"), [("darwin_arm64", "not possible on darwin_arm64"), ("linux_amd64", "no glibc")]
)
def test_a_platform_without_glibc_is_refused(bundle: Bundle, tmp_path: Path, platform_: str, sentence: str) -> None:
    """There are launchers for Linux only, and nothing is copied from a system that has another C library."""
    with pytest.raises(ToolError, match=sentence):
        portable.add_libc(bundle, platform_, root=tmp_path)
