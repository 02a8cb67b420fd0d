"""The real uv installs a Python for the project's environment, from the local mirror in its settings."""

import hashlib
import http.server
import json
import platform
import shutil
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from servers import serving

from gfplug.errors import ToolError
from gfplug.project.environment import interpreters, prerequisites
from gfplug.project.plugin_project import Project

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or ""
RELEASES = "https://github.com/astral-sh/python-build-standalone/releases/download"
"""The address that UV_PYTHON_INSTALL_MIRROR replaces."""

MINOR, PATCH = f"{sys.version_info[0]}.{sys.version_info[1]}", sys.version_info[2]
LEFT_OUT = {"__pycache__", "site-packages", "dist-packages", "test", "idlelib", "ensurepip", "turtledemo", "lib2to3"}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a Linux's Python is packed as uv's are"),
    pytest.mark.skipif(not UV, reason="install gfplug's extra `dev`: uv is missing"),
]


def _keep(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if Path(entry.name).name in LEFT_OUT else entry


def _pack(archive: Path) -> None:
    """Pack the Python that runs the tests as python-build-standalone packs Python."""
    library = f"libpython{MINOR}.so.1.0"
    places = [Path(sysconfig.get_config_var("LIBDIR")), Path(sys.base_prefix, "lib")]
    shared = next((place / library for place in places if (place / library).is_file()), None)
    if not shared:
        pytest.skip(f"{library} is not where its Python says")
    with tarfile.open(archive, "w:gz", compresslevel=1, dereference=True) as packed:
        packed.add(interpreters.running().resolve(), f"python/bin/python{MINOR}")
        packed.add(shared, f"python/lib/{library}")
        packed.add(sysconfig.get_path("stdlib"), f"python/lib/python{MINOR}", filter=_keep)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve one Python on this machine; yield the variables that direct uv to it."""
    folder = tmp_path_factory.mktemp("mirror")
    archive = folder / "20240107" / f"cpython-{MINOR}.{PATCH}+20240107-install_only.tar.gz"
    archive.parent.mkdir()
    _pack(archive)
    entries = {
        "name": "cpython",
        "arch": {"family": platform.machine(), "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": 3,
        "minor": sys.version_info[1],
        "patch": PATCH,
        "prerelease": "",
        "variant": None,
        "url": f"{RELEASES}/20240107/{archive.name.replace('+', '%2B')}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }
    (folder / "list.json").write_text(json.dumps({f"cpython-{MINOR}.{PATCH}": entries}))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield {
            "UV_PYTHON_INSTALL_MIRROR": f"http://127.0.0.1:{server.server_port}",
            "UV_PYTHON_DOWNLOADS_JSON_URL": (folder / "list.json").as_uri(),
        }


@pytest.fixture
def project(mirror: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Make a project on a machine with uv, and run gfplug on a Python without libpython."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "uv").symlink_to(UV)
    own = programs / "own"
    version = list(sys.version_info[:3])
    own.write_text(
        f'#!/bin/sh\necho \'{{"version": {version}, "libpython": false, "free_threaded": false, "missing": []}}\'\n'
    )
    own.chmod(0o755)
    monkeypatch.setattr(sys, "_base_executable", str(own))
    variables = {**mirror, "PATH": str(programs), "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uvs")}
    for name, value in {**variables, "UV_CACHE_DIR": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return Project(tmp_path)


def test_uv_downloads_a_python_that_has_libpython_and_keeps_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python comes from the mirror and runs; afterwards gfplug uses it offline."""
    python = prerequisites.require(project, project.root / ".venv")

    assert python.path.is_relative_to(project.root / "uvs")
    assert (python.version, python.has_libpython) == (sys.version_info[:3], True)
    monkeypatch.setenv("UV_OFFLINE", "1")
    assert prerequisites.require(project, project.root / ".venv").path.resolve() == python.path.resolve()


@pytest.mark.parametrize(("name", "value"), [("UV_OFFLINE", "1"), ("UV_PYTHON_DOWNLOADS", "never")])
def test_uv_downloads_nothing_if_downloads_are_forbidden(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The error names the missing Python, and nothing is written."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ToolError, match="this machine cannot build yet"):
        prerequisites.require(project, project.root / ".venv")

    assert not list(project.root.glob("uvs/cpython*"))


def test_settings_in_uv_toml_are_respected(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A uv.toml that forbids downloads is obeyed, and uv's message is shown."""
    (project.root / "uv.toml").write_text('python-downloads = "manual"\n')
    monkeypatch.setenv("UV_CONFIG_FILE", str(project.root / "uv.toml"))
    with pytest.raises(ToolError, match=rf"uv did not install Python {MINOR}") as caught:
        prerequisites.require(project, project.root / ".venv")

    assert "manual" in caught.value.details


def test_a_damaged_download_is_refused(project: Project, mirror: dict[str, str]) -> None:
    """A download from the mirror is verified, and uv's message is shown."""
    downloads = Path(mirror["UV_PYTHON_DOWNLOADS_JSON_URL"].removeprefix("file://"))
    whole = downloads.read_text()
    digest = json.loads(whole)[f"cpython-{MINOR}.{PATCH}"]["sha256"]
    try:
        downloads.write_text(whole.replace(digest, "0" * 64))
        with pytest.raises(ToolError, match="uv did not install") as caught:
            prerequisites.require(project, project.root / ".venv")
    finally:
        downloads.write_text(whole)

    assert "Hash mismatch" in caught.value.details
