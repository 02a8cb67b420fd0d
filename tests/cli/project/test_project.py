"""A project on disk: finding it, reading its manifest, and comparing owned folders with the lock."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_project import LOCK

from gfplug.errors import ProjectError
from gfplug.project import lock
from gfplug.project.plugin_project import Manifest, Project


def test_a_project_is_found_from_a_folder_inside(project: Project) -> None:
    """The nearest folder above with a lock is the project."""
    assert Project.find(project.root / "src" / "pluginv2") == project


def test_a_folder_outside_any_project_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """The error names the folder, the hint the command that creates a project."""
    with pytest.raises(ProjectError, match=tmp_path.name) as excinfo:
        Project.find(tmp_path)

    assert "gfplug new" in excinfo.value.hint


def test_the_manifest_and_the_version_are_read(project: Project) -> None:
    """Id, executable and version come from plugin.json and pyproject.toml."""
    assert (project.manifest.id, project.manifest.executable, project.version) == (
        "acme-sales-datasource",
        "gpx_sales",
        "1.2.3",
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": "x"}', '{"id": "a", "name": "", "executable": "c"}'])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    """The error names the file, and a missing key."""
    (tmp_path / "plugin.json").write_text(text)

    with pytest.raises(ProjectError, match=r"plugin\.json"):
        Manifest.read(tmp_path / "plugin.json")


@pytest.mark.parametrize("text", ["", "[project]", "[", "[project]\nname='x'"])
def test_a_pyproject_without_a_version_is_named(project: Project, text: str) -> None:
    """The error names the file and the missing key."""
    (project.root / "pyproject.toml").write_text(text)

    with pytest.raises(ProjectError, match=r"pyproject\.toml"):
        _ = project.version


def test_an_unchanged_project_matches_its_lock(project: Project) -> None:
    """Caches of Python do not count."""
    (project.root / "src/pluginv2/__pycache__").mkdir()
    (project.root / "src/pluginv2/__pycache__/x.pyc").write_bytes(b"")

    assert project.changed_owned() == {}
    project.require_unedited()


def test_every_kind_of_change_in_an_owned_folder_is_found(project: Project) -> None:
    """Edited, added and deleted files are listed; the exit code is 3."""
    folder = project.root / "src/pluginv2"
    (folder / "gone.py").write_text("")
    lock.write(project.lock_path, replace(LOCK, owned=project.owned_digests()))
    (folder / "gone.py").unlink()
    (folder / "backend.proto").write_text("edited")
    (folder / "new.py").write_text("")

    assert project.changed_owned() == {
        "src/pluginv2/backend.proto": "edited",
        "src/pluginv2/gone.py": "deleted",
        "src/pluginv2/new.py": "added",
    }
    with pytest.raises(ProjectError, match=r"backend\.proto \(edited\)") as excinfo:
        project.require_unedited()
    assert excinfo.value.exit_code == 3
