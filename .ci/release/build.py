"""Build the packages of a release, and check them as a package index does.

    python .ci/release/build.py FOLDER [--tag vX.Y.Z] [--preview]

FOLDER must be new. It gets `packages/` (the sdist and the wheel of gfplug and of gfruntime; with --preview the wheel of
gfplug-preview, which needs Node.js and npm) and `notes.md`, the version's section of CHANGELOG.md. A tag must match the
version, and the section must have a date; without a tag the section may be "Unreleased".

This script needs the packages of requirements.txt; only --preview needs a network. If a check fails, it prints a
sentence and exits with code 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]
ACCEPTED = {
    "gfplug": "W002",  # the template has gfplug's licence
    "gfruntime": "W004",  # PyInstaller finds hooks by names such as hook-pyarrow.fs.py
    "gfplug_preview": "W002",  # the versions of Grafana's packages have files in common
}
"""The findings of check-wheel-contents that are intended."""
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
_HEADING = re.compile(r"^## \[?(?P<name>[^\]\s]+)\]?(?: - (?P<date>\d{4}-\d\d-\d\d))?[ ]*\n", re.MULTILINE)
_RELATIVE_LINK = re.compile(r"\]\((?!https?://|mailto:|#)[^)\s]+\)")


class ReleaseError(Exception):
    """The release must not be published."""


def version() -> str:
    """Return the version of this checkout."""
    match = _VERSION.search((ROOT / "cli" / "gfplug" / "__init__.py").read_text(encoding="utf-8"))
    assert match, "cli/gfplug/__init__.py names the version"
    return match[1]


def release_notes(changelog: str, release: str, *, is_tagged: bool) -> str:
    """Return the text of a version's section; if there is none and nothing is tagged, that of "Unreleased".

    Raises: ReleaseError if there is no such section, it has no date, or is empty.
    """
    matches = list(_HEADING.finditer(changelog))
    ends = [*(match.start() for match in matches[1:]), len(changelog)]
    sections = {
        match["name"]: (match["date"], changelog[match.end() : end]) for match, end in zip(matches, ends, strict=True)
    }
    name = release if is_tagged or release in sections else "Unreleased"
    if name not in sections:
        raise ReleaseError(f"CHANGELOG.md has no section `## [{name}]`")
    date, text = sections[name]
    if is_tagged and date is None:
        raise ReleaseError(f"the section {name} of CHANGELOG.md has no date: `## [{name}] - 2026-01-31`")
    if not text.strip():
        raise ReleaseError(f"the section {name} of CHANGELOG.md is empty")
    return text.strip() + "\n"


def build_packages(folder: Path, *, has_preview: bool) -> None:
    """Build sdists, and wheels from them; they must equal the checkout's wheels, so that no sdist lacks a file.

    Raises: ReleaseError if they differ; subprocess.CalledProcessError if a build fails.
    """
    for source in (ROOT, ROOT / "runtime"):
        _run("build", "--no-isolation", "--outdir", str(folder), str(source))
    with tempfile.TemporaryDirectory(prefix="gfplug-release-") as name:
        for source in (ROOT, ROOT / "runtime"):
            _run("build", "--no-isolation", "--wheel", "--outdir", name, str(source))
        for wheel in Path(name).iterdir():
            if _files_of(wheel) != _files_of(folder / wheel.name):
                raise ReleaseError(f"{wheel.name} built from the sdist differs from the one built from the checkout")
    if has_preview:
        subprocess.run([sys.executable, ROOT / "preview" / "build_page.py", "--wheel", folder], check=True)  # noqa: S603 - ours


def _files_of(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check_packages(folder: Path, release: str) -> None:
    """Check names, metadata, README and contents of all packages.

    Raises: ReleaseError, or subprocess.CalledProcessError after the check printed what is wrong.
    """
    paths = sorted(folder.iterdir())
    for path in paths:
        project, _, rest = path.name.partition("-")
        if not rest.startswith((f"{release}.tar.gz", f"{release}-py3-none-any.whl")):
            raise ReleaseError(f"{path.name} is not of version {release}, or not for every platform")
        check_metadata(read_metadata(path), path.name)
        if path.suffix == ".whl":
            _run("check_wheel_contents", "--no-config", "--ignore", ACCEPTED[project], str(path))
    _run("twine", "check", "--strict", *map(str, paths))


def read_metadata(path: Path) -> bytes:
    """Return the metadata of an sdist or of a wheel."""
    if path.suffix == ".whl":
        with ZipFile(path) as wheel:
            return wheel.read(next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")))
    with tarfile.open(path) as sdist:
        content = sdist.extractfile(f"{path.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert content, "PKG-INFO is a file"
        return content.read()


def check_metadata(content: bytes, name: str) -> None:
    """Check the metadata that an index shows.

    Raises: ReleaseError naming what is missing.
    """
    metadata = message_from_bytes(content)
    for key in ("Summary", "License-Expression", "License-File", "Requires-Python", "Project-URL", "Keywords"):
        if not metadata[key]:
            raise ReleaseError(f"{name}: the metadata have no {key}")
    if metadata["Description-Content-Type"] != "text/markdown":
        raise ReleaseError(f"{name}: the description is no Markdown")
    if links := _RELATIVE_LINK.findall(content.decode()):
        raise ReleaseError(f"{name}: links in the README that lead nowhere on an index: {' '.join(links)}")


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", *words], check=True, stdout=sys.stderr)  # noqa: S603 - the words are ours


def _stamp() -> None:
    """Mark the wheels as published, and give their files the time of the commit."""
    git = shutil.which("git")
    assert git, "a release is built from a git checkout"
    command = [git, "-C", ROOT, "log", "-1", "--format=%ct"]
    time = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - git
    os.environ.update(GFPLUG_PUBLISHED="1", SOURCE_DATE_EPOCH=time)


def main() -> None:
    """Build as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tag", default="", help="what is released; its name is checked")
    parser.add_argument("--preview", action="store_true", help="build gfplug-preview, too")
    options = parser.parse_args()
    release, packages = version(), options.folder / "packages"
    if options.tag not in {"", f"v{release}"}:
        sys.exit(f"error: the tag is {options.tag}, but cli/gfplug/__init__.py has version {release}")
    try:
        notes = release_notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), release, is_tagged=bool(options.tag))
        packages.mkdir(parents=True)
        _stamp()
        build_packages(packages, has_preview=options.preview)
        check_packages(packages, release)
        (options.folder / "notes.md").write_text(notes, encoding="utf-8")
    except (ReleaseError, FileExistsError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
    print(*sorted(packages.iterdir()), sep="\n")  # noqa: T201 - the result


if __name__ == "__main__":
    main()
