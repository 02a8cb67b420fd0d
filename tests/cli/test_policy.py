"""What docs/policy.md says is supported is what the code, the packages and the workflow say."""

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
    """Return the versions of a row of the table."""
    (versions,) = re.findall(rf"^\| {what} \| ([^|]+) \|", POLICY, re.MULTILINE)
    return str(versions)


def matrix(job: str) -> dict[str, Any]:
    """Return what a job of ci.yml runs on."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    return workflow["jobs"][job]["strategy"]["matrix"]  # type: ignore[no-any-return]  # YAML


@pytest.mark.parametrize("folder", [ROOT, ROOT / "runtime"], ids=["gfplug", "gfruntime"])
def test_the_pythons_are_those_of_the_metadata_and_of_ci(folder: Path) -> None:
    """From `requires-python` on."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = [each.rpartition(" :: ")[2] for each in project["classifiers"] if "Python :: 3." in each]

    assert supported("Python") == ", ".join(versions)
    assert matrix("unit")["python"] == versions
    assert project["requires-python"] == f">={versions[0]}"


def test_the_oldest_grafana_is_the_templates_and_is_tested() -> None:
    """As plugin.json names it."""
    manifest = (ROOT / "template" / "project" / "plugin.json.jinja").read_text(encoding="utf-8")
    (oldest,) = re.findall(r'"grafanaDependency": ">=([\d.]+)"', manifest)

    assert supported("Grafana") == f"{oldest} and newer"
    assert matrix("grafana")["version"][0] == f"{oldest}-ubuntu"


def test_the_sdk_versions_are_those_of_the_code() -> None:
    """The floor, and the default."""
    assert supported("Grafana's plugin SDK for Go") == f"{sdk.FLOOR} and newer; {sdk.default()} is the default"


def test_the_format_of_advisories_is_that_of_the_code() -> None:
    """Every key and every value that stands for itself."""
    rows = POLICY.partition("The advisories are in")[2].partition("\n## ")[0]
    keys = [key for row in re.findall(r"^\| (`.+?) \|", rows, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]

    assert sorted(keys) == sorted(advisories.Advisory.__dataclass_fields__)
    assert [word for word in (*advisories.PACKAGES, *advisories.SEVERITIES) if f"`{word}`" not in rows] == []


def test_the_pages_of_the_record_exist() -> None:
    """The page names the two files that list the public names."""
    for name in ("public_api.json", "public_api_since.json"):
        assert name in POLICY
        assert json.loads((ROOT / "tests" / "runtime" / name).read_text(encoding="utf-8"))
