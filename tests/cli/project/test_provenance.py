"""The origin of gfplug decides where projects get it from: from an index only if it came from one itself."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from projects import SALES

from gfplug import __version__, resources
from gfplug.errors import UsageError
from gfplug.project import provenance, wheels
from gfplug.scaffold import template

COMMIT = "0123456789abcdef0123456789abcdef01234567"
VENDORED = "./vendor/gfplug-*.whl"
WHEEL = f"vendor/gfruntime-{__version__}-py3-none-any.whl"


def fake_origin(patch: pytest.MonkeyPatch, direct: object, *, published: bool = False) -> None:
    """Set the content of gfplug's direct_url.json; None means that there is no such file."""
    text = direct if direct is None or isinstance(direct, str) else json.dumps(direct)
    patch.setattr(provenance, "distribution", lambda _: Mock(read_text={"direct_url.json": text}.get))
    patch.setattr(resources, "is_published", lambda: published)


def vcs(url: str, **others: object) -> dict[str, Any]:
    """Return pip's record about a repository."""
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT}, **others}


NOT_AN_INDEX = {
    "a folder": {"url": "file:///home/ann/gfplug", "dir_info": {}},
    "an editable folder": {"url": "file:///home/ann/gfplug", "dir_info": {"editable": True}},
    "a wheel": {"url": "file:///tmp/gfplug.whl", "archive_info": {}},
    "a wheel elsewhere": {"url": "https://example.com/gfplug.whl", "archive_info": {}},
    "nothing noted": None,
    "no JSON": "{",
    "no object": "[1]",
    "a repository on this machine": vcs("file:///home/ann/gfplug"),
    "an address with a line break": vcs("https://example.com/x\nrun: evil"),
    "an address with a space": vcs("https://example.com/x y"),
    "an address that is no text": {"url": 7, "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
    "a commit that is no text": {"url": "https://example.com/x", "vcs_info": {"vcs": "git", "commit_id": "a b"}},
}


@pytest.mark.parametrize("direct", NOT_AN_INDEX.values(), ids=list(NOT_AN_INDEX))
def test_projects_keep_both_wheels_without_a_public_origin(monkeypatch: pytest.MonkeyPatch, direct: object) -> None:
    """If neither an index nor a public address has them, they are in vendor/."""
    fake_origin(monkeypatch, direct)
    source = provenance.detect()

    assert (source.gfplug, source.newest, source.vendored) == (VENDORED, "", ("gfplug", "gfruntime"))
    assert source.runtime == f"gfruntime @ {{root:uri}}/{WHEEL}"
    assert set(source.files()) == {f"vendor/{wheels.NAMES['gfplug']}", WHEEL}


def test_a_repository_is_named_with_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Projects get gfplug from there, and the runtime, a folder of the repository, as a wheel."""
    fake_origin(monkeypatch, vcs("https://github.com/gfplug/gfplug", subdirectory="x"))
    source = provenance.detect()

    assert source.gfplug == f"gfplug @ git+https://github.com/gfplug/gfplug@{COMMIT}#subdirectory=x"
    assert source.newest == "gfplug @ git+https://github.com/gfplug/gfplug#subdirectory=x"
    assert source.vendored == ("gfruntime",)


def test_only_a_stamped_gfplug_is_required_from_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release workflow's mark says that the index has both packages."""
    fake_origin(monkeypatch, None, published=True)
    source = provenance.detect()

    assert (source.gfplug, source.newest) == (f"gfplug=={__version__}", "gfplug")
    assert (source.runtime, source.runtime_wheel, source.files()) == (f"gfruntime=={__version__}", "", {})


@pytest.mark.parametrize(
    ("requirement", "gfplug", "wheels"),
    [
        ("gfplug==1.2", "gfplug==1.2", ()),
        ("GFplug >= 1, < 2", "GFplug<2,>=1", ()),
        ("gfplug", "gfplug", ()),
        ("gfplug @ https://example.com/gfplug.whl", "gfplug @ https://example.com/gfplug.whl", ("gfruntime",)),
    ],
)
def test_a_given_requirement_is_used(requirement: str, gfplug: str, wheels: tuple[str, ...]) -> None:
    """`--data gfplug=…` names a company's index, or an address."""
    source = provenance.detect(requirement)

    assert (source.gfplug, source.vendored) == (gfplug, wheels)


@pytest.mark.parametrize(
    "requirement", ["flask", "gfplug[x]", "gfplug; python_version > '3'", "gfplug ==", "./x", "-r x"]
)
def test_a_requirement_of_another_package_is_refused(requirement: str) -> None:
    """The error shows a valid one."""
    with pytest.raises(UsageError, match="--data gfplug="):
        replace(SALES, gfplug=requirement)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gfplug==0.1.0", f"gfplug=={__version__}"),
        ("gfplug (==0.1.0)", f"gfplug=={__version__}"),
        ("gfplug>=0.1", "gfplug>=0.1"),
        ("gfplug @ https://example.com/gfplug-0.1.0.whl", "gfplug @ https://example.com/gfplug-0.1.0.whl"),
        ("", ""),
    ],
)
def test_an_upgrade_updates_an_exact_version(before: str, after: str) -> None:
    """Another exact version becomes this gfplug's."""
    assert provenance.renew(before) == after


