"""Imports without a dependency, found by names only: no interpreter is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_project import small_project

from gfplug.checks import declared_imports

if TYPE_CHECKING:
    from pathlib import Path

PYPROJECT = """\
[project]
name = "acme-sales-datasource"
version = "1.0.0"
dependencies = ["grpcio>=1.60", "protobuf>=6", "gfruntime @ {{root:uri}}/vendor/x.whl", {more}]
[project.optional-dependencies]
dev = ["pandas>=2"]
"""


def findings(folder: Path, imports: str, *more: str) -> list[tuple[str, str, str, str]]:
    """Check a project with some imports and dependencies; return level, place, sentence and hint."""
    project = small_project(folder / "project")
    (project.source / "plugin").mkdir()
    (project.source / "plugin" / "datasource.py").write_text(f"import math\n{imports}\n")
    lines = ", ".join(f'"{line}"' for line in more)
    (project.root / "pyproject.toml").write_text(PYPROJECT.format(more=lines))
    return [(each.level, each.where, each.message, each.hint) for each in declared_imports.check(project, None)]


@pytest.mark.shows("errors: the code imports a package that is not a dependency")
@pytest.mark.parametrize(
    ("imports", "name", "package"),
    [
        ("import pandas.core", "pandas", "pandas"),
        ("import yaml", "yaml", "pyyaml"),
        ("from google.cloud import bigquery", "google.cloud.bigquery", "google-cloud-bigquery"),
        ("from azure.identity import X", "azure.identity", "azure-identity"),
        ("import grpc_health.v1", "grpc_health", "grpc-health"),
        ("import influxdb_client", "influxdb_client", "influxdb-client"),
    ],
)
def test_an_import_without_a_dependency_is_an_error(tmp_path: Path, imports: str, name: str, package: str) -> None:
    """The message begins with the line of code, and says what to add."""
    ((level, where, message, hint),) = findings(tmp_path, imports)

    assert (level, where) == ("error", "src/plugin/datasource.py, line 2")
    assert message == f"`{name}` is imported, but no dependency provides it"
    assert hint.startswith(f'add "{package}" to the dependencies in pyproject.toml')


def test_an_import_from_an_extra_has_its_own_message(tmp_path: Path) -> None:
    """Packages of an extra are not in the bundle."""
    assert findings(tmp_path, "import pandas")[0][3].endswith("the extra 'dev' is only for development")


@pytest.mark.parametrize(
    ("imports", "more"),
    [
        ("import pandas", ["Pandas>=2; python_version > '3'"]),
        ("import yaml", ["PyYAML"]),
        ("import psycopg2", ["psycopg2-binary"]),
        ("import dateutil.parser", ["python-dateutil>=2"]),
        ("from google.cloud import bigquery", ["google-cloud-bigquery"]),
        ("import gfruntime, grpc, pyarrow, msgspec\nfrom google.protobuf import message", []),
        ("import tomllib, asyncio.subprocess", []),
    ],
)
def test_an_import_from_a_dependency_passes(tmp_path: Path, imports: str, more: list[str]) -> None:
    """Its name may differ slightly; packages of the plugin and modules of Python pass, too."""
    assert findings(tmp_path, imports, *more) == []


def test_an_import_that_a_dependency_may_provide_is_a_warning(tmp_path: Path) -> None:
    """Without an environment, the contents of packages are unknown."""
    ((level, _, message, _),) = findings(tmp_path, "import numpy, pandas", "pandas")

    assert (level, message) == (
        "warning",
        "`numpy` is imported, but no dependency has its name; pandas could provide it",
    )


def test_computed_dependencies_are_not_checked(tmp_path: Path) -> None:
    """Only the build knows them."""
    project = small_project(tmp_path / "project")
    (project.source / "x.py").write_text("import pandas")
    text = '[project]\nname = "x"\nversion = "1"\ndynamic = ["dependencies"]\n'
    (project.root / "pyproject.toml").write_text(text)

    assert list(declared_imports.check(project, None)) == []
