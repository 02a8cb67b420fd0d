"""The package of the preview's page: its locks, its version, and the content of its wheel."""

import json
import re
import runpy
import shutil
import zipfile
from pathlib import Path

import pytest

import gfplug

ROOT = Path(__file__).parents[2]
PREVIEW = ROOT / "preview"
LOCKS = sorted((PREVIEW / "grafana").glob("*/package-lock.json"))


def test_each_grafana_version_has_a_lock() -> None:
    """The build uses versions that were tested."""
    assert [lock.parent for lock in LOCKS] == sorted(path for path in (PREVIEW / "grafana").iterdir())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_a_lock_names_no_registry(lock: Path) -> None:
    """Packages have checksums; npm's settings have the registry."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    version = lock.parent.name

    assert not re.search(r'"(resolved|funding)"|://', lock.read_text(encoding="utf-8"))
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []
    assert packages["node_modules/@grafana/ui"]["version"] == version
    assert packages["node_modules/@grafana/data"]["version"] == version


def test_the_wheel_has_pages_and_licences(tmp_path: Path) -> None:
    """It has a folder for each Grafana version with the licences of all packages, and nothing else."""
    copy = tmp_path / "preview"
    version = tmp_path / "cli/gfplug/__init__.py"
    version.parent.mkdir(parents=True)
    shutil.copy(gfplug.__file__, version)
    shutil.copytree(PREVIEW, copy, ignore=shutil.ignore_patterns("dist", "grafana", "page"))
    page = copy / "dist/13.2.2"
    page.mkdir(parents=True)
    for name in ("index.html", "LICENSES.txt"):
        (page / name).write_text(name, encoding="utf-8")
    script = runpy.run_path(str(copy / "build_page.py"))
    wheel = script["build_wheel"](tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert {name for name in names if ".dist-info/" not in name} == {
        "gfplug_preview/__init__.py",
        "gfplug_preview/assets/13.2.2/index.html",
        "gfplug_preview/assets/13.2.2/LICENSES.txt",
    }
    licences = {name.partition(".dist-info/licenses/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "dist/13.2.2/LICENSES.txt"}
