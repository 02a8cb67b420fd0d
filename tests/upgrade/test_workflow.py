"""The scheduled workflow of a project: its shell lines, run here with a test repository and a stand-in for `gh`."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import Ended, commit, git, run, succeed
from releases import module_proxy, with_more

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="install bash: the workflow needs it")

ROOT = Path(__file__).parents[2]
GH = """#!/bin/sh
echo "$@" >>"$RUNNER_TEMP/gh.log"
[ "$2" != create ] || [ ! -e "$RUNNER_TEMP/is-open" ]
"""
MOVE = """\
diff --git a/.github/workflows/ci.yml b/x.yml
similarity index 100%
rename from .github/workflows/ci.yml
rename to x.yml
"""


def scripts(path: Path) -> dict[str, dict[str, str]]:
    """Return the shell lines of each job's named steps, in their order."""
    workflow: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: {step["name"]: step["run"] for step in job["steps"] if "name" in step}
        for name, job in workflow["jobs"].items()
    }


class Runner:
    """GitHub's machines: each job has its own checkout, and gets the file that the previous job keeps."""

    def __init__(self, folder: Path, project: Path, proxy: str) -> None:
        """Put the project into the repository of the checkouts."""
        self.folder, self.origin, self.temp = folder, folder / "origin.git", folder / "temp"
        git(folder, "clone", "--quiet", "--bare", project, self.origin)
        (folder / "bin").mkdir()
        (folder / "bin" / "gh").write_text(GH)
        (folder / "bin" / "gh").chmod(0o755)
        self.temp.mkdir()
        path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.env = {
            **{key: text for key, text in os.environ.items() if not key.startswith("GIT_")},
            "PATH": path,
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_RUN_ID": "17",
            "GITHUB_SERVER_URL": "https://git.test",
            "GITHUB_REPOSITORY": "acme/sales",
            "BRANCH": "gfplug-upgrade",
            "GOPROXY": proxy,
            "GOMODCACHE": str(folder / "mod"),
            "GOPRIVATE": "",
            "GONOPROXY": "",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    @property
    def patch(self) -> Path:
        """Return the file that the first job keeps and the second one takes."""
        return self.temp / "upgrade.patch"

    def run(self, job: str, *names: str, workflow: Path | None = None) -> list[Ended]:
        """Run a job's named steps as GitHub does, in a new checkout, up to the first failure."""
        checkout = self.folder / job
        git(self.folder, "clone", "--quiet", self.origin, checkout)
        lines = scripts(workflow or checkout / ".github/workflows/upgrade.yml")[job]
        words = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
        ended: list[Ended] = []
        for name in names:
            ended.append(run(*words, lines[name], cwd=checkout, env=self.env))
            if ended[-1].code:
                break
        return ended

    def upgrade(self) -> list[Ended]:
        """Run both jobs, whose steps succeed; return the first job's output."""
        first = self.run("upgrade", "Upgrade")
        for ended in (*first, *self.open()):
            assert ended.code == 0, ended.out + ended.err
        return first

    def open(self, workflow: Path | None = None) -> list[Ended]:
        """Run the second job."""
        return self.run("pull-request", "Commit", "Open a pull request", workflow=workflow)

    def calls(self) -> list[str]:
        """Return the arguments of all calls of `gh`."""
        log = self.temp / "gh.log"
        return log.read_text().splitlines() if log.exists() else []

    def pushed(self, path: str) -> str:
        """Read a file of the pushed branch."""
        return git(self.origin, "show", f"gfplug-upgrade:{path}")

    def files(self) -> str:
        """List the files of the pushed branch."""
        return git(self.origin, "ls-tree", "-r", "--name-only", "gfplug-upgrade")

    def text(self) -> str:
        """Read the text of the pull request."""
        return (self.temp / "text.md").read_text()

    def branches(self) -> str:
        """List the branches of the repository."""
        return git(self.origin, "branch", "--format=%(refname:short)")


@pytest.fixture
def runner(tmp_path: Path, rendered: dict[str, Path]) -> Runner:
    """Make a runner with a project whose template and SDK are both out of date."""
    project = shutil.copytree(rendered["old"], tmp_path / "project")
    commit(project)
    return Runner(tmp_path, project, module_proxy(tmp_path / "proxy", "v0.299.0", with_more()))


@pytest.mark.long
def test_a_pull_request_brings_template_and_sdk(runner: Runner) -> None:
    """One branch has both; the pull request's text says where the reports are."""
    (report,) = runner.upgrade()

    assert (runner.temp / "output").read_text() == "is-newer=true\n"
    assert [line.split()[:4] for line in runner.calls()] == [["pr", "create", "--head", "gfplug-upgrade"]]
    assert '"version": "v0.299.0"' in runner.pushed("gfplug.lock")
    assert "QueryFast" in runner.pushed("src/pluginv2/backend.proto")
    assert "dropped" not in runner.files()
    assert "additive  RPC Data/QueryFast was added" in report.err
    assert "Tests: passed" in report.err
    assert "https://git.test/acme/sales/actions/runs/17\n" in runner.text()
    assert "Conflicts" not in runner.text()


@pytest.mark.long
def test_the_next_upgrade_updates_the_open_pull_request(runner: Runner) -> None:
    """`gh pr create` fails when the branch has a pull request; then the text of the pull request is replaced."""
    (runner.temp / "is-open").touch()
    runner.upgrade()

    assert [line.split()[1] for line in runner.calls()] == ["create", "edit"]


@pytest.mark.long
def test_an_sdk_that_can_not_be_fetched_leaves_the_template(runner: Runner) -> None:
    """The branch has the new template; the run warns that the SDK is the old one."""
    runner.env["GOPROXY"] = "off"
    (report,) = runner.upgrade()

    assert "::warning::the project stays at its SDK: exit code 4\n" in report.out
    assert "v0.299.0" not in runner.pushed("gfplug.lock")
    assert "dropped" not in runner.files()


def create(path: str, line: str = "new") -> str:
    """Return a patch that adds a file of one line."""
    header = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return f"{header}@@ -0,0 +1 @@\n+{line}\n"


def test_changes_of_workflows_are_not_pushed(runner: Runner) -> None:
    """The branch has the other changes; the pull request says how to apply those of workflows."""
    runner.patch.write_text(
        create(".github/workflows/evil.yml") + create(".github/actions/a/action.yml") + create("good.txt")
    )
    steps = runner.open()

    assert [step.code for step in steps] == [0, 0], steps
    assert runner.pushed("good.txt") == "new\n"
    assert "evil" not in runner.files()
    assert "    gh run download 17 --name upgrade" in runner.text()
    assert "evil" not in runner.text()


def test_the_commands_of_the_text_apply_the_changes_of_workflows(runner: Runner, tmp_path: Path) -> None:
    """They work in a clone with the branch, even if the first job changed only a workflow."""
    runner.patch.write_text(create(".github/workflows/new.yml"))
    assert [step.code for step in runner.open()] == [0, 0]
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--branch", "gfplug-upgrade", runner.origin, clone)
    shutil.copytree(runner.temp, tmp_path / "upgrade")
    commands = [line for line in runner.text().splitlines() if line.startswith("    git apply ")]
    succeed("bash", "-e", "-c", *commands, cwd=clone)

    assert git(clone, "diff", "--cached", "--name-only") == ".github/workflows/new.yml\n"


@pytest.mark.parametrize("has_conflicts", ["true", ""])
def test_conflicts_are_named_in_the_text(runner: Runner, has_conflicts: str) -> None:
    """The first job reports whether there are conflicts; files below .github are named only if there are changes."""
    runner.env["HAS_CONFLICTS"] = has_conflicts
    runner.patch.write_text(create("a.py"))
    runner.open()

    assert ("Conflicts remain" in runner.text()) is (has_conflicts == "true")
    assert ".github" not in runner.text()


@pytest.mark.parametrize(("code", "output"), [(8, "has-conflicts=true\n"), (7, None)])
def test_an_upgrade_with_conflicts_goes_on(runner: Runner, code: int, output: str | None) -> None:
    """Exit code 8 means that conflicts remain; any other ends the job."""
    fake = runner.folder / "bin" / "gfplug"
    fake.write_text(f'#!/bin/sh\n[ "$1" != upgrade ] || exit {code}\n')
    fake.chmod(0o755)
    (step,) = runner.run("upgrade", "Upgrade")

    assert step.code == (0 if output else code)
    assert (runner.temp / "output").exists() is bool(output)
    assert not output or (runner.temp / "output").read_text() == output


@pytest.mark.parametrize(
    "patch",
    [
        MOVE,
        create(".GitHub/workflows/evil.yml"),
        create(".git/hooks/pre-push"),
        create("../evil"),
        create("x").replace("100644", "120000") + create("x/evil.yml"),
    ],
    ids=["moved away", "another case", "git's own folder", "elsewhere", "through a link"],
)
def test_a_patch_that_bypasses_the_exclusion_ends_the_job(runner: Runner, patch: str) -> None:
    """Nothing is pushed then, and no pull request is opened."""
    runner.patch.write_text(patch)
    (commit_step,) = runner.open()

    assert commit_step.code != 0
    assert runner.branches().split() == git(runner.origin, "symbolic-ref", "--short", "HEAD").split()
    assert runner.calls() == []


def test_our_refresh_takes_one_file_of_its_patch(tmp_path: Path) -> None:
    """The job that ran packages hands over a patch; only its proto/versions.json reaches the branch."""
    project, path = tmp_path / "project", "proto/versions.json"
    (project / "proto").mkdir(parents=True)
    (project / path).write_text("a\n")
    commit(project)
    (project / path).write_text("b\n")
    patch = git(project, "diff") + create(".github/workflows/evil.yml") + create("runtime/evil.py")
    runner = Runner(tmp_path, project, "off")
    runner.env["BRANCH"] = "refresh-versions"
    (runner.temp / "refresh").mkdir()
    for name, text in {"versions.patch": patch, "refresh.log": "~~~~\n", "changes.log": "Fixes #1\n"}.items():
        (runner.temp / "refresh" / name).write_text(text)
    ended = runner.open(ROOT / ".github/workflows/refresh.yml")

    assert [each.code for each in ended] == [0, 0], ended
    assert git(runner.origin, "show", "--format=", "--name-only", "refresh-versions").split() == [path]
    assert "    ~~~~\n" in (runner.temp / "text.md").read_text()
    assert [line.split()[:2] for line in runner.calls()] == [["pr", "create"]]


@pytest.mark.parametrize("whose", ["project", "gfplug"])
def test_a_scheduled_workflow_is_well_formed(whose: str, rendered: dict[str, Path]) -> None:
    """It runs on a schedule and by hand, one job has the write permissions that it needs, and its shell lines parse."""
    path = {
        "project": rendered["new"] / ".github/workflows/upgrade.yml",
        "gfplug": ROOT / ".github/workflows/refresh.yml",
    }
    workflow: Any = yaml.safe_load(path[whose].read_text(encoding="utf-8"))
    writing = [name for name, job in workflow["jobs"].items() if "write" in job["permissions"].values()]

    assert {"schedule", "workflow_dispatch"} == workflow[True].keys()  # YAML reads `on` as true
    assert writing == ["pull-request"]
    assert workflow["jobs"]["pull-request"]["permissions"] == {"contents": "write", "pull-requests": "write"}
    for job in scripts(path[whose]).values():
        for script in job.values():
            succeed("bash", "-n", input=script)
