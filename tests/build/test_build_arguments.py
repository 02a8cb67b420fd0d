"""A bundle refuses unknown arguments at once, with and without Grafana's cookie."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from building import BuiltProject, gfplug, must_build

from gfplug.bundle.portable import MODES
from gfplug.host.target import COOKIE

REFUSALS = [
    ["-c", "print(1)"],
    ["-I", "-S", "-c", "print(1)"],
    ["-u", "-c", "print(1)"],
    ["-E", "-s", "script.py"],
    ["-m", "pip", "--version"],
    ["-m", "pip", "install", "--standalone", "x"],
    ["-m", "joblib.externals.loky.backend.popen_loky_posix", "--process-name", "LokyProcess-1", "--pipe", "12"],
    ["-c", "from joblib.externals.loky.backend.resource_tracker import main; main(5, False)"],
    ["--multiprocessing-fork", "--pipe", "12"],
    ["-m", "x", "--multiprocessing-fork"],
    ["-"],
    ["-V"],
    ["-VV"],
    ["--help"],
    ["script.py"],
    ["/nowhere/script.py", "-version"],
    ["-X", "importtime"],
    ["serve"],
    [""],
]
CODE = '''\
"""What libraries do with sys.executable."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from gfruntime import Frame, Health, Query, Settings

WAYS = (["-c", "print(1)"], ["-m", "pip"], ["-"], [])


class Datasource:
    def __init__(self, settings: Settings) -> None:
        del settings

    def query(self, query: Query) -> Frame:
        return Frame.of(value=[1.0])

    def check_health(self) -> Health:
        codes = []
        for arguments in WAYS:
            command = [sys.executable, *arguments]
            ended = subprocess.run(command, input=b"print(1)", capture_output=True, timeout=20)
            codes.append(f"{ended.returncode} {ended.stderr.decode().split(';')[0].splitlines()[0]}")
        for method in multiprocessing.get_all_start_methods():
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
                codes.append(f"{method} {pool.submit(pow, 6, 2).result(20)}")
        return Health.ok(" / ".join(codes))
'''


@pytest.mark.shows("errors: a library starts")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "cookie", [{COOKIE[0]: COOKIE[1], "PLUGIN_PROTOCOL_VERSIONS": "2"}, {}], ids=["cookie", "bare"]
)
def test_a_bundle_does_not_run_as_python(bundles: dict[str, BuiltProject], mode: str, cookie: dict[str, str]) -> None:
    """An argument of Python ends it at once with status 2 and the reason, even with an inherited cookie of Grafana."""
    executable = bundles[mode].report["executable"]
    for arguments in REFUSALS:
        ended = subprocess.run(
            [executable, *arguments],
            env=cookie,
            input=b"print(1)",
            capture_output=True,
            timeout=20,
            check=False,
        )

        assert (ended.returncode, ended.stdout) == (2, b""), arguments
        assert ended.stderr.startswith(b"this is a frozen plugin, not Python; it cannot run "), arguments
        assert b"print(1)" not in ended.stderr


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dashes", ["-", "--"])
def test_a_bundle_still_tells_its_version(bundles: dict[str, BuiltProject], mode: str, dashes: str) -> None:
    """The arguments of the Go SDK are arguments of the plugin."""
    executable = bundles[mode].report["executable"]
    version, info = (
        subprocess.run([executable, f"{dashes}{name}"], env={}, capture_output=True, timeout=20, check=True).stdout
        for name in ("version", "buildinfo")
    )

    assert version == b"0.1.0\n"
    assert json.loads(info)["pluginID"] == "acme-sales-datasource"


@pytest.fixture(scope="module")
def starter(signals: BuiltProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose data source starts processes; it is frozen once, and bundled in each mode."""
    project = Path(shutil.copytree(signals.project, tmp_path_factory.mktemp("starter") / "project", symlinks=True))
    (project / "src/plugin/datasource.py").write_text(CODE)
    return project


@pytest.mark.shows("errors: a library starts")
@pytest.mark.parametrize("mode", MODES)
def test_a_bundle_that_starts_itself_as_python_goes_on(starter: Path, mode: str) -> None:
    """The author's code gets each refusal, also without arguments; multiprocessing works with every start method."""
    health = gfplug("call", "health", must_build(starter, "--libc", mode).dist, "--timeout", "60")

    assert health.code == 0, health.err
    for argument in ("'-c'", "'-m'", "'-'"):
        assert "2 this is a frozen plugin, not Python / " in health.out, argument
    assert "1 This is a Grafana data source plugin" in health.out
    assert "spawn 36" in health.out
    assert "forkserver 36" in health.out
