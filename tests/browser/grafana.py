"""One Grafana's real packages, installed once per machine by npm from the lock beside its package.json."""

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
    from collections.abc import Mapping, Sequence

BROWSER = Path(__file__).parent / "page"
PREVIEW = Path(__file__).parents[2] / "preview"
VERSIONS = ("11", "12", "13")
BUNDLED = ("host.js", "pages.js", "settings.js")
PRODUCTS = {"node": "Node.js 20", "npm": "npm", "chromium": "Chromium"}
OLDEST_NODE = 20
"""What the newest Grafana's packages ask for."""


def program(*names: str) -> str:
    """Find the first of some programs, or skip."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"install {PRODUCTS[names[0]]}: {' or '.join(names)} is not on PATH")
    if names == ("node",):
        version = succeed(path, "--version")
        if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
            pytest.skip(f"install Node.js 20: {path} is {version.strip()}")
    return path


def installed(version: str) -> Path:
    """Return the node_modules of one Grafana version, or skip when they cannot be had."""
    source = BROWSER / f"grafana-{version}"
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
    except OSError:  # another process was faster
        shutil.rmtree(stage)


def bundle(version: str) -> Path:
    """Bundle one Grafana's packages for the browser, once per machine; return the folder."""
    modules = installed(version)
    files = [BROWSER / name for name in BUNDLED]
    return _built(modules.with_name("bundle"), files, files[:2])


def page(version: str) -> PageFiles:
    """Build the page of `gfplug preview` for one Grafana version, once per machine."""
    modules = installed(version)
    folder = _built(modules.with_name("page"), [], [])
    manifest = json.loads((BROWSER / f"grafana-{version}" / "package.json").read_text(encoding="utf-8"))
    number = manifest["dependencies"]["@grafana/ui"]
    return PageFiles(folder=folder, version=number, versions=(number,))


def _built(name: Path, sources: Sequence[Path], entries: Sequence[Path]) -> Path:
    """Build files, or the page, beside a node_modules, unless they are there; return the folder."""
    page = [PREVIEW / "bundle.mjs", *sorted(path for path in (PREVIEW / "page").rglob("*") if path.is_file())]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*page, *sources])).hexdigest()[:12]
    folder = name.with_name(f"{name.name}-{digest}")
    if not folder.is_dir():
        stage = folder.with_name(f"{folder.name}.{os.getpid()}")
        succeed(program("node"), PREVIEW / "bundle.mjs", name.with_name("node_modules"), stage, *entries, timeout=300)
        _rename(stage, folder)
    return folder


def passes(*names: str, tests: int, version: str, plugins: Mapping[str, Path], **places: str) -> None:
    """Run files of tests beside the page, in one Chromium with one Grafana's packages; all of them must pass."""
    passes_alone(
        "all.mjs",
        tests=tests,
        version=version,
        BUNDLE=str(bundle(version)),
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
