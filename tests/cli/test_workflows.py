"""Rules for all workflows, gfplug's and a project's: pinned actions, and no token beside third-party code."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from projects import SALES
from small_workflows import OURS, PROJECTS, render

from gfplug.scaffold import template

_PINNED = re.compile(r"^\s*(?:- )?uses: ([\w.-]+/[\w.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$")
_TOKEN = re.compile(r"\bsecrets\b|\bgithub\.token\b")
_OTHERS_CODE = re.compile(
    r"(?:^|[|;&({!]|\b(?:then|do|else|if)\b)\s*(?:\w+=[^\s\"']*\s+)*"
    r"(?:python\d?|pip|uv|uvx|npm|npx|node|gfplug|pytest|mypy|ruff|go|make|bash|sh|docker|curl)\b",
    re.MULTILINE,
)
"""A command that runs code which is neither git's nor GitHub's, where a shell expects a command."""

_SIGNS = "${{ secrets.GRAFANA_ACCESS_POLICY_TOKEN }}"
"""The token that signs plugins and does nothing else: gfplug needs it, in a job that may only read."""

_MAY_HOLD_A_TOKEN = {
    *("actions/checkout", "actions/download-artifact", "actions/attest-build-provenance"),
    "pypa/gh-action-pypi-publish",  # an image that PyPA builds: it uploads a folder's files and runs none of them
    "actions/deploy-pages",  # it publishes an artifact
}
"""The actions that a job with a token may use: they install nothing."""


def pins(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield a workflow's third-party actions with commit and tag; the name is empty for an action without this pin."""
    for line in text.splitlines():
        if "uses:" in line and not line.lstrip().startswith(("#", "uses: ./")):
            match = _PINNED.match(line)
            yield (match[1], match[2], match[3]) if match else ("", line, "")


def faults(text: str) -> Iterator[str]:
    """List the faults of a workflow."""
    workflow: Any = yaml.safe_load(text)
    yield from (f"not pinned: {line.strip()}" for name, line, _ in pins(text) if not name)
    if workflow.get("permissions") != {}:
        yield "every job has permissions"
    if "concurrency" not in workflow:
        yield "two runs at a time"
    triggers = set(workflow[True])  # YAML reads `on` as true
    yield from (f"others start it: {name}" for name in sorted(triggers & {"pull_request_target", "workflow_run"}))
    if _TOKEN.search(str(workflow.get("env", ""))):
        yield "every job has a token"
    for name, job in workflow["jobs"].items():
        yield from (f"{name}: {fault}" for fault in _job_faults(job))


def _called_faults(job: Mapping[str, Any]) -> Iterator[str]:
    """List the faults of a job that calls another workflow of the project."""
    if not job["uses"].startswith("./"):
        yield "calls a workflow of others"
    if job.get("permissions") != {"contents": "read"} or "secrets" in job:
        yield "a called workflow may do more than read"


