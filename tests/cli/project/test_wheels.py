"""The wheels that projects keep: never older than their sources, and as they were installed."""

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
    """List what a wheel holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        assert wheel.testzip() is None
        return set(wheel.namelist())


def test_the_runtimes_wheel_is_whole() -> None:
    """Types, licence and PyInstaller's hooks are in it, and no code that was compiled."""
    held = names(wheels.build("gfruntime"))
    info = f"gfruntime-{__version__}.dist-info"

    assert held >= {
        "gfruntime/py.typed",
        "gfruntime/freeze/hooks/hook-pyarrow.py",
        f"{info}/licenses/LICENSE",
        f"{info}/entry_points.txt",
    }
    assert not [name for name in held if name.endswith(".pyc")]
    with zipfile.ZipFile(io.BytesIO(wheels.build("gfruntime"))) as wheel:
        assert "License-Expression: Apache-2.0" in wheel.read(f"{info}/METADATA").decode()


def test_gfplugs_wheel_carries_the_runtimes() -> None:
    """An installed gfplug has what projects need: the same bytes each time."""
    with zipfile.ZipFile(io.BytesIO(wheels.build("gfplug"))) as wheel:
        carried = wheel.read(f"gfplug/_data/{wheels.NAMES['gfruntime']}")
        editors = wheel.read("gfplug/_data/editors.js").decode()
        held = set(wheel.namelist())

    assert carried == wheels.build("gfruntime")
    assert editors == library.read()
    assert not [name for name in held if name.startswith("gfplug/bundle/frontend/editors/")]
    assert held >= {"gfplug/_data/template/copier.yml", "gfplug/_data/proto/versions.json"}
    assert "gfplug/_data/published" not in held


def test_a_published_wheel_is_stamped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release workflow sets a variable."""
    monkeypatch.setenv("GFPLUG_PUBLISHED", "1")
    built = Path(next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))

    assert "gfplug/_data/published" in names(built.read_bytes())


@pytest.mark.slow
def test_the_sdist_carries_the_runtime_too(tmp_path: Path) -> None:
    """Its wheel, and the source that gfplug's own wheel is built with."""
    built = next(SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with tarfile.open(built) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}

    assert held >= {f"runtime/dist/{wheels.NAMES['gfruntime']}", "runtime/gfruntime/serve.py", "cli/hatch_build.py"}


def test_a_checkout_never_hands_out_an_old_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    """Every source that is built while the cache is a new folder."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "cache")
    real, sources = wheels._build_from, list[Path]()

    def build_from(source: Path) -> bytes:
        sources.append(source)
        return real(source)

    monkeypatch.setattr(wheels, "_build_from", build_from)
    wheels.build.cache_clear()
    yield sources
    wheels.build.cache_clear()


def test_a_wheel_is_built_once(builds: list[Path]) -> None:
    """The next process finds it in the user's cache."""
    first = wheels.build("gfplug"), wheels.build("gfruntime")
    wheels.build.cache_clear()

    assert (wheels.build("gfplug"), wheels.build("gfruntime")) == first
    assert builds == [ROOT, ROOT / "runtime"]


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["GFPLUG_PUBLISHED", "SOURCE_DATE_EPOCH"])
def test_a_variable_that_changes_a_wheel_has_it_built_again(
    builds: list[Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """One marks a release, the other dates the files."""
    wheels.build("gfplug")
    wheels.build.cache_clear()
    monkeypatch.setenv(variable, "1")
    wheels.build("gfplug")

    assert builds == [ROOT, ROOT]


def test_a_damaged_wheel_in_the_cache_is_built_again(builds: list[Path], tmp_path: Path) -> None:
    """It would be in every project from then on."""
    first = wheels.build("gfruntime")
    place = tmp_path / "cache" / "wheels" / "gfruntime"
    for damaged in (place.read_bytes()[:-1], b"", place.read_bytes()[:-1] + b"x"):
        place.write_bytes(damaged)
        wheels.build.cache_clear()
        assert wheels.build("gfruntime") == first

    assert len(builds) == 4


def test_a_cache_that_can_not_be_written_is_no_failure(builds: list[Path], tmp_path: Path) -> None:
    """As in a container without a home."""
    (tmp_path / "cache").write_bytes(b"")

    assert names(wheels.build("gfruntime"))
    assert len(builds) == 1


def test_nothing_in_a_wheel_is_from_elsewhere_than_its_sources(tmp_path: Path) -> None:
    """Else a change of it would go unnoticed: a copy of the sources alone gives the same wheels."""
    for name in wheels.SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copyfile(source, tmp_path / name)

    assert wheels._contents(wheels._build_from(tmp_path)) == wheels._contents(wheels._build_from(ROOT))


def test_a_gfplug_without_a_list_of_files_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system's package manager may keep none."""
    monkeypatch.setattr(wheels, "distribution", lambda _: Mock(files=None))
    monkeypatch.setattr(resources, "checkout", lambda: None)
    wheels.build.cache_clear()
    with pytest.raises(ProjectError, match="no list of its files") as caught:
        wheels.build("gfplug")

    assert "--data gfplug=" in caught.value.hint
