"""Both editors in headless Chromium, with the real packages of each Grafana that we support."""

from __future__ import annotations

import os
from pathlib import Path

import grafana
import pytest
from aged_source import Aged
from linked_module import module
from own_control_source import SHOWY_HOOKS, Showy
from row_source import Wide

PICTURES = [
    "config-dark.png",
    "config-light.png",
    "query-dark.png",
    "query-light.png",
    "wide-config.png",
    "wide-query.png",
]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_editors_work_in_a_browser(version: str, tmp_path: Path) -> None:
    """Loading, typing, payloads, secrets, errors, keyboard, accessibility and both themes work without console errors.

    So do examples, memory, ad hoc filters, queries of older versions, and a project's hooks.
    """
    shots = Path(os.environ.get("GFPLUG_SCREENSHOTS", tmp_path)) / version
    shots.mkdir(parents=True, exist_ok=True)
    texts = {
        "sales": module(),
        "wide": module(source=Wide),
        "showy": module(source=Showy),
        "aged": module(source=Aged),
        "hooked": module(SHOWY_HOOKS, source=Showy),
        "broken": module("throw new Error('no such thing');"),
    }
    plugins = {name: tmp_path / f"{name}.js" for name in texts}
    for path, text in zip(plugins.values(), texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    names = ("editors", "features", "migration", "hooks")
    grafana.passes(*names, tests=39, version=version, plugins=plugins, SCREENSHOTS=str(shots))

    assert sorted(path.name for path in shots.iterdir()) == PICTURES
