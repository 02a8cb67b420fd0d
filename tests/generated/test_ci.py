"""The workflow that a project starts with: its shell lines, and the files that its jobs exchange."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import commands
import pytest
import yaml
from commands import Ended
from projects import new_project

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("bash") is None, reason="install bash: the workflow needs it"),
]

RELEASES = [
    {"tag_name": tag, "draft": False, "prerelease": "-" in tag}
    for tag in (
        *("v13.11.0-preview", "v13.10.0", "v13.2.3", "v12.4.1+security-01", "v12.4.1", "v12.0.0"),
        *("v11.6.9", "v11.6.0", "v11.5.9"),
    )
]
GH = f"""#!/bin/sh
echo "$@" >>"$RUNNER_TEMP/gh.log"
[ "$1" != api ] || echo '{json.dumps(RELEASES[:3])}' '{json.dumps(RELEASES[3:])}'
"""
FAST = ["Style", "Types", "Tests", "Project"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project as `gfplug new` does."""
    return new_project(tmp_path_factory.mktemp("ci") / "project")


@pytest.fixture(scope="module")
def jobs(project: Path) -> Mapping[str, Any]:
    """Read the workflow."""
    return read_jobs(project, "ci.yml")


def read_jobs(project: Path, name: str) -> Mapping[str, Any]:
    """Read the jobs of a workflow."""
    workflow: Any = yaml.safe_load((project / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return workflow["jobs"]  # type: ignore[no-any-return]  # YAML


def scripts(job: Mapping[str, Any]) -> dict[str, str]:
    """Return the shell lines of a job's steps, in their order."""
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


def step(job: Mapping[str, Any], action: str) -> Mapping[str, Any]:
    """Return the inputs that a job gives to an action."""
    (inputs,) = [each["with"] for each in job["steps"] if each.get("uses", "").startswith(f"actions/{action}@")]
    return inputs  # type: ignore[no-any-return]  # YAML


def test_the_fast_checks_pass_on_a_new_project(project: Path, jobs: Mapping[str, Any]) -> None:
    """The test runs every line of the job that fails within a minute, except the installation."""
    lines = scripts(jobs["check"])
    assert list(lines) == ["Install", *FAST]

    for name in FAST:
        commands.step(lines[name], project)


def test_the_fast_checks_come_first_and_need_no_docker(jobs: Mapping[str, Any]) -> None:
    """Slow jobs wait for them; every published archive was tested in a Grafana."""
    assert "needs" not in jobs["check"]
    assert not [line for line in scripts(jobs["check"]).values() if "docker" in line or "\ngfplug build" in line]
    assert [jobs[name]["needs"] for name in ("plugin", "grafana", "archive")] == [
        "check",
        ["plugin", "versions"],
        ["plugin", "grafana"],
    ]


def test_the_grafana_job_takes_the_archive_of_its_own_platform(jobs: Mapping[str, Any]) -> None:
    """The names of the upload and of the download agree."""
    plugin_upload, plugin_download = step(jobs["plugin"], "upload-artifact"), step(jobs["grafana"], "download-artifact")
    machine = jobs["grafana"]["runs-on"]

    assert machine in jobs["plugin"]["strategy"]["matrix"]["os"]
    assert plugin_download["name"] == plugin_upload["name"].replace("${{ matrix.os }}", machine)


def test_a_release_is_the_archive_that_was_tested(project: Path, jobs: Mapping[str, Any]) -> None:
    """It is signed if there is a token, then packed, attested and published; the last job runs no third-party code."""
    release = read_jobs(project, "release.yml")
    archive_upload, archive_download = (
        step(jobs["archive"], "upload-artifact"),
        step(release["sign"], "download-artifact"),
    )
    signed_upload, signed_download = (
        step(release["sign"], "upload-artifact"),
        step(release["release"], "download-artifact"),
    )

    assert (release["plugin"]["uses"], release["plugin"]["needs"]) == ("./.github/workflows/ci.yml", "version")
    assert (release["sign"]["needs"], release["release"]["needs"]) == ("plugin", "sign")
    assert (archive_upload["name"], signed_upload["name"]) == (archive_download["name"], signed_download["name"])
    assert f"--output {archive_upload['path'].replace('*', 'plugin.zip')}" in scripts(jobs["archive"])["Merge"]
    assert f"unzip -q {archive_download['path']}/plugin.zip" in scripts(release["sign"])["Install"]
    assert step(release["release"], "attest-build-provenance")["subject-path"] == f"{signed_download['path']}/*.zip"


def run_step(script: str, folder: Path, **variables: str) -> Ended:
    """Run a step's shell lines as GitHub does, with the test's `gh` first in PATH."""
    programs = folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    for name, text in {"gh": GH, "gfplug": '#!/bin/sh\necho gfplug "$@"\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "RUNNER_TEMP": str(folder.parent), **variables}
    return commands.run("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script, cwd=folder, env=env)


@pytest.mark.skipif(shutil.which("jq") is None, reason="install jq: the workflow needs it")
@pytest.mark.parametrize(
    ("range_", "tags"),
    [
        (">=11.6.0", ["11.6.0-ubuntu", "11.6.9-ubuntu", "12.4.1-ubuntu", "13.10.0-ubuntu", "13.10.0"]),
        (">=12.0", ["12.0.0-ubuntu", "12.4.1-ubuntu", "13.10.0-ubuntu", "13.10.0"]),
        (">=11.6.0 <13", ["11.6.0-ubuntu", "11.6.9-ubuntu", "12.4.1-ubuntu", "12.4.1"]),
        ("^13.10.0", ["13.10.0-ubuntu", "13.10.0"]),
    ],
)
def test_plugin_json_says_which_versions_of_grafana(
    jobs: Mapping[str, Any], tmp_path: Path, range_: str, tags: list[str]
) -> None:
    """It is the oldest allowed one, and the newest of each major version without previews, drafts, special builds."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "plugin.json").write_text(json.dumps({"dependencies": {"grafanaDependency": range_}}))
    ended = run_step(scripts(jobs["versions"])["Versions"], folder, GITHUB_OUTPUT=str(tmp_path / "output"))

    assert ended.code == 0, ended.err
    name, _, value = (tmp_path / "output").read_text().partition("=")
    assert (name, json.loads(value)) == ("tags", tags)
    assert jobs["versions"]["outputs"]["tags"] == "${{ steps.versions.outputs.tags }}"
    assert jobs["grafana"]["strategy"]["matrix"]["version"] == "${{ fromJSON(needs.versions.outputs.tags) }}"


@pytest.mark.parametrize(("tag", "code"), [("v0.1.0", 0), ("v0.2.0", 1)])
def test_a_tag_must_equal_the_version(project: Path, tag: str, code: int) -> None:
    """Another tag is not a release."""
    script = scripts(read_jobs(project, "release.yml")["version"])["Version"]

    assert run_step(script, project, GITHUB_REF_NAME=tag).code == code


def test_the_plugin_is_signed_for_each_grafana_that_may_load_it(project: Path, tmp_path: Path) -> None:
    """Without a token, a notice says that the plugin is not signed."""
    script = scripts(read_jobs(project, "release.yml")["sign"])["Sign"]
    folder = tmp_path / "checkout"
    (folder / "unpacked" / "acme-sales-datasource").mkdir(parents=True)
    urls = "https://one.example/ https://two.example/"
    signed = run_step(script, folder, GRAFANA_ACCESS_POLICY_TOKEN="x", ROOT_URLS=urls)  # noqa: S106 - a fake
    skipped = run_step(script, folder, GRAFANA_ACCESS_POLICY_TOKEN="", ROOT_URLS="")

    options = "--root-url https://one.example/ --root-url https://two.example/"
    assert signed.out == f"gfplug sign unpacked/acme-sales-datasource {options}\n"
    assert (skipped.code, skipped.out.startswith("::notice::The plugin is not signed")) == (0, True)


@pytest.mark.parametrize("head", ["## 0.2.0", "## [0.2.0] - 2026-01-31"])
def test_the_release_says_what_the_changelog_says(project: Path, tmp_path: Path, head: str) -> None:
    """It has only the section of this version, with the archive and its checksum."""
    script = scripts(read_jobs(project, "release.yml")["release"])["Release"]
    folder = tmp_path / "checkout"
    (folder / "release").mkdir(parents=True)
    (folder / "release" / "x-0.2.0.zip").write_bytes(b"x")
    (folder / "CHANGELOG.md").write_text(f"# Changelog\n\n{head}\n\nNew.\n\n## 0.1.0\n\nOld.\n")
    ended = run_step(script, folder, GITHUB_REF_NAME="v0.2.0", GITHUB_REPOSITORY="acme/sales")

    assert ended.code == 0, ended.err
    assert (tmp_path / "notes.md").read_text().strip() == "New."
    assert (tmp_path / "gh.log").read_text().endswith("./x-0.2.0.zip ./x-0.2.0.zip.sha256\n")
    digest = hashlib.sha256(b"x").hexdigest()
    assert (folder / "release" / "x-0.2.0.zip.sha256").read_text() == f"{digest}  x-0.2.0.zip\n"


@pytest.mark.skipif(shutil.which("unzip") is None, reason="install unzip: the workflow needs it")
def test_the_archive_is_unpacked_where_the_compose_file_mounts_it(tmp_path: Path, jobs: Mapping[str, Any]) -> None:
    """The archive's single folder, which has the plugin's name, becomes dist/."""
    name = "acme-sales-datasource"
    (tmp_path / "artifacts").mkdir()
    with zipfile.ZipFile(tmp_path / "artifacts" / f"{name}-0.1.0.linux_amd64.zip", "w") as archive:
        archive.writestr(f"{name}/plugin.json", "{}")
    (tmp_path / "artifacts" / f"{name}-0.1.0.linux_amd64.zip.sha256").touch()

    commands.step(scripts(jobs["grafana"])["Unpack the plugin"], tmp_path)

    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["plugin.json"]


def test_each_version_of_grafana_is_started_and_queried(project: Path, jobs: Mapping[str, Any]) -> None:
    """The job uses `docker compose up`."""
    grafana, compose = jobs["grafana"], (project / "docker-compose.yaml").read_text(encoding="utf-8")
    (tests,) = [each for each in grafana["steps"] if each.get("name") == "Test"]

    assert "image: ${GRAFANA_IMAGE:-grafana/grafana}:${GRAFANA_VERSION:-13.2.3-ubuntu}\n" in compose
    assert grafana["env"]["GRAFANA_VERSION"] == "${{ matrix.version }}"
    assert "127.0.0.1:3000:3000" in compose
    assert (tests["env"]["GRAFANA_URL"], tests["run"]) == ("http://localhost:3000", "pytest -m grafana")
