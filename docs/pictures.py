# ruff: noqa: INP001 - a script
"""Make the pictures in docs/images again: a data source's config page, query editor, panel and alert rule.

    make preview-assets GRAFANA=13.2.2
    MODULES=<node_modules with playwright-core> python docs/pictures.py

They show the example `http` of `gfplug new` in the page of `gfplug preview`, which consists of Grafana's components.
This script needs Node.js, Chromium, gfplug on the PATH, and port 8000 for the example's API. `preview/pictures.mjs`
drives the browser.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
GRAFANA = "13.2.2"
PICTURES = {
    "config": "config.png",
    "editor": "query.png",
    "panel-time-series": "panel.png",
    "alerts": "alerts.png",
}
"""The name of a picture in `pictures.mjs`, and its file in docs/images."""

LARGEST = 150_000  # bytes of a picture


def main() -> None:
    """Create a project, serve its API, take the pictures, and store some of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = folder / "acme-sales-datasource"
        _run("gfplug", "new", "acme-sales", project, "--example", "http", "--defaults", "--offline")
        file = project / "provisioning" / "datasources" / "datasource.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("http://example-api:8000", "http://localhost:8000"), encoding="utf-8")
        api = subprocess.Popen([sys.executable, "-m", "example_api.server"], cwd=project)
        try:
            _run("node", ROOT / "preview" / "pictures.mjs", project, folder, "--grafana", GRAFANA, "--theme", "light")
        finally:
            api.terminate()
            api.wait()
        for source, target in PICTURES.items():
            picture = folder / GRAFANA / f"{source}.png"
            if picture.stat().st_size > LARGEST:
                sys.exit(f"{target} has {picture.stat().st_size} bytes, more than {LARGEST}")
            shutil.copyfile(picture, IMAGES / target)


def _run(*words: str | Path) -> None:
    subprocess.run([*map(str, words)], check=True)  # noqa: S603  # programs named above


if __name__ == "__main__":
    main()