def _without_signing(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job without the token that signs plugins, where it is allowed: in a step's env of a read-only job."""
    steps = [
        {**step, "env": {name: text for name, text in step.get("env", {}).items() if text != _SIGNS}}
        for step in job["steps"]
    ]
    return {**job, "steps": steps} if job.get("permissions") == {"contents": "read"} else dict(job)


def _job_faults(job: Mapping[str, Any]) -> Iterator[str]:
    if "uses" in job:
        yield from _called_faults(job)
        return
    job = _without_signing(job)
    if "timeout-minutes" not in job:
        yield "no time limit"
    permissions = job.get("permissions")
    if not isinstance(permissions, dict):
        yield "says not what it may do"
        return
    scripts = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    actions = {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}
    outside = {**job, "steps": [{**step, "env": {}} for step in job["steps"]]}
    if _TOKEN.search(str(outside)):
        yield "a token outside of a step's env"
    if "write" in permissions.values() or _TOKEN.search(str(job)):
        yield from (f"a token beside {match[0].strip()}" for match in _OTHERS_CODE.finditer(scripts))
        yield from (f"a token beside {name}" for name in sorted(actions - _MAY_HOLD_A_TOKEN))
    if "actions/upload-artifact" in actions and any("cache" in step.get("with", {}) for step in job["steps"]):
        yield "keeps what a cache brought"
    if "${{" in scripts:
        yield "an expression in a script"
    for step in job["steps"]:
        if "actions/checkout@" in step.get("uses", "") and step.get("with", {}).get("persist-credentials") is not False:
            yield "a checkout keeps its token"


@pytest.mark.parametrize("workflow", OURS, ids=lambda path: path.name)
def test_our_workflows_follow_the_rules(workflow: Path) -> None:
    """They have none of the faults below."""
    assert list(faults(workflow.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("kind", PROJECTS)
def test_a_projects_workflows_follow_the_rules(kind: str, tmp_path: Path) -> None:
    """The project may be of any kind, and gfplug of any origin."""
    workflows = render(kind, tmp_path)

    assert [path.name for path in workflows] == ["ci.yml", "release.yml", "upgrade.yml"]
    assert [fault for path in workflows for fault in faults(path.read_text(encoding="utf-8"))] == []


def test_an_adopted_project_has_no_workflows(tmp_path: Path) -> None:
    """It is inside a repository that has its own workflows."""
    template.render(replace(SALES, frontend="adopted"), tmp_path)

    assert not (tmp_path / ".github").exists()


def test_an_action_has_one_pin_everywhere(tmp_path: Path) -> None:
    """Every workflow has the same commit for a tag."""
    commits: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for path in (*OURS, *render("signals", tmp_path)):
        for name, commit, tag in pins(path.read_text(encoding="utf-8")):
            commits[name].add((commit, tag))

    assert {"actions/checkout", "actions/attest-build-provenance"} <= commits.keys()
    assert {name: pairs for name, pairs in commits.items() if len(pairs) > 1} == {}


GOOD = """\
on: [push, pull_request]
permissions: {}
concurrency: {group: x}
jobs:
  a:
    timeout-minutes: 5
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@1111111111111111111111111111111111111111 # v1.2.3
        with:
          persist-credentials: false
      - run: git commit --message "by gfplug" | head -c 9
        env:
          GH_TOKEN: ${{ secrets.TOKEN || github.token }}
"""


def test_gfplug_may_sign_in_a_read_only_job() -> None:
    """It gets only the signing token; another token beside gfplug is a fault."""
    signing = GOOD.replace("contents: write", "contents: read").replace("run: git", "run: gfplug sign; git")
    signing = signing.replace("${{ secrets.TOKEN || github.token }}", "${{ secrets.GRAFANA_ACCESS_POLICY_TOKEN }}")

    assert list(faults(signing)) == []
    assert list(faults(signing.replace("GRAFANA_ACCESS_POLICY_TOKEN", "OTHER"))) == ["a: a token beside gfplug"]


def test_a_good_workflow_has_no_fault() -> None:
    """Only git and gh run beside a token; names of programs in texts are not commands."""
    assert list(faults(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("@1111111111111111111111111111111111111111 # v1.2.3", "@v1", "not pinned: - uses: actions/checkout@v1"),
        (" # v1.2.3", "", "not pinned: - uses: actions/checkout@1111111111111111111111111111111111111111"),
        ("permissions: {}\n", "", "every job has permissions"),
        ("permissions: {}\n", "permissions: write-all\n", "every job has permissions"),
        ("concurrency: {group: x}\n", "", "two runs at a time"),
        ("pull_request]", "pull_request_target]", "others start it: pull_request_target"),
        ("    timeout-minutes: 5\n", "", "a: no time limit"),
        ("    permissions:\n      contents: write\n", "", "a: says not what it may do"),
        ("          persist-credentials: false\n", "          depth: 1\n", "a: a checkout keeps its token"),
        ("git commit", "echo ${{ github.head_ref }}; git commit", "a: an expression in a script"),
        ("run: git", "run: pip install x && git", "a: a token beside pip"),
        ("run: git", "run: git log | python -m x && git", "a: a token beside | python"),
        ("run: git", "run: A=b gfplug check; git", "a: a token beside A=b gfplug"),
        ("actions/checkout", "actions/setup-python", "a: a token beside actions/setup-python"),
        (
            "      contents: write\n",
            "      id-token: write\n    env: {A: '${{ github.token }}'}\n",
            "a: a token outside",
        ),
        (
            "    steps:\n",
            "    steps:\n      - {uses: actions/upload-artifact@v1}\n      - {with: {cache: pip}}\n",
            "a: keeps what a cache brought",
        ),
        ("jobs:\n", "env: {A: '${{ secrets.A }}'}\njobs:\n", "every job has a token"),
        (
            "run: git",
            "env: {A: '${{ secrets.GRAFANA_ACCESS_POLICY_TOKEN }}'}\n        run: gfplug sign; git",
            "a: a token beside gfplug",
        ),
        ("jobs:\n", "jobs:\n  b: {uses: other/repository/x.yml@v1}\n", "b: calls a workflow of others"),
        ("jobs:\n", "jobs:\n  b: {uses: ./x.yml, secrets: inherit}\n", "b: a called workflow may do more"),
    ],
)
def test_each_fault_is_reported(old: str, new: str, fault: str) -> None:
    """Each workflow breaks one rule."""
    assert old in GOOD
    assert any(each.startswith(fault) for each in faults(GOOD.replace(old, new)))
