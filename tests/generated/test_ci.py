"""The workflow that a project starts with: its own shell lines, and what its jobs take from one another."""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import commands
import pytest
import yaml
from projects import new_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bash") is None, reason="install bash: the workflow needs it"),
]

FAST = ["Style", "Types", "Tests", "Project"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project as `gfplug new` does."""
    return new_project(tmp_path_factory.mktemp("ci") / "project")


@pytest.fixture(scope="module")
def jobs(project: Path) -> Mapping[str, Any]:
    """Read the workflow."""
    workflow: Any = yaml.safe_load((project / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    return workflow["jobs"]  # type: ignore[no-any-return]  # YAML


def scripts(job: Mapping[str, Any]) -> dict[str, str]:
    """Return the shell lines of a job's steps, in their order."""
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def step(job: Mapping[str, Any], action: str) -> Mapping[str, Any]:
    """Return what a job gives to an action."""
    (inputs,) = [each["with"] for each in job["steps"] if each.get("uses", "").startswith(f"actions/{action}@")]
    return inputs  # type: ignore[no-any-return]  # YAML


def test_the_fast_checks_pass_on_a_new_project(project: Path, jobs: Mapping[str, Any]) -> None:
    """Every line of the job that says no within a minute, but for the installation."""
    lines = scripts(jobs["check"])
    assert list(lines) == ["Install", *FAST]

    for name in FAST:
        commands.step(lines[name], project)


def test_the_fast_checks_come_first_and_need_no_docker(jobs: Mapping[str, Any]) -> None:
    """What costs minutes waits for them; nothing that people install has not been in a Grafana."""
    assert "needs" not in jobs["check"]
    assert not [line for line in scripts(jobs["check"]).values() if "docker" in line or "build" in line]
    assert [jobs[name]["needs"] for name in ("plugin", "grafana", "archive")] == [
        "check",
        "plugin",
        ["plugin", "grafana"],
    ]


def test_the_grafana_job_takes_the_archive_of_its_own_platform(jobs: Mapping[str, Any]) -> None:
    """By the name under which the machine of the same kind kept it."""
    kept, taken = step(jobs["plugin"], "upload-artifact"), step(jobs["grafana"], "download-artifact")
    machine = jobs["grafana"]["runs-on"]

    assert machine in jobs["plugin"]["strategy"]["matrix"]["os"]
    assert taken["name"] == kept["name"].replace("${{ matrix.os }}", machine)


def test_what_is_attested_is_the_archive_for_all_platforms(jobs: Mapping[str, Any]) -> None:
    """The job with the token that signs takes what the job before it kept, and runs nothing of its own."""
    kept, taken = step(jobs["archive"], "upload-artifact"), step(jobs["attest"], "download-artifact")
    attested = step(jobs["attest"], "attest-build-provenance")["subject-path"]

    assert (jobs["attest"]["needs"], taken["name"]) == ("archive", kept["name"])
    assert attested == f"{taken['path']}/plugin.zip"
    assert f"--output ../{kept['path'].replace('*', 'plugin.zip')}" in scripts(jobs["archive"])["Merge"]
    assert scripts(jobs["attest"]) == {}


@pytest.mark.skipif(shutil.which("unzip") is None, reason="install unzip: the workflow needs it")
def test_the_archive_is_unpacked_where_the_compose_file_mounts_it(tmp_path: Path, jobs: Mapping[str, Any]) -> None:
    """Its one folder, named for the plugin, becomes dist/."""
    name = "acme-sales-datasource"
    (tmp_path / "artifacts").mkdir()
    with zipfile.ZipFile(tmp_path / "artifacts" / f"{name}-0.1.0.linux_amd64.zip", "w") as archive:
        archive.writestr(f"{name}/plugin.json", "{}")
    (tmp_path / "artifacts" / f"{name}-0.1.0.linux_amd64.zip.sha256").touch()

    commands.step(scripts(jobs["grafana"])["Unpack the plugin"], tmp_path)

    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["plugin.json"]


def test_each_version_of_grafana_is_started_and_asked(project: Path, jobs: Mapping[str, Any]) -> None:
    """From the oldest that plugin.json allows to the one that `docker compose up` starts; on Ubuntu and on Alpine."""
    grafana, compose = jobs["grafana"], (project / "docker-compose.yaml").read_text(encoding="utf-8")
    versions = grafana["strategy"]["matrix"]["version"]
    (tests,) = [each for each in grafana["steps"] if each.get("name") == "Test"]

    assert "image: ${GRAFANA_IMAGE:-grafana/grafana}:${GRAFANA_VERSION:-13.2.3-ubuntu}\n" in compose
    assert grafana["env"]["GRAFANA_VERSION"] == "${{ matrix.version }}"
    assert versions[0] == "11.6.0-ubuntu"
    assert '"grafanaDependency": ">=11.6.0"' in (project / "plugin.json").read_text(encoding="utf-8")
    assert {"13.2.3-ubuntu", "13.2.3"} <= set(versions)
    assert "127.0.0.1:3000:3000" in compose
    assert (tests["env"]["GRAFANA_URL"], tests["run"]) == ("http://localhost:3000", "pytest -m grafana")
