"""Every workflow, checked by zizmor, which knows attacks on workflows; it uses no network here."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from commands import run
from small_workflows import OURS, PROJECTS, dependabot, render

ACCEPTED = {
    "anonymous-definition": "a job's key is its name",
    "secrets-outside-env": "tokens are optional; an environment would have to be made by hand in each repository",
}
"""Accepted findings of zizmor's strictest persona, with their reasons."""


def audit(*paths: Path) -> list[str]:
    """Return zizmor's findings, each as its name and place; skip if zizmor is missing."""
    zizmor = Path(sys.executable).with_name("zizmor")
    program = str(zizmor) if zizmor.exists() else shutil.which("zizmor")
    if program is None:
        pytest.skip("install zizmor: pip install zizmor")
    ended = run(program, "--offline", "--no-progress", "--no-config", "--persona=auditor", "--format=json", *paths)
    return [
        f"{finding['ident']} {place['symbolic']['key']} {place['concrete']['location']['start_point']}"
        for finding in json.loads(ended.out)
        for place in finding["locations"][:1]
        if not finding["ignored"] and finding["ident"] not in ACCEPTED
    ]


def test_our_workflows_are_without_findings() -> None:
    """The accepted findings are excluded."""
    assert audit(*OURS) == []


@pytest.mark.parametrize("kind", ["signals", "from an index", "hybrid", "react"])
def test_a_projects_workflows_are_without_findings(kind: str, tmp_path: Path) -> None:
    """Two projects install gfplug differently; one has an example's files, and one npm packages."""
    assert kind in PROJECTS
    assert audit(*render(kind, tmp_path), dependabot(tmp_path)) == []


def test_a_finding_is_reported(tmp_path: Path) -> None:
    """The action is pinned only by its tag."""
    text = OURS[0].read_text(encoding="utf-8")
    (tmp_path / "ci.yml").write_text(text.replace("3d3c42e5aac5ba805825da76410c181273ba90b1", "v4"), encoding="utf-8")

    assert "unpinned-uses" in {finding.partition(" ")[0] for finding in audit(tmp_path / "ci.yml")}
