"""macOS bundles: each library is where dyld searches for it. The wheels are for macOS; nothing is run.

The interpreter is a stand-in: no package index has a framework Python, so a Mach-O file stands in for its library.
"""

import json
import posixpath
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from macholib import util  # type: ignore[import-untyped]  # it has no types
from macholib.MachO import MachO  # type: ignore[import-untyped]  # as above
from macos_specs import collect

from gfruntime.freeze import links

pytestmark = pytest.mark.network

PACKAGES = ("grpcio", "msgspec", "protobuf", "pyarrow")
SPEC = Path(__file__).parents[2] / "template/project/plugin.spec"
OLD_SPEC = Path(__file__).parents[1] / "fixtures/plugin-without-links.spec"
"""plugin.spec of commit 64536bd, which drops every link."""

ANALYSIS = Path(__file__).with_name("macos_analysis.py")
PYTHONS = {
    "framework": "Python.framework/Versions/3.12/Python",  # as python.org and Homebrew build Python
    "shared library": "lib/libpython3.12.dylib",  # as conda and uv build Python
}


@pytest.fixture(scope="module", params=["arm64", "x86_64"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the macOS wheels of the packages that every plugin needs."""
    folder = tmp_path_factory.mktemp(request.param)
    platforms = [f"--platform=macosx_{version}_{request.param}" for version in ("14_0", "12_0", "11_0")]
    options = ["--no-deps", "--only-binary=:all:", "--python-version=3.12", *platforms, f"--dest={folder / 'wheels'}"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *options, *PACKAGES]
    subprocess.run(command, check=True, timeout=300)
    for wheel in (folder / "wheels").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(params=list(PYTHONS.values()), ids=list(PYTHONS))
def entries(request: pytest.FixtureRequest, site: Path, tmp_path: Path) -> list[links.Entry]:
    """Collect as PyInstaller does on macOS, for one kind of Python."""
    python = tmp_path / request.param
    python.parent.mkdir(parents=True)
    shutil.copyfile(next(site.glob("msgspec/_core*.so")), python)
    if "framework" in request.param:
        (python.parent / "Resources").mkdir()
        (python.parent / "Resources/Info.plist").write_bytes(b"")
    command = [sys.executable, ANALYSIS, site, python]
    analysis = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return [(place, source, kind) for place, source, kind in json.loads(analysis.stdout)]


def python_of(entries: Sequence[links.Entry]) -> str:
    """Return the name under which the program loads the library of Python."""
    return next(Path(source).name for place, source, kind in entries if kind == "BINARY" and "ython" in place)


def unresolved(entries: Sequence[links.Entry], *, links_survive: bool) -> set[str]:
    """Return the names behind `@rpath/` that dyld would not find; its only path is the top of the contents folder.

    PyInstaller rewrites a library's references outside the system's folders to `@rpath/` and the bare name.
    """
    files = {place for place, _, kind in entries if kind != "SYMLINK"}
    at_top = {place for place in files if "/" not in place}
    if links_survive:
        at_top |= {place for place, target, kind in entries if kind == "SYMLINK" and target in files}
    sources = [source for _, source, kind in entries if kind in {"BINARY", "EXTENSION"}]
    paths = {name for path in sources for header in MachO(path).headers for _, _, name in header.walkRelocatables()}
    names = {posixpath.basename(name) for name in paths if not util.in_system_path(name)}
    return (names | {python_of(entries)}) - at_top


def test_each_library_lies_where_the_loader_looks(
    entries: list[links.Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All libraries are files at the top, so that no link has to survive an unpacker."""
    collected = collect(SPEC, entries, tmp_path / "project", monkeypatch)

    assert collected == links.put_libraries_first(entries)
    assert unresolved(collected, links_survive=False) == set()


def test_the_same_test_fails_for_a_plugin_spec_that_drops_links(
    entries: list[links.Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyInstaller's list works only with its links; without them pyarrow does not find its libraries."""
    collected = collect(OLD_SPEC, entries, tmp_path / "project", monkeypatch)
    lost = unresolved(collected, links_survive=True)

    assert unresolved(entries, links_survive=True) == set()
    assert {place for place, _, _ in collected} < {place for place, _, _ in entries}
    assert sum(name.startswith("libarrow") for name in lost) >= 6
    assert ("Python" in lost) == (python_of(entries) == "Python")


def test_packages_find_their_libraries_by_path_too(entries: list[links.Entry]) -> None:
    """Each library has a link at its place in the package; a framework's folder is gone."""
    result = links.put_libraries_first(entries)
    places = [place for place, _, _ in result]
    assert len(places) == len(set(places))
    files = {place: source for place, source, kind in result if kind != "SYMLINK"}
    targets = {
        place: posixpath.normpath(posixpath.join(posixpath.dirname(place), target))
        for place, target, kind in result
        if kind == "SYMLINK"
    }
    assert set(targets.values()) <= files.keys()
    for place, source, kind in entries:
        if kind != "SYMLINK" and ".framework/" not in place:
            assert files[targets.get(place, place)] == source
    assert not any(".framework" in place for place in places)
