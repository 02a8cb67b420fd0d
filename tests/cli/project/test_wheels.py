"""The wheels in projects: as new as their sources, or equal to the installed ones."""

import io
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from gfplug import __version__, resources
from gfplug.bundle.frontend import library
from gfplug.errors import ProjectError
from gfplug.project import wheels

ROOT = Path(__file__).parents[3]


def names(content: bytes) -> set[str]:
    """List the files of a wheel."""
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        assert wheel.testzip() is None
        return set(wheel.namelist())


def test_the_wheel_of_the_runtime_is_complete() -> None:
    """It has types, licence and PyInstaller's hooks, and no byte code."""
    content = names(wheels.build("gfruntime"))
    info = f"gfruntime-{__version__}.dist-info"

    assert content >= {
        "gfruntime/py.typed",
        "gfruntime/freeze/hooks/hook-pyarrow.py",
        f"{info}/licenses/LICENSE",
        f"{info}/entry_points.txt",
    }
    assert not [name for name in content if name.endswith(".pyc")]
    with zipfile.ZipFile(io.BytesIO(wheels.build("gfruntime"))) as wheel:
        assert "License-Expression: Apache-2.0" in wheel.read(f"{info}/METADATA").decode()


def test_the_wheel_of_gfplug_contains_the_wheel_of_the_runtime() -> None:
    """An installed gfplug has all files for projects, with the same bytes each time."""
    with zipfile.ZipFile(io.BytesIO(wheels.build("gfplug"))) as wheel:
        runtime = wheel.read(f"gfplug/_data/{wheels.NAMES['gfruntime']}")
        editors = wheel.read("gfplug/_data/editors.js").decode()
        content = set(wheel.namelist())

    assert runtime == wheels.build("gfruntime")
    assert editors == library.read()
    assert not [name for name in content if name.startswith("gfplug/bundle/frontend/editors/")]
    assert content >= {"gfplug/_data/template/copier.yml", "gfplug/_data/proto/versions.json"}
    assert "gfplug/_data/published" not in content


def test_a_published_wheel_has_a_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release workflow sets a variable."""
    monkeypatch.setenv("GFPLUG_PUBLISHED", "1")
    wheel = Path(next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))

    assert "gfplug/_data/published" in names(wheel.read_bytes())


@pytest.mark.slow
def test_the_sdist_has_the_runtime(tmp_path: Path) -> None:
    """It has the wheel, and the source for building gfplug's own wheel."""
    sdist = next(SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with tarfile.open(sdist) as archive:
        content = {name.partition("/")[2] for name in archive.getnames()}

    assert content >= {f"runtime/dist/{wheels.NAMES['gfruntime']}", "runtime/gfruntime/serve.py", "cli/hatch_build.py"}


def test_a_checkout_builds_a_new_wheel_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the source is in the next wheel."""
    (tmp_path / "runtime").mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / "runtime" / name).write_bytes((ROOT / "runtime" / name).read_bytes())
    version = tmp_path / "cli" / "gfplug" / "__init__.py"
    version.parent.mkdir(parents=True)
    version.write_bytes((ROOT / "cli" / "gfplug" / "__init__.py").read_bytes())
    module = tmp_path / "runtime" / "gfruntime" / "__init__.py"
    module.parent.mkdir()
    monkeypatch.setattr(resources, "checkout", lambda: tmp_path)
    contents = []
    for text in ("old = 1\n", "new = 2\n"):
        module.write_text(text)
        wheels.build.cache_clear()
        with zipfile.ZipFile(io.BytesIO(wheels.build("gfruntime"))) as wheel:
            contents.append(wheel.read("gfruntime/__init__.py").decode())
    wheels.build.cache_clear()

    assert contents == ["old = 1\n", "new = 2\n"]


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Record the sources of each build; the cache is an empty folder."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    real, sources = wheels._build_from, list[Path]()

    def build_from(source: Path) -> bytes:
        sources.append(source)
        return real(source)

    monkeypatch.setattr(wheels, "_build_from", build_from)
    wheels.build.cache_clear()
    yield sources
    wheels.build.cache_clear()


@pytest.mark.slow
def test_a_built_wheel_is_reused_from_the_cache(builds: list[Path]) -> None:
    """The next process finds it in the user's cache."""
    first = wheels.build("gfplug"), wheels.build("gfruntime")
    wheels.build.cache_clear()

    assert (wheels.build("gfplug"), wheels.build("gfruntime")) == first
    assert builds == [ROOT, ROOT / "runtime"]


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["GFPLUG_PUBLISHED", "SOURCE_DATE_EPOCH"])
def test_a_variable_that_changes_a_wheel_causes_a_new_build(
    builds: list[Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """One marks a release, the other sets the date of files."""
    wheels.build("gfplug")
    wheels.build.cache_clear()
    monkeypatch.setenv(variable, "1")
    wheels.build("gfplug")

    assert builds == [ROOT, ROOT]


@pytest.mark.slow
def test_a_damaged_wheel_in_the_cache_is_built_again(builds: list[Path], tmp_path: Path) -> None:
    """Otherwise every new project would have it."""
    first = wheels.build("gfruntime")
    place = tmp_path / "cache" / "wheels" / "gfruntime"
    for content in (place.read_bytes()[:-1], b"", place.read_bytes()[:-1] + b"x"):
        place.write_bytes(content)
        wheels.build.cache_clear()
        assert wheels.build("gfruntime") == first

    assert len(builds) == 4


def test_an_unwritable_wheel_cache_is_not_an_error(builds: list[Path], tmp_path: Path) -> None:
    """A container may have no home folder."""
    (tmp_path / "cache").write_bytes(b"")

    assert names(wheels.build("gfruntime"))
    assert len(builds) == 1


def test_a_wheel_depends_only_on_its_sources(tmp_path: Path) -> None:
    """A copy of the sources gives the same wheels; a change elsewhere would go unnoticed."""
    for name in wheels.SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copyfile(source, tmp_path / name)

    assert wheels._contents(wheels._build_from(tmp_path)) == wheels._contents(wheels._build_from(ROOT))


def test_a_gfplug_without_a_list_of_files_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some package managers of systems do not keep the list."""
    monkeypatch.setattr(wheels, "distribution", lambda _: Mock(files=None))
    monkeypatch.setattr(resources, "checkout", lambda: None)
    wheels.build.cache_clear()
    with pytest.raises(ProjectError, match="no list of its files") as excinfo:
        wheels.build("gfplug")

    assert "--data gfplug=" in excinfo.value.hint