@pytest.mark.parametrize("requirement", ["gfplug<0.2", "gfplug==0.1.*", "gfplug>=0.1,<0.2"])
def test_a_requirement_that_excludes_this_gfplug_stops_an_upgrade(requirement: str) -> None:
    """CI would install an older gfplug, which refuses the project."""
    with pytest.raises(UsageError, match="excludes gfplug") as excinfo:
        provenance.renew(requirement)

    assert f"--data gfplug=gfplug=={__version__}" in excinfo.value.hint


def test_a_gfplug_from_an_address_gives_a_note() -> None:
    """Its version is unknown."""
    assert "set --data gfplug=" in provenance.describe_url_source("gfplug @ https://example.com/x.whl")
    assert provenance.describe_url_source("gfplug==1") == provenance.describe_url_source("") == ""


@pytest.mark.parametrize(
    ("argument", "is_plain"),
    [
        ("./vendor/gfplug-*.whl", True),
        ("gfplug==1.2", True),
        ("'gfplug @ git+https://example.com/x@abc#subdirectory=y'", True),
        ("", False),
        ("import", False),
        ("gfplug", False),
        ("gfplug==1 && curl evil", False),
        ("'gfplug @ https://x' ; sh", False),
        ("gfplug==1\x1b[2J", False),
        ("evil-package", False),
    ],
)
def test_only_arguments_that_gfplug_writes_are_shown_from_a_lock(argument: str, *, is_plain: bool) -> None:
    """An untrusted shell command is not shown as a hint, and is not searched for in the author's files."""
    assert provenance.is_plain(argument) == is_plain


SOURCES = {
    "wheels": (NOT_AN_INDEX["a folder"], False),
    "repository": (vcs("https://github.com/gfplug/gfplug"), False),
    "index": (None, True),
}


@pytest.mark.parametrize(("direct", "published"), SOURCES.values(), ids=list(SOURCES))
def test_every_file_of_a_project_names_the_same_origin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, direct: object, *, published: bool
) -> None:
    """README, workflows, pyproject.toml and vendor/ agree; only a published gfplug is required by name."""
    fake_origin(monkeypatch, direct, published=published)
    template.render(SALES, tmp_path)
    source = provenance.detect()
    texts = [
        (tmp_path / name).read_text(encoding="utf-8")
        for name in ("README.md", ".github/workflows/ci.yml", ".github/workflows/upgrade.yml")
    ]
    installs = [line for text in texts for line in text.splitlines() if "pip install" in line and "gfplug" in line]
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))

    assert len(installs) >= 5
    assert all(source.gfplug in line or (source.newest and source.newest in line) for line in installs)
    assert project["project"]["dependencies"][0] == source.runtime
    assert project["tool"].get("uv", {}).get("sources", {}) == (
        {"gfruntime": {"path": source.runtime_wheel}} if source.runtime_wheel else {}
    )
    assert {path.name for path in tmp_path.glob("vendor/*")} == {wheels.NAMES[name] for name in source.vendored}
