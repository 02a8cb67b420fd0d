"""The workflow that publishes gfplug: the files that its jobs exchange, their conditions, and its shell lines."""

import os
import sys
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import step

ROOT = Path(__file__).parents[2]
JOBS: Mapping[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))["jobs"]
PLATFORMS = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["platforms"]
PACKAGES = [
    *("gfplug-0.2.0.tar.gz", "gfplug-0.2.0-py3-none-any.whl", "gfruntime-0.2.0.tar.gz"),
    *("gfruntime-0.2.0-py3-none-any.whl", "gfplug_preview-0.2.0-py3-none-any.whl"),
]
posix = pytest.mark.skipif(sys.platform == "win32", reason="the fake programs are shell scripts")


def inputs_of(job: str, action: str) -> list[Mapping[str, Any]]:
    """Return the inputs of a job to each use of an action."""
    return [each["with"] for each in JOBS[job]["steps"] if each.get("uses", "").split("@")[0].endswith(f"/{action}")]


def script(job: str, name: str) -> str:
    """Return the shell lines of a step."""
    (lines,) = (each["run"] for each in JOBS[job]["steps"] if each.get("name") == name)
    return str(lines)


def test_each_package_is_uploaded_as_an_artifact_once() -> None:
    """Those of gfplug are in a separate upload, since its requirements are published before."""
    uploads = {each["name"]: each["path"].split() for each in inputs_of("build", "upload-artifact")}
    artifacts = [
        [
            name
            for name, patterns in uploads.items()
            if any(fnmatch(f"release/packages/{file}", each) for each in patterns)
        ]
        for file in PACKAGES
    ]

    assert artifacts == [["packages-gfplug"]] * 2 + [["packages-libraries"]] * 3
    assert uploads["notes"] == ["release/notes.md"]


def test_published_packages_were_built_once_and_tested() -> None:
    """Only a tag publishes, libraries first; each job uses the build's artefacts in its own environment."""
    needs = {name: job.get("needs") for name, job in JOBS.items()}

    assert needs == {
        "build": None,
        "try": "build",
        "publish-libraries": ["build", "try"],
        "publish-gfplug": "publish-libraries",
        "list-on-github": "publish-gfplug",
    }
    assert JOBS["publish-libraries"]["if"] == "github.ref_type == 'tag'"
    for name in ("libraries", "gfplug"):
        job = f"publish-{name}"
        (inputs,) = inputs_of(job, "download-artifact")
        (published,) = inputs_of(job, "gh-action-pypi-publish")
        assert (inputs["name"], inputs["path"]) == (f"packages-{name}", published["packages-dir"])
        assert published["attestations"] is True
        assert JOBS[job]["environment"] == "pypi"
        assert JOBS[job]["permissions"]["id-token"] == "write"


def test_the_packages_are_tried_on_every_platform() -> None:
    """These are the platforms of CI's complete project runs, with the oldest and the newest Python."""
    tried = JOBS["try"]["strategy"]["matrix"]["include"]

    assert {each["os"] for each in tried} == set(PLATFORMS["strategy"]["matrix"]["os"])
    assert {"3.11", "3.14"} <= {each["python"] for each in tried}


def run_step(job: str, name: str, folder: Path, *, program: str, **environment: str) -> list[str]:
    """Run a step with a stand-in for its program; return the stand-in's arguments, one in each line."""
    fake = folder / "bin" / program
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >called\n')
    fake.chmod(0o755)
    step(script(job, name), folder, PATH=f"{fake.parent}{os.pathsep}{os.environ['PATH']}", **environment)
    return (folder / "called").read_text().splitlines()


@posix
@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("v0.2.0", ["--title", "gfplug 0.2.0", "--notes-file", "notes.md"]),
        ("v0.3.0rc1", ["--title", "gfplug 0.3.0rc1", "--notes-file", "notes.md", "--prerelease"]),
    ],
)
def test_a_github_release_has_the_packages_and_the_notes(tmp_path: Path, tag: str, words: list[str]) -> None:
    """A release candidate is marked as one."""
    (tmp_path / "packages").mkdir()
    for name in PACKAGES:
        (tmp_path / "packages" / name).touch()
    called = run_step("list-on-github", "Make the release", tmp_path, program="gh", GITHUB_REF_NAME=tag)

    head = ["release", "create", tag, "--verify-tag", *words]
    assert called[: len(head)] == head
    assert sorted(called[len(head) :]) == sorted(f"packages/{name}" for name in PACKAGES)


@posix
@pytest.mark.parametrize(("kind", "words"), [("tag", ["--tag", "v0.2.0"]), ("branch", [])])
def test_only_a_tag_is_compared_with_the_version(tmp_path: Path, kind: str, words: list[str]) -> None:
    """If it is started by hand on a branch, the workflow is a rehearsal."""
    variables = {"GITHUB_REF_TYPE": kind, "GITHUB_REF_NAME": "v0.2.0"}
    called = run_step("build", "Build", tmp_path, program="python", **variables)

    assert called == [".ci/release/build.py", "release", "--preview", *words]
