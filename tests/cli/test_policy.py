"""docs/policy.md agrees with the code, the packages and the workflow about supported versions."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from gfplug import sdk
from gfplug.bundle.rules import advisories

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")


def supported(what: str) -> str:
    """Return the versions in a row of the table."""
    (versions,) = re.findall(rf"^\| {what} \| ([^|]+) \|", POLICY, re.MULTILINE)
    return str(versions)


def matrix(job: str) -> dict[str, Any]:
    """Return the versions that a job of ci.yml runs on."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    return workflow["jobs"][job]["strategy"]["matrix"]  # type: ignore[no-any-return]  # YAML


@pytest.mark.parametrize("folder", [ROOT, ROOT / "runtime"], ids=["gfplug", "gfruntime"])
def test_python_versions_agree_with_metadata_and_ci(folder: Path) -> None:
    """The oldest is that of `requires-python`."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = [each.rpartition(" :: ")[2] for each in project["classifiers"] if "Python :: 3." in each]

    assert supported("Python") == ", ".join(versions)
    assert matrix("unit")["python"] == versions
    assert project["requires-python"] == f">={versions[0]}"


def test_the_oldest_grafana_agrees_with_the_template_and_is_tested() -> None:
    """plugin.json of the template has it."""
    manifest = (ROOT / "template" / "project" / "plugin.json.jinja").read_text(encoding="utf-8")
    (oldest,) = re.findall(r'"grafanaDependency": ">=([\d.]+)"', manifest)

    assert supported("Grafana") == f"{oldest} and newer"
    assert matrix("grafana")["version"][0] == f"{oldest}-ubuntu"


def test_sdk_versions_agree_with_the_code() -> None:
    """They are the floor and the default."""
    assert supported("Grafana's plugin SDK for Go") == f"{sdk.FLOOR} and newer; {sdk.default()} is the default"


def test_the_format_of_advisories_agrees_with_the_code() -> None:
    """Every key and every fixed value is described."""
    rows = POLICY.partition("The advisories are in")[2].partition("\n## ")[0]
    keys = [key for row in re.findall(r"^\| (`.+?) \|", rows, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]

    assert sorted(keys) == sorted(advisories.Advisory.__dataclass_fields__)
    assert [word for word in (*advisories.PACKAGES, *advisories.SEVERITIES) if f"`{word}`" not in rows] == []


def test_the_lists_of_public_names_exist() -> None:
    """The page names both files."""
    for name in ("public_api.json", "public_api_since.json"):
        assert name in POLICY
        assert json.loads((ROOT / "tests" / "runtime" / name).read_text(encoding="utf-8"))
