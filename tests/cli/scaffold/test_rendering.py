"""Reading `copier.yml`; a test in tests/processes/scaffold compares the files with copier's."""

import shutil
from pathlib import Path, PurePosixPath

import pytest
from pathspec import PathSpec

from gfplug import resources
from gfplug.errors import ToolError
from gfplug.scaffold import rendering


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("a/b.pyc", "*.py[co]"),
        ("a/__pycache__/b", "__pycache__"),
        ("frontend/hooks.js", "frontend/hooks.js"),
        ("frontend/img/logo.svg", "frontend/img"),
        (".github/workflows/ci.yml", "/.github"),
        ("docker-compose.yaml", "/docker-compose.yaml"),
        ("a/docker-compose.yaml", "/docker-compose.yaml"),
        ("a/frontend/hooks.js", "frontend/hooks.js"),
        ("frontend/hooks.json", "frontend/hooks.js"),
        ("a/provisioning", "provisioning"),
        ("plugin.json", ""),
    ],
)
def test_patterns_match_as_in_gitignore(path: str, pattern: str) -> None:
    """With a slash they match from the top, otherwise anywhere; a folder includes its content."""
    expected = PathSpec.from_lines("gitignore", [pattern]).match_file(path)  # like copier

    assert rendering._is_excluded(PurePosixPath(path), [pattern]) == expected


def test_a_setting_that_only_copier_knows_is_refused(tmp_path: Path) -> None:
    """Otherwise copier would write other files."""
    shutil.copytree(resources.folder("template"), tmp_path / "template")
    with (tmp_path / "template" / "copier.yml").open("a") as stream:
        stream.write("_skip_if_exists: [README.md]\n")

    with pytest.raises(ToolError, match="_skip_if_exists"):
        rendering.render_layer(tmp_path / "template", tmp_path / "out", {"layer": "project"})
