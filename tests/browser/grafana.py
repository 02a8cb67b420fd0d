"""The real packages of one Grafana version, installed by npm once per machine from the lock beside its package.json."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest
from commands import run, succeed

from gfplug.host.preview.page_files import PageFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

BROWSER = Path(__file__).parent / "page"
PREVIEW = Path(__file__).parents[2] / "preview"
VERSIONS = ("11", "12", "13")
PAGES_OF_GRAFANA = BROWSER / "pages.jsx"
PRODUCTS = {"node": "Node.js 20", "npm": "npm", "chromium": "Chromium"}
OLDEST_NODE = 20
"""The version that the newest Grafana's packages require."""


def program(*names: str) -> str:
    """Find the first existing one of some programs, or skip."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"install {PRODUCTS[names[0]]}: {' or '.join(names)} is not on PATH")
    if names == ("node",):
        version = succeed(path, "--version")
        if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
            pytest.skip(f"install Node.js 20: {path} is {version.strip()}")
    return path


def installed(version: str) -> Path:
    """Return the node_modules of one Grafana version, or skip if npm can't install them.

    A version of VERSIONS also has the tools of the tests; a full version has the packages of its preview.
    """
    source = BROWSER / f"grafana-{version}" if version in VERSIONS else PREVIEW / "grafana" / version
    files = ("package.json", "package-lock.json")
    digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in files)).hexdigest()[:12]
    folder = platformdirs.user_cache_path("gfplug-tests") / f"grafana-{version}-{digest}"
    if not folder.is_dir():
        _install(source, folder, files)
    return folder / "node_modules"


def _install(source: Path, folder: Path, files: tuple[str, ...]) -> None:
    npm = program("npm")
    stage = folder.with_name(f"{folder.name}.{os.getpid()}")
    stage.mkdir(parents=True)
    for name in files:
        shutil.copy(source / name, stage)
    done = run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", cwd=stage, timeout=600)
    if done.code != 0:
        shutil.rmtree(stage)
        last_line = done.err.strip().splitlines()[-1:]
        pytest.skip(f"npm could not install the packages of {source.name}: {last_line}")
    _rename(stage, folder)


def _rename(stage: Path, folder: Path) -> None:
    try:
        stage.rename(folder)
    except OSError:  # another process has installed it already
        shutil.rmtree(stage)


def page(version: str, *, development: bool = False) -> PageFiles:
    """Build the page of `gfplug preview` for one Grafana version, once per machine.

    The page for development has React's warnings, and the pages of Grafana beside it.
    """
    modules = installed(version)
    options = ("--development", PAGES_OF_GRAFANA) if development else ()
    folder = _build_page(modules.with_name("development" if development else "page"), *options)
    number = json.loads((modules / "@grafana/ui/package.json").read_text(encoding="utf-8"))["version"]
    return PageFiles(folder=folder, version=number, versions=(number,))


def _build_page(name: Path, *options: str | Path) -> Path:
    """Build the page in the folder of a node_modules, unless it is there; return its folder."""
    sources = [PREVIEW / "bundle.mjs", *sorted(path for path in (PREVIEW / "page").rglob("*") if path.is_file())]
    sources += [option for option in options if isinstance(option, Path)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    folder = name.with_name(f"{name.name}-{digest}")
    if not folder.is_dir():
        stage = folder.with_name(f"{folder.name}.{os.getpid()}")
        command = (program("node"), PREVIEW / "bundle.mjs", name.with_name("node_modules"), stage)
        succeed(*command, *options, timeout=300)
        _rename(stage, folder)
    return folder


def passes(*names: str, tests: int, version: str, plugins: Mapping[str, Path], **places: str) -> None:
    """Run files of tests in one page, which shows the plugins one after the other; all of them must pass."""
    files = page(version, development=True)
    passes_alone(
        "all.mjs",
        tests=tests,
        version=version,
        ASSETS=str(files.folder),
        VERSION=files.version,
        PLUGINS=json.dumps({name: str(path) for name, path in plugins.items()}),
        TESTS=" ".join(names),
        **places,
    )


def passes_alone(name: str, *, tests: int, version: str, **places: str) -> None:
    """Run a file of tests that starts Chromium itself; all of them must pass."""
    environment = {
        **os.environ,
        "CHROMIUM": program("chromium", "chromium-browser", "google-chrome"),
        "MODULES": str(installed(version)),
        **places,
    }
    done = run(program("node"), "--test", "--test-reporter=spec", BROWSER / name, env=environment, timeout=600)

    assert done.code == 0, done.out + done.err
    assert f"ℹ pass {tests}\n" in done.out  # noqa: RUF001 - the reporter's own sign
