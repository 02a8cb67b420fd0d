"""Both editors in headless Chromium, with the real packages of the oldest and the newest Grafana that we support."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import grafana
import pytest
from everything import Wide, module

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("version", grafana.VERSIONS)
def test_the_editors_work_in_a_browser(version: str, tmp_path: Path) -> None:
    """Loading, typing, payloads, secrets, errors, keyboard, accessibility, both themes; the console stays clean."""
    node, chromium = grafana.program("node"), grafana.program("chromium", "chromium-browser", "google-chrome")
    modules, bundle = grafana.installed(version), tmp_path / "bundle"
    shots = Path(os.environ.get("GFPLUG_SCREENSHOTS", tmp_path)) / version
    shots.mkdir(parents=True, exist_ok=True)
    plugins = {
        "acme-sales-datasource": module(),
        "acme-wide-datasource": module(source=Wide),
        "acme-broken-datasource": module("throw new Error('no such thing');"),
    }
    for name, text in plugins.items():
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    subprocess.run([node, grafana.BROWSER / "bundle.mjs", modules, bundle], check=True, timeout=300)
    places = {
        "CHROMIUM": chromium,
        "MODULES": str(modules),
        "BUNDLE": str(bundle),
        "PLUGINS": json.dumps({name: str(tmp_path / f"{name}.js") for name in plugins}),
        "SCREENSHOTS": str(shots),
    }
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", grafana.BROWSER / "editors.test.mjs"],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ℹ pass 26\n" in done.stdout  # noqa: RUF001 - the reporter's own sign
    assert sorted(path.name for path in shots.iterdir()) == ["editors-dark.png", "editors-light.png", "wide-dark.png"]
    shutil.rmtree(bundle)
