"""Results of an earlier build are reused only if nothing relevant has changed."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gfplug.bundle import reuse
from gfplug.bundle.build import BuildResult
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.bundle.freeze import Frozen
from gfplug.errors import IntegrityError
from gfplug.project.plugin_project import Project

STOCK = Inventory(python="3.12.1", build=("x",), packages=(Package(name="a", version="1", record="0" * 64),))
CODE = "import json\n\ndef answer() -> int:\n    return 1\n"


@pytest.fixture
def project(project: Project) -> Project:
    """Add a module of the author to the project."""
    (project.root / "src/plugin").mkdir()
    (project.root / "src/plugin/datasource.py").write_text(CODE)
    (project.root / "src/plugin/__main__.py").write_text("import plugin\n")
    return project


def frozen_key(project: Project, stock: Inventory = STOCK) -> str:
    """Return the key of the files that PyInstaller reads."""
    return reuse.frozen_key(project, reuse.input_digests(project), stock, {"epoch": 1})


def result_key(project: Project, stock: Inventory = STOCK, **options: str) -> str:
    """Return the key of a whole build."""
    return reuse.result_key(reuse.input_digests(project), stock, options)


@pytest.mark.parametrize(
    "code",
    [
        CODE.replace("return 1", "return 2"),
        CODE + "# a comment\n",
        CODE.replace("answer", "other"),
    ],
)
def test_code_without_new_imports_needs_no_new_freeze(project: Project, code: str) -> None:
    """PyInstaller would see the same imports; the bundle differs."""
    frozen, result = frozen_key(project), result_key(project)
    (project.root / "src/plugin/datasource.py").write_text(code)

    assert frozen_key(project) == frozen
    assert result_key(project) != result


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("src/plugin/datasource.py", CODE + "import csv\n"),
        ("src/plugin/datasource.py", CODE + "def later():\n    from email import message\n"),
        ("src/plugin/datasource.py", CODE + "import importlib; importlib.import_module('csv')\n"),
        ("src/plugin/datasource.py", CODE + "import ctypes; ctypes.CDLL('libx.so')\n"),
        ("src/plugin/datasource.py", "not python at ("),
        ("src/plugin/new.py", ""),
        ("src/plugin/__main__.py", "import plugin  # changed\n"),
        ("src/plugin/queries.sql", "select 1"),
        ("plugin.spec", "OTHER = 1"),
        ("pyproject.toml", "[project]\nname = 'y'\nversion = '1.2.3'\n"),
        ("data/any.txt", "x"),
    ],
)
def test_a_change_that_pyinstaller_may_see_needs_a_new_freeze(project: Project, name: str, text: str) -> None:
    """Such changes are imports anywhere, calls that load by name, other files, the spec and dependencies."""
    before = frozen_key(project)
    (project.root / name).parent.mkdir(exist_ok=True)
    (project.root / name).write_text(text)

    assert frozen_key(project) != before


@pytest.mark.parametrize("name", ["README.md", "frontend/img/logo.svg", "tests/test_x.py"])
def test_a_change_that_pyinstaller_never_sees_needs_no_new_freeze(project: Project, name: str) -> None:
    """Such files are documents, pictures and tests, unless plugin.spec mentions them."""
    before = frozen_key(project)
    (project.root / name).parent.mkdir(parents=True, exist_ok=True)
    (project.root / name).write_text("changed")
    assert frozen_key(project) == before

    (project.root / "plugin.spec").write_text(f'DATA = [("{name}", ".")]')
    key = frozen_key(project)
    (project.root / name).write_text("changed again")
    assert frozen_key(project) != key


def test_another_package_or_build_option_changes_the_cache_key(project: Project) -> None:
    """The version of a package rises, a package is installed again, or a build option differs."""
    frozen, result = frozen_key(project), result_key(project)
    other = Inventory(python="3.12.1", build=("x",), packages=())

    assert frozen_key(project, other) != frozen
    assert result_key(project, other) != result
    assert result_key(project, libc="bundled") != result


def test_build_results_do_not_change_the_cache_key(project: Project) -> None:
    """Build results are the bundle, the archives and the environment."""
    before = result_key(project)
    for name in ("dist/x", "artifacts/x.zip", ".venv/x", ".git/x"):
        (project.root / name).parent.mkdir(exist_ok=True)
        (project.root / name).write_text("")

    assert result_key(project) == before


@pytest.fixture
def cache_folder(tmp_path: Path) -> Path:
    """Store a frozen plugin in a cache, and return the cache's folder."""
    folder = tmp_path / "frozen"
    (folder / "_internal").mkdir(parents=True)
    (folder / "gpx").write_text("program")
    (folder / "gpx").chmod(0o755)
    cache = tmp_path / "cache"
    reuse.store_frozen(cache, "key", Frozen(folder=folder, executable="gpx", platform="linux_amd64"), STOCK)
    return cache


