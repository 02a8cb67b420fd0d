"""The scheduled workflow of a project: its own shell lines, run here with a repository and a `gh` of ours."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import commit, git, succeed
from releases import module_proxy, with_more

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bash") is None, reason="install bash: the workflow needs it"),
]

ROOT = Path(__file__).parents[2]
GH = """#!/bin/sh
echo "$@" >>"$RUNNER_TEMP/gh.log"
[ "$2" != create ] || [ ! -e "$RUNNER_TEMP/is-open" ]
"""


def steps(path: Path) -> dict[str, str]:
    """Return the shell lines of a workflow's named steps."""
    workflow: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    [job] = workflow["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "name" in step}


class Runner:
    """A machine of GitHub's with a checkout of the project."""

    def __init__(self, folder: Path, project: Path, proxy: str) -> None:
        """Clone the project as the checkout does."""
        self.origin, self.checkout, self.temp = folder / "origin.git", folder / "checkout", folder / "temp"
        git(folder, "clone", "--quiet", "--bare", project, self.origin)
        git(folder, "clone", "--quiet", self.origin, self.checkout)
        (folder / "bin").mkdir()
        self.temp.mkdir()
        (folder / "bin" / "gh").write_text(GH)
        (folder / "bin" / "gh").chmod(0o755)
        scripts = Path(sys.executable).parent
        self.env = {
            **{key: text for key, text in os.environ.items() if not key.startswith("GIT_")},
            "PATH": f"{folder / 'bin'}:{scripts}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.temp),
            "BRANCH": "gfplug-upgrade",
            "GITHUB_SHA": git(self.checkout, "rev-parse", "HEAD").strip(),
            "GOPROXY": proxy,
            "GOMODCACHE": str(folder / "mod"),
            "GOPRIVATE": "",
            "GONOPROXY": "",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def upgrade(self) -> None:
        """Run the workflow's steps as GitHub does."""
        lines = steps(self.checkout / ".github/workflows/upgrade.yml")
        words = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
        for name in ("Upgrade", "Open a pull request"):
            succeed(*words, lines[name], cwd=self.checkout, env=self.env)

    def calls(self) -> list[str]:
        """Return what `gh` was called with."""
        log = self.temp / "gh.log"
        return log.read_text().splitlines() if log.exists() else []

    def pushed(self, path: str) -> str:
        """Read a file of the pushed branch."""
        return git(self.origin, "show", f"gfplug-upgrade:{path}")


@pytest.fixture
def runner(tmp_path: Path, rendered: dict[str, Path]) -> Runner:
    """A runner with a project that is behind in both: its template, and the SDK."""
    project = shutil.copytree(rendered["old"], tmp_path / "project")
    commit(project)
    return Runner(tmp_path, project, module_proxy(tmp_path / "proxy", "v0.299.0", with_more()))


def test_a_pull_request_brings_template_and_sdk(runner: Runner) -> None:
    """Two commits on a branch, the project's tests passed, and the text holds the reports and the diff."""
    runner.upgrade()
    text = (runner.temp / "text.md").read_text()

    assert [line.split()[:4] for line in runner.calls()] == [["pr", "create", "--head", "gfplug-upgrade"]]
    assert '"version": "v0.299.0"' in runner.pushed("gfplug.lock")
    assert "QueryFast" in runner.pushed("src/pluginv2/backend.proto")
    assert "additive  RPC Data/QueryFast was added" in text
    assert "Tests: passed" in text
    assert "+++ /dev/null\n@@ -1 +0,0 @@\n-dropped\n" in text
    assert "stays at its SDK" not in text
    assert "a/src/pluginv2" not in text


def test_an_open_pull_request_is_renewed(runner: Runner) -> None:
    """A second run finds the first one's pull request open, and rewrites it."""
    (runner.temp / "is-open").touch()
    runner.upgrade()

    assert [line.split()[1] for line in runner.calls()] == ["create", "edit"]


def test_an_sdk_that_can_not_be_had_leaves_the_template(runner: Runner) -> None:
    """The template's half arrives; why the SDK's did not is in the text."""
    runner.env["GOPROXY"] = "off"
    runner.upgrade()

    assert "The project stays at its SDK: the upgrade ended with exit code" in (runner.temp / "text.md").read_text()
    assert "v0.299.0" not in runner.pushed("gfplug.lock")


@pytest.mark.parametrize("whose", ["project", "gfplug"])
def test_a_scheduled_workflow_is_well_formed(whose: str, rendered: dict[str, Path]) -> None:
    """It runs on a schedule and by hand, may write what it needs, and its shell lines parse."""
    path = {
        "project": rendered["new"] / ".github/workflows/upgrade.yml",
        "gfplug": ROOT / ".github/workflows/refresh.yml",
    }
    workflow: Any = yaml.safe_load(path[whose].read_text(encoding="utf-8"))

    assert {"schedule", "workflow_dispatch"} == workflow[True].keys()  # YAML reads `on` as true
    assert workflow["permissions"] == {"contents": "write", "pull-requests": "write"}
    for script in steps(path[whose]).values():
        succeed("bash", "-n", input=script)
