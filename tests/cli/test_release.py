"""The parts of a release: one version, metadata that an index can show, and release notes from the changelog."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from gfplug import __version__
from gfplug.project.wheels import build

ROOT = Path(__file__).parents[2]
PACKAGES = {"gfplug": ROOT, "gfruntime": ROOT / "runtime", "gfplug-preview": ROOT / "preview"}
SOURCE = "https://github.com/acme/x"
CHANGELOG = """\
# Changelog

## [Unreleased]

- New.

## [0.2.0] - 2026-11-29

### Added

- First.

## 0.1.0

## 0.0.9 - 2026-01-02
"""


@pytest.fixture(scope="module")
def release() -> dict[str, Any]:
    """Load the script that makes a release."""
    return runpy.run_path(str(ROOT / ".ci" / "release" / "build.py"))


@pytest.fixture(scope="module")
def readme() -> dict[str, Any]:
    """Load the hook that writes the README for the metadata."""
    return runpy.run_path(str(ROOT / "cli" / "hatch_readme.py"))


def metadata(folder: Path) -> Any:
    """Return a package's metadata as a build writes them."""
    return ProjectMetadata(str(folder), PluginManager()).core


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_has_gfplugs_version(name: str) -> None:
    """It is written in one file only."""
    project = ProjectMetadata(str(PACKAGES[name]), PluginManager())

    assert (project.name, project.version) == (name, __version__)
    assert "version" in project.dynamic


def test_the_preview_extra_requires_the_page_of_the_same_version() -> None:
    """The page and its server share an API. No build can fill in this version."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    assert extras["preview"] == [f"gfplug-preview=={__version__}"]


def test_the_release_script_reads_the_version(release: dict[str, Any]) -> None:
    """It does not import gfplug."""
    assert release["version"]() == __version__


@pytest.mark.parametrize("name", PACKAGES)
def test_an_index_can_show_the_metadata(name: str, release: dict[str, Any]) -> None:
    """Every link of a README works on an index."""
    core = metadata(PACKAGES[name])

    assert release["_RELATIVE_LINK"].findall(core.readme) == []
    assert core.readme.startswith(f"# {name}\n")
    assert (core.readme_content_type, core.license_expression) == ("text/markdown", "Apache-2.0")


def test_links_lead_to_files_of_the_tag(readme: dict[str, Any]) -> None:
    """Pages link to GitHub's view, pictures to the raw file; other links stay."""
    text = (
        "[a](docs/a.md#b) ![b](docs/images/b.png) [two\nlines](c.md) [d](https://example.com/) [e](#part) "
        "[![f](f.svg)](g.md)"
    )

    assert readme["link_absolutely"](text, source=SOURCE, tag="v1.2.3") == (
        f"[a]({SOURCE}/blob/v1.2.3/docs/a.md#b) ![b]({SOURCE}/raw/v1.2.3/docs/images/b.png) "
        f"[two\nlines]({SOURCE}/blob/v1.2.3/c.md) [d](https://example.com/) [e](#part) "
        f"[![f]({SOURCE}/raw/v1.2.3/f.svg)]({SOURCE}/blob/v1.2.3/g.md)"
    )


def test_the_files_that_the_readme_links_to_exist() -> None:
    """A renamed page is noticed before a release."""
    links = re.findall(
        rf"https://github\.com/gfplug/gfplug/(?:blob|raw)/v{__version__}/([^)#\s]+)", metadata(ROOT).readme
    )

    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    ("version", "is_tagged", "notes"),
    [
        ("0.2.0", True, "### Added\n\n- First.\n"),
        ("0.2.0", False, "### Added\n\n- First.\n"),
        ("0.3.0", False, "- New.\n"),
    ],
)
def test_release_notes_are_the_section_of_the_version(
    release: dict[str, Any], version: str, notes: str, *, is_tagged: bool
) -> None:
    """Before the section exists, a dry run uses the unreleased one."""
    assert release["release_notes"](CHANGELOG, version, is_tagged=is_tagged) == notes


@pytest.mark.parametrize(
    ("version", "reason"), [("0.3.0", "no section `## [0.3.0]`"), ("0.1.0", "no date"), ("0.0.9", "empty")]
)
def test_a_tag_needs_a_section_with_a_date(release: dict[str, Any], version: str, reason: str) -> None:
    """A release without notes is refused."""
    with pytest.raises(Exception, match=re.escape(reason)):
        release["release_notes"](CHANGELOG, version, is_tagged=True)


def test_the_changelog_has_notes_for_the_next_release(release: dict[str, Any]) -> None:
    """GitHub accepts at most 125,000 characters."""
    notes = release["release_notes"]((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__, is_tagged=False)

    assert 0 < len(notes) < 125_000


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("License-Expression: Apache-2.0\n", "", "no License-Expression"),
        ("Requires-Python: >=3.11\n", "", "no Requires-Python"),
        ("Description-Content-Type: text/markdown\n", "", "no Markdown"),
        ("(https://github.com/gfplug/gfplug/blob/", "(docs/", "lead nowhere on an index"),
    ],
)
def test_metadata_that_a_package_index_cannot_show_is_refused(
    release: dict[str, Any], tmp_path: Path, old: str, new: str, reason: str
) -> None:
    """Unchanged metadata pass."""
    (tmp_path / "gfplug-0-py3-none-any.whl").write_bytes(build("gfplug"))
    text = release["read_metadata"](tmp_path / "gfplug-0-py3-none-any.whl").decode()
    release["check_metadata"](text.encode(), "x")

    assert old in text
    with pytest.raises(Exception, match=reason):
        release["check_metadata"](text.replace(old, new).encode(), "x")


def test_every_tool_of_a_release_is_pinned_by_checksum() -> None:
    """requirements.txt has all packages of requirements.in, and no address of an index."""
    folder = ROOT / ".ci" / "release"
    lines = (folder / "requirements.in").read_text(encoding="utf-8").splitlines()
    requirements = {line.partition("[")[0] for line in lines if line and not line.startswith("#")}
    requirements_text = (folder / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z])", requirements_text, flags=re.MULTILINE)[1:]

    assert requirements <= {block.partition("==")[0] for block in blocks}
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in requirements_text
