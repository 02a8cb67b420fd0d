"""Packages in a bundle against the project's requirements, in both directions, by the metadata of packages."""

import logging
from collections.abc import Iterable
from dataclasses import replace

import pytest

from gfplug.bundle import dependencies
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.bundle.dependencies import Environment
from gfplug.project.plugin_project import Project

MEGABYTE = 1_000_000
PYPROJECT = '[project]\nname = "acme-sales-datasource"\nversion = "1.2.3"\n'


def package(name: str, *requires: str, size: int = 0, files: int = 1, modules: tuple[str, ...] = ("m",)) -> Package:
    """Return a package with files in the bundle, unless `files` is 0."""
    return Package(name=name, version="1", record="", requires=requires, size=size, files=files, modules=modules)


def inventory(*packages: Package) -> Inventory:
    """Return an environment with these packages, on Python 3.12."""
    markers = {"python_version": "3.12", "python_full_version": "3.12.1"}
    with_files = tuple(each for each in packages if each.files)
    return Inventory(python="3.12.1", build=(), packages=packages, bundled=with_files, markers=markers)


def list_missing(lines: Iterable[str], *packages: Package) -> list[str]:
    """Name requirements that are not in the bundle."""
    return [each.name for each in dependencies.find_missing(Environment.of(inventory(*packages)), lines)]


def map_undeclared(lines: Iterable[str], *packages: Package) -> dict[str, int]:
    """Name packages in the bundle that nothing requires, with their sizes."""
    return dependencies.find_undeclared(Environment.of(inventory(*packages)), lines)


@pytest.mark.parametrize(
    ("lines", "packages", "expected"),
    [
        (["certifi"], [package("certifi", files=0)], ["certifi"]),
        (["certifi"], [package("certifi")], []),
        (["Zope.Interface>=7"], [package("zope_interface", files=0)], ["zope_interface"]),
        (["colorama; python_version < '3.9'"], [package("colorama", files=0)], []),
        (["colorama; python_version >= '3.9'"], [package("colorama", files=0)], ["colorama"]),
        (["colorama"], [], []),
        (["a", "A"], [package("a", files=0)], ["a"]),
        (["gfruntime @ {root:uri}/vendor/gfruntime.whl"], [package("gfruntime")], []),
        (["meta"], [package("meta", "part", files=0, modules=()), package("part")], []),
        (["meta"], [package("meta", "part", files=0, modules=()), package("part", files=0)], ["meta"]),
        (["whole"], [package("whole", "part", files=0), package("part")], ["whole"]),
        (["grpcio"], [package("gfruntime", "grpcio>=1", "hpack"), package("grpcio", files=0)], []),
        (["unlisted"], [replace(package("unlisted", files=0), is_listed=False)], []),
    ],
)
def test_missing_requirements_are_listed(lines: list[str], packages: list[Package], expected: list[str]) -> None:
    """Names are normalized and conditions apply; a package without code counts if one of its dependencies exists."""
    assert list_missing(lines, *packages) == expected


@pytest.mark.parametrize(
    ("lines", "packages", "expected"),
    [
        (["a"], [package("a", "b"), package("B", "c>=1"), package("c")], {}),
        ([], [package("polars", size=7)], {"polars": 7}),
        ([], [package("polars", files=0, size=7)], {}),
        (["a[Fast_Mode]"], [package("a", "b; extra == 'fast-mode'"), package("b")], {}),
        (["a"], [package("a", "b; extra == 'fast'"), package("b")], {"b": 0}),
        (["a[x]"], [package("a", "b[y]; extra == 'x'"), package("b", "c; extra == 'y'"), package("c")], {}),
        (["a[x]", "a"], [package("a", "b; extra == 'x'"), package("b")], {}),
        (["a"], [package("a", "b; python_version < '3.12'"), package("b", size=1)], {"b": 1}),
        (["a"], [package("a", "b; python_version >= '3.12'"), package("b", size=1)], {}),
        (["a"], [package("a", "b"), package("b", "a")], {}),
        ([], [package("polars", "polars-runtime", size=2), package("polars_runtime", size=130)], {"polars": 132}),
        (
            [],
            [package("x", "shared", size=1), package("y", "shared", size=2), package("shared", size=5)],
            {"x": 6, "y": 2},
        ),
        ([], [package("x", "y", size=1), package("y", "x", size=2)], {"x": 3}),
        (["shared"], [package("x", "shared", size=1), package("shared", size=5)], {"x": 1}),
    ],
)
def test_undeclared_packages_are_listed_with_their_sizes(
    lines: list[str], packages: list[Package], expected: dict[str, int]
) -> None:
    """A dependency's own requirements are declared; an undeclared package's size includes its parts."""
    sizes = map_undeclared(lines, *packages)

    assert sizes == expected
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)


def test_the_build_reports_missing_and_undeclared_packages(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    """Each message says what to do; the plugin itself and PyInstaller are not reported."""
    pyproject = PYPROJECT.replace("acme-sales-datasource", "sales_plugin") + 'dependencies = ["PyYAML", "tool"]\n'
    (project.root / "pyproject.toml").write_text(pyproject)
    own = [
        package("Sales.Plugin"),
        package("acme_sales-datasource"),
        package("pyinstaller"),
        package("pyinstaller-hooks-contrib"),
    ]
    strangers = [package("numpy", size=31_400_000), package("polars", size=132 * MEGABYTE), package("six", size=9)]
    without_files = [package("PyYAML", files=0, modules=("_yaml", "yaml")), package("tool", files=0, modules=())]
    with caplog.at_level(logging.WARNING, "gfplug"):
        dependencies.compare(project, inventory(*own, *strangers, *without_files))

    yaml, tool, others = caplog.messages
    assert yaml.startswith("The dependency PyYAML is not in the bundle")
    assert 'Add "yaml" to HIDDEN_IMPORTS' in yaml
    assert "HIDDEN_IMPORTS" not in tool
    assert "not among your dependencies: polars (132 MB), numpy (31 MB), six (0.1 MB). Add" in others


def test_computed_dependencies_are_read_from_the_installed_project(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """If the project is not installed, they are unknown, and nothing is reported."""
    (project.root / "pyproject.toml").write_text(PYPROJECT + 'dynamic = ["dependencies"]\n')
    stranger = package("polars", size=7 * MEGABYTE)
    with caplog.at_level(logging.WARNING, "gfplug"):
        dependencies.compare(project, inventory(stranger))
        dependencies.compare(project, inventory(stranger, package("acme.sales_datasource", "polars")))
        assert caplog.messages == []
        dependencies.compare(project, inventory(stranger, package("acme.sales_datasource")))

    (line,) = caplog.messages
    assert "polars (7.0 MB)" in line