def test_a_cached_plugin_is_copied_whole(cache_folder: Path, tmp_path: Path) -> None:
    """The next build gets a copy with its inventory, and may change it."""
    copy = reuse.copy_frozen(cache_folder, "key", tmp_path / "place")
    assert copy
    frozen, stock = copy

    assert (frozen.folder / "gpx").read_text() == "program"
    assert (frozen.platform, stock) == ("linux_amd64", STOCK)
    (frozen.folder / "gpx").write_text("changed")
    assert reuse.copy_frozen(cache_folder, "key", tmp_path / "again")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
@pytest.mark.parametrize(
    "damage",
    [
        lambda cache: (cache / "frozen/gpx").write_text("other"),
        lambda cache: (cache / "frozen/gpx").chmod(0o644),
        lambda cache: (cache / "frozen/x").write_text(""),
        lambda cache: (cache / "frozen/gpx").unlink(),
        lambda cache: (cache / "frozen.json").write_text("{"),
    ],
    ids=["text", "mode", "more", "gone", "note"],
)
def test_a_damaged_cache_is_not_used(cache_folder: Path, tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """After any change in the cache, the plugin is frozen again."""
    damage(cache_folder)

    assert reuse.copy_frozen(cache_folder, "key", tmp_path / "place") is None
    assert reuse.copy_frozen(cache_folder, "other", tmp_path / "place") is None


def test_a_result_is_reused_while_nothing_has_changed(tmp_path: Path) -> None:
    """If an output is changed or missing, or the key differs, the build runs."""
    out = tmp_path / "dist/x"
    out.parent.mkdir()
    out.write_text("made")
    reuse.store_result(tmp_path / "cache", "key", {"files": 1}, [out.parent], root=tmp_path)

    assert reuse.load_result(tmp_path / "cache", "key", root=tmp_path) == {"files": 1}
    assert reuse.load_result(tmp_path / "cache", "other", root=tmp_path) is None
    out.write_text("edited")
    assert reuse.load_result(tmp_path / "cache", "key", root=tmp_path) is None


def test_a_build_result_stays_valid_after_its_project_moves(tmp_path: Path) -> None:
    """Its paths are relative to the project's root."""
    result = BuildResult(
        archive=tmp_path / "artifacts/x.zip",
        sha256="",
        archive_bytes=1,
        bundle_bytes=1,
        files=1,
        executable=tmp_path / "dist/gpx",
        glibc_floor=None,
        handshake_ms=1.0,
        first_answer_ms=1.0,
        stages={},
    )
    record = json.loads(json.dumps(result.to_record(tmp_path)))

    assert str(tmp_path) not in json.dumps(record)
    assert BuildResult.from_record(record, tmp_path) == result
    assert BuildResult.from_record(record, Path("/moved")).archive == Path("/moved/artifacts/x.zip")
    with pytest.raises(IntegrityError):
        BuildResult.from_record(record | {"archive": "../x.zip"}, tmp_path)


@pytest.mark.parametrize(
    "note",
    [
        '{"key": "key"}',
        '{"key": "key", "result": [], "outputs": {}}',
        '{"key": "key", "result": {}, "outputs": []}',
        '{"key": "key", "result": {}, "outputs": {"../x": ""}}',
        "[" * 100_000,
    ],
)
def test_an_edited_record_of_a_result_is_not_used(cache_folder: Path, tmp_path: Path, note: str) -> None:
    """The build runs."""
    (cache_folder / "result.json").write_text(note)
    (cache_folder / "frozen.json").write_text(note)

    assert reuse.load_result(cache_folder, "key", root=tmp_path) is None
    assert reuse.copy_frozen(cache_folder, "key", tmp_path / "place") is None


def test_code_that_nests_deeply_is_compared_as_text(project: Project) -> None:
    """Python cannot parse such code."""
    code = project.root / reuse.CODE / "deep.py"
    code.parent.mkdir(parents=True, exist_ok=True)
    code.write_text("x = " + "-" * 100_000 + "1")
    before = frozen_key(project)
    code.write_text("x = " + "-" * 100_000 + "2")

    assert frozen_key(project) != before
