"""The template is a copier template: copier writes the same files as gfplug's renderer, which is faster."""

import stat
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import copier
import pytest
from projects import SALES

from gfplug.errors import UsageError
from gfplug.project.provenance import Provenance
from gfplug.scaffold import choices, rendering, template
from gfplug.scaffold.template import Answers

AWKWARD = replace(SALES, title="R&D {= 7*7 =} {{ x }} {% if %} é😀 #1", description="%}: - |", author="O'Neil, Inc.")


def _combinations() -> list[Answers]:
    frontends = (*choices.FRONTENDS, choices.ADOPTED)
    combinations = []
    for example, mode, frontend in product(choices.EXAMPLES, choices.MODES, frontends):
        if example not in choices.EXAMPLES[:2] and frontend != choices.FRONTENDS[0]:
            continue  # the frontends are the same files for all examples
        try:
            combinations.append(replace(AWKWARD, example=example, mode=mode, frontend=frontend))
        except UsageError:
            continue
    return combinations


def _tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
        for path in paths
    }


@pytest.mark.parametrize("answers", _combinations(), ids=lambda one: f"{one.example}-{one.mode}-{one.frontend}")
def test_copier_writes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Answers) -> None:
    """For every example, mode and frontend, files, contents and executable bits are equal, layer by layer."""
    layers: list[dict[str, Any]] = []

    def render_both(folder: Path, destination: Path, data: dict[str, Any]) -> None:
        layers.append(data)
        rendering.render_layer(folder, destination, data)
        copier.run_copy(
            str(folder),
            tmp_path / "copier",
            data=data,
            defaults=True,
            overwrite=True,
            quiet=True,
            settings=copier.Settings(),  # not the settings in the user's home
        )

    monkeypatch.setattr(template, "render_layer", render_both)
    monkeypatch.setattr(Provenance, "files", lambda _: {})
    template.render(answers, tmp_path / "ours")

    assert layers[0]["layer"] == "project"
    assert len(_tree(tmp_path / "ours")) > 10
    assert _tree(tmp_path / "ours") == _tree(tmp_path / "copier")
