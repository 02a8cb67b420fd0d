"""Dependencies in a bundle: their data is included, and the build names missing and undeclared packages."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import roots
from building import build, gfplug
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from environments import clean, closure
from projects import new_project

from gfplug.host.smoke import smoke

pytestmark = pytest.mark.bundles

DEPENDENCIES = ("tzdata", "certifi", "cryptography")
PRESENT = ("numpy",)
CODE = '''\
"""A time zone, on a host that has none."""

import zoneinfo
from datetime import datetime

from gfruntime import Frame, Health, Query, Settings

try:
    import numpy
except ImportError:
    numpy = None

zoneinfo.reset_tzpath(())


class Datasource:
    def __init__(self, settings: Settings) -> None:
        del settings

    def query(self, query: Query) -> Frame:
        return Frame.of(value=[1.0])

    def check_health(self) -> Health:
        berlin = zoneinfo.ZoneInfo("Europe/Berlin")
        return Health.ok(f"{datetime(2024, 7, 1, tzinfo=berlin).isoformat()} of {len(zoneinfo.available_timezones())}")
'''


@pytest.fixture(scope="module")
def bundle_and_messages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Build a project that requires data and packages that no code imports; return its bundle and the messages."""
    try:
        closure([*DEPENDENCIES, *PRESENT])
    except PackageNotFoundError as error:
        pytest.skip(f"install gfplug's extra `dev`: {error}")
    folder = tmp_path_factory.mktemp("dependencies")
    project = new_project(folder / "project")
    pyproject = project / "pyproject.toml"
    lines = "".join(f'  "{name}",\n' for name in DEPENDENCIES)
    pyproject.write_text(pyproject.read_text().replace("dependencies = [\n", f"dependencies = [\n{lines}", 1))
    (project / "src/plugin/datasource.py").write_text(CODE)
    ran = build(project, python=clean(folder / "environment", project=project, extra=PRESENT), quick=True)
    assert ran.code == 0, ran.err
    return Path(json.loads(ran.out)["executable"]).parent, ran.err


def test_time_zones_that_a_project_asks_for_are_in_the_bundle(bundle_and_messages: tuple[Path, str]) -> None:
    """All of them are, and the system's are not needed."""
    bundle, _ = bundle_and_messages
    health = gfplug("call", "health", bundle)

    assert health.code == 0, health.err
    assert health.out.startswith("OK: 2024-07-01T00:00:00+02:00 of ")
    assert int(health.out.split()[-1]) > 500


@pytest.mark.shows("errors: a dependency is not in the bundle")
@pytest.mark.skipif(bool(roots.unavailable()), reason=roots.unavailable() or "possible")
def test_time_zones_are_found_on_a_host_without_any(bundle_and_messages: tuple[Path, str], tmp_path: Path) -> None:
    """The root has the libraries of Grafana's image, and no /usr/share/zoneinfo."""
    bundle, _ = bundle_and_messages
    root = roots.make(tmp_path / "image" / "root", roots.LAYER)
    proto = (bundle.parent / "src/pluginv2/backend.proto").read_bytes()
    place = Path(shutil.copytree(bundle, tmp_path / "plugin" / "dist"))
    started = smoke(root.target(place, condition="as it is", proto=proto), timeout=30.0)

    assert not (root.folder / "usr/share/zoneinfo").exists()
    assert started.health.message.startswith("2024-07-01T00:00:00+02:00 of ")


@pytest.mark.shows("errors: a dependency is not in the bundle")
def test_a_dependency_that_is_not_in_the_bundle_gets_a_line(bundle_and_messages: tuple[Path, str]) -> None:
    """The line says what to do; a dependency in the bundle gets no line."""
    (line,) = (line for line in bundle_and_messages[1].splitlines() if "is not in the bundle" in line)

    assert line.startswith("warning: The dependency certifi is not in the bundle")
    assert 'Add "certifi" to HIDDEN_IMPORTS in plugin.spec' in line


@pytest.mark.shows("errors: a package that is installed but not needed makes the bundle huge")
def test_a_bundled_package_that_is_not_a_dependency_gets_a_line(bundle_and_messages: tuple[Path, str]) -> None:
    """The line has its size; requirements of dependencies are not in it."""
    (line,) = (line for line in bundle_and_messages[1].splitlines() if "not among your dependencies" in line)

    name, size = line.partition("not among your dependencies: ")[2].partition(" MB).")[0].split(" (")
    assert name == "numpy"
    assert float(size) > 10


def test_libraries_that_wheels_bring_are_components(bundle_and_messages: tuple[Path, str]) -> None:
    """It has the parts that cryptography declares as compiled in, and the libraries in numpy's wheel; it is valid."""
    (path,) = bundle_and_messages[0].glob("sbom_*.cdx.json")
    components = {each["name"]: each for each in json.loads(path.read_text())["components"]}
    parts = {each["name"]: each for each in components["cryptography"]["components"]}
    copies = [each["name"] for component in components.values() for each in component.get("components", ())]

    assert parts["openssl"]["purl"].startswith(f"pkg:generic/openssl@{parts['openssl']['version']}")
    assert sys.platform != "linux" or any("/numpy.libs/libgfortran" in name for name in copies)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text()) is None
