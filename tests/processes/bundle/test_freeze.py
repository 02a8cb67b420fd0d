"""The run of PyInstaller: its arguments, the use of its output, and the error if it fails."""

from __future__ import annotations

import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from small_project import diary, fake_python

from gfplug.bundle import freeze
from gfplug.errors import GfplugError, ProjectError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")


def frozen(project: Project, python: Path, workspace: Path) -> freeze.Frozen:
    """Freeze a project with the earliest time of the zip format."""
    return freeze.freeze(project, python=python, workspace=workspace, epoch=315532800)


def test_the_projects_spec_is_run_without_pyinstallers_cache(project: Project, tmp_path: Path) -> None:
    """`--clean` is always set: PyInstaller misses an edit within a second of its last run."""
    python = fake_python(tmp_path / "python")
    result = frozen(project, python, tmp_path)

    words = diary(python).read_text().split()
    assert words[:4] == ["-m", "PyInstaller", "--noconfirm", "--clean"]
    assert words[-1] == str(project.root / "plugin.spec")
    assert (result.executable, result.platform) == ("gpx_sales_linux_amd64", "linux_amd64")
    assert result.folder.parent == tmp_path / "frozen"


def test_pyinstaller_gets_a_fixed_time_and_a_fixed_hash_seed(project: Project, tmp_path: Path) -> None:
    """A fixed time and a fixed hash seed reach PyInstaller."""
    python = fake_python(tmp_path / "python", freeze=f'echo "$SOURCE_DATE_EPOCH $PYTHONHASHSEED" > {tmp_path}/said')
    frozen(project, python, tmp_path)

    assert (tmp_path / "said").read_text() == "315532800 0\n"


@pytest.mark.skipif(sys.platform != "linux", reason="PyInstaller calls binutils on Linux only")
def test_pyinstaller_calls_our_programs_instead_of_binutils(project: Project, tmp_path: Path) -> None:
    """The programs of gfplug come first on the PATH, also on a machine with binutils."""
    ask = f"command -v objcopy > {tmp_path}/said; command -v objdump >> {tmp_path}/said"
    frozen(project, fake_python(tmp_path / "python", freeze=ask), tmp_path)

    places = [f"{tmp_path}/programs/{name}" for name in ("objcopy", "objdump")]
    assert (tmp_path / "said").read_text().splitlines() == places


def test_the_order_in_which_modules_were_found_does_not_matter(project: Project, tmp_path: Path) -> None:
    """PyInstaller's zip of start-up modules is rewritten in order: two environments give the same bytes."""
    libraries = []
    for number, names in enumerate((["os.pyc", "abc.pyc"], ["abc.pyc", "os.pyc"])):
        with zipfile.ZipFile(tmp_path / "found.zip", "w") as library:
            for name in names:
                library.writestr(name, name)
        copy = f'mkdir -p "$output" && cp {tmp_path}/found.zip "$output/base_library.zip"'
        python = fake_python(tmp_path / "python", freeze=copy)
        libraries.append(frozen(project, python, tmp_path / str(number)).folder / "base_library.zip")

    assert zipfile.ZipFile(libraries[0]).namelist() == ["abc.pyc", "os.pyc"]
    assert libraries[0].read_bytes() == libraries[1].read_bytes()


@pytest.mark.shows("errors: a plugin in one file")
@pytest.mark.parametrize(
    ("script", "sentence", "more"),
    [
        ("echo NameError: spec >&2; exit 1", "PyInstaller failed with exit code 1", "NameError: spec"),
        ('output="${output%/*}/other"', "created other, not a folder gpx_sales_<os>_<arch>", "COLLECT"),
        (
            'mkdir -p "${output%/*}"; echo program > "$output"; exit 0',
            "created gpx_sales_linux_amd64, not a folder",
            "keep COLLECT",
        ),
    ],
    ids=["a failure", "something else", "one file, whose child outlives a kill"],
)
def test_a_spec_that_makes_no_folder_is_refused(
    project: Project, tmp_path: Path, script: str, sentence: str, more: str
) -> None:
    """The error has the actual and the expected output, or PyInstaller's message."""
    python = fake_python(tmp_path / "python", freeze=script)
    with pytest.raises(GfplugError, match=sentence) as caught:
        frozen(project, python, tmp_path)

    assert isinstance(caught.value, ToolError if "exit code" in sentence else ProjectError)
    assert more in f"{caught.value.hint}\n{caught.value.details}"


def test_a_missing_spec_is_named(project: Project, tmp_path: Path) -> None:
    """Nothing is run without it."""
    (project.root / "plugin.spec").unlink()
    with pytest.raises(ProjectError, match=r"plugin\.spec does not exist"):
        frozen(project, tmp_path / "python", tmp_path)
