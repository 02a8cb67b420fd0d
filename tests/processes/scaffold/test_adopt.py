"""`gfplug adopt`: a backend beside a frontend whose files do not change."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from gfplug import cli, files
from gfplug.bundle import dist
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST: dict[str, Any] = {
    "type": "datasource",
    "id": "acme-old-datasource",
    "name": "Old",
    "metrics": True,
    "info": {"author": {"name": "Acme"}, "version": "%VERSION%", "logos": {"small": "img/logo.svg"}},
}


def plugin(folder: Path, **changes: object) -> Path:
    """Make a data source that has only a frontend."""
    (folder / "src").mkdir(parents=True)
    (folder / "src/plugin.json").write_text(json.dumps(MANIFEST | changes))
    (folder / "package.json").write_text('{"version": "2.3.4", "scripts": {"build": "webpack"}}')
    return folder


def test_adopt_adds_a_backend_and_changes_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The project has the plugin's id and version, and builds the frontend outside."""
    folder = plugin(tmp_path / "old")
    before = {path: path.read_bytes() for path in files.walk(folder)}

    assert cli.main(["adopt", str(folder), "--offline"]) == 0
    project = Project(folder / "backend")
    names = {path.relative_to(project.root).as_posix() for path in files.walk(project.root)}

    assert capsys.readouterr().out.strip() == str(project.root)
    assert {path: path.read_bytes() for path in before} == before
    assert (project.manifest.id, project.version) == ("acme-old-datasource", "2.3.4")
    assert tomllib.loads((project.root / "pyproject.toml").read_text())["project"]["version"] == "2.3.4"
    assert dist.check(project)
    assert "pip install uv ./vendor/gfplug-*.whl" in (project.root / "README.md").read_text(encoding="utf-8")
    assert project.changed_owned() == {}
    assert "frontend/adopted.json" in names
    assert not [name for name in names if name.startswith(("frontend/hooks.js", "provisioning", "docker", ".github"))]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "panel"}, "type 'panel', not datasource"),
        ({"backend": True}, "already has a backend"),
        ({"id": "acme-datasource"}, "'acme-datasource'"),
        ({"id": "Acme_old"}, "Acme_old"),
        (None, "has no package.json"),
    ],
)
def test_a_folder_that_cannot_be_adopted_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any] | None, sentence: str
) -> None:
    """Nothing is made; this includes a folder without a plugin."""
    folder = tmp_path if changes is None else plugin(tmp_path / "old", **changes)

    assert cli.main(["adopt", str(folder), "--offline"]) in (2, 3)
    assert sentence in capsys.readouterr().err
    assert not (folder / "backend").exists()


def test_the_bundles_manifest_is_the_plugins_with_the_backends_keys() -> None:
    """The backend's keys replace those of the plugin; other keys stay, also inside `info`."""
    ours = '{"backend": true, "info": {"version": "2.0.0"}}'
    theirs = b'{"backend": false, "metrics": true, "info": {"version": "1.0.0", "author": {"name": "Acme"}}}'

    assert json.loads(dist._manifest(ours, theirs)) == {
        "backend": True,
        "metrics": True,
        "info": {"version": "2.0.0", "author": {"name": "Acme"}},
    }
    assert dist._manifest(ours, None) == ours


def test_the_origin_of_gfplug_can_be_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The option is that of `gfplug new`; an invalid value is refused before a file is made."""
    folder = plugin(tmp_path / "old")
    words = ["adopt", str(folder), "--offline", "--data"]

    assert cli.main([*words, "title=x"]) == 2
    assert "--data expects KEY=VALUE, where KEY is gfplug; got 'title=x'" in capsys.readouterr().err
    assert not (folder / "backend").exists()
    assert cli.main([*words, "gfplug=gfplug==1.0"]) == 0
    assert "pip install uv gfplug==1.0" in (folder / "backend" / "README.md").read_text(encoding="utf-8")
    assert not (folder / "backend" / "vendor").exists()


@pytest.mark.parametrize(
    ("package", "changes"),
    [
        ({"version": '1.0.0"\nx = "'}, {}),
        ({"version": ["1.0.0"]}, {}),
        ({"version": "²"}, {}),
        ({}, {"info": [1]}),
        ({}, {"info": {"author": "Acme"}}),
    ],
)
def test_an_invalid_version_or_author_is_refused_before_a_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], package: dict[str, object], changes: dict[str, object]
) -> None:
    """A version with quotes or of another type would break pyproject.toml; an author needs a name."""
    folder = plugin(tmp_path / "old", **changes)
    (folder / "package.json").write_text(json.dumps(package))

    assert cli.main(["adopt", str(folder), "--offline"]) == 3
    assert "Traceback" not in capsys.readouterr().err
    assert not (folder / "backend").exists()
