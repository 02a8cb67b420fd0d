"""Both editors in headless Chromium, with the real packages of the oldest and the newest Grafana that we support."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import grafana
import pytest
from everything import SHOWY_HOOKS, Aged, Showy, Wide, module

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_editors_work_in_a_browser(version: str, tmp_path: Path) -> None:
    """Loading, typing, payloads, secrets, errors, keyboard, accessibility, both themes; the console stays clean."""
    shots = Path(os.environ.get("GFPLUG_SCREENSHOTS", tmp_path)) / version
    shots.mkdir(parents=True, exist_ok=True)
    plugins = {
        "acme-sales-datasource": module(),
        "acme-wide-datasource": module(source=Wide),
        "acme-broken-datasource": module("throw new Error('no such thing');"),
    }
    for name, text in plugins.items():
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    grafana.passes(
        "editors.test.mjs",
        tests=26,
        version=version,
        BUNDLE=str(grafana.bundle(version, tmp_path / "bundle")),
        PLUGINS=json.dumps({name: str(tmp_path / f"{name}.js") for name in plugins}),
        SCREENSHOTS=str(shots),
    )

    assert sorted(path.name for path in shots.iterdir()) == ["editors-dark.png", "editors-light.png", "wide-dark.png"]
    shutil.rmtree(tmp_path / "bundle")


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_what_older_versions_saved_is_migrated_in_a_browser(version: str, tmp_path: Path) -> None:
    """It is shown as Python reads it today, stored once it is edited, and sent as it was saved."""
    (tmp_path / "aged.js").write_text(module(source=Aged), encoding="utf-8")
    grafana.passes(
        "migration.test.mjs",
        tests=6,
        version=version,
        BUNDLE=str(grafana.bundle(version, tmp_path / "bundle")),
        PLUGINS=json.dumps({"acme-aged-datasource": str(tmp_path / "aged.js")}),
    )
    shutil.rmtree(tmp_path / "bundle")


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_what_a_project_adds_works_in_a_browser(version: str, tmp_path: Path) -> None:
    """Controls of its own, examples, fields for some apps, values that are remembered, ad hoc filters."""
    plugins = {"acme-showy-datasource": module(SHOWY_HOOKS, source=Showy), "acme-sales-datasource": module()}
    for name, text in plugins.items():
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    grafana.passes(
        "features.test.mjs",
        tests=8,
        version=version,
        BUNDLE=str(grafana.bundle(version, tmp_path / "bundle")),
        PLUGINS=json.dumps({name: str(tmp_path / f"{name}.js") for name in plugins}),
    )
    shutil.rmtree(tmp_path / "bundle")
