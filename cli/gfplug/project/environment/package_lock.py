"""`requirements-lock.txt`: each package that a project is built and tested with, its version and its checksums.

uv resolves it once for every platform and Python; uv and pip both install from it. It names no index: each machine
uses its own index, and the checksums ensure that the packages are the same. If a project has the runtime's wheel in
`vendor/`, the lock leaves it out: `gfplug.lock` has its checksum.

The file has two parts. A build installs the first one; tests and checks of the project need the second one too. The
name ends in `.txt` because Dependabot reads no other ending.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import files, process
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import uv, uv_settings
from gfplug.project.environment.interpreters import OLDEST_PYTHON, clean_environment
from gfplug.project.requirements import RUNTIME
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.project.plugin_project import Project

NAME = "requirements-lock.txt"
"""The file's name; it is in the project's folder."""

BUILD = "build"
"""The extra of the project that a build installs."""

_TEST = ("dev", "pages")
_HEAD = """\
# Each package that the plugin is built and tested with: its version and its checksums. Commit this file.
# `gfplug build` makes it and installs from it; `gfplug upgrade --packages` takes the newest versions.
# Made for the requirements of pyproject.toml with the checksum {digest}.

# ---- for the plugin and its build
{build}
# ---- for tests and checks
{test}"""
_DIVIDER = "# ---- for tests and checks\n"
_DIGEST = re.compile(r"with the checksum ([0-9a-f]{64})\.")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w.,-]*\])?(?:==| @ )")
_CHECKSUM = re.compile(r"\s+--hash=sha256:[0-9a-f]{64}(?: \\)?\n")
_MAX_LOCK_BYTES = 4 << 20
_UV_TIMEOUT_SECONDS = 600.0
_MAX_MESSAGE_CHARACTERS = 500  # of uv's message
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of a build: `pinned` is a requirements file with a checksum for each; `addresses` have none."""

    pinned: str
    addresses: tuple[str, ...]


def path_of(project: Project) -> Path:
    """Return the path of a project's lock of packages, which may not exist."""
    return project.root / NAME


def is_current(project: Project) -> bool:
    """Tell whether the lock exists and was made for the current requirements in pyproject.toml.

    Raises: ProjectError if one of the files can't be read.
    """
    match = _DIGEST.search(_read(project))
    return match is not None and match[1] == _digest(_inputs(project))


def refresh(project: Project) -> None:
    """Make the lock, or make it again if the requirements changed; versions that still fit are kept.

    If this fails, a line in the log says why: the build then installs the requirements in pyproject.toml.

    Raises: ProjectError if pyproject.toml can't be read.
    """
    if is_current(project):
        return
    if not uv.program():
        _log.info("%s is missing or older than pyproject.toml; install uv to create it (pip install uv)", NAME)
        return
    try:
        write(project)
    except ToolError as error:
        lines = [line.strip() for line in error.details.splitlines() if line.strip()] or [error.message]
        _log.warning(
            "%s could not be made, so other machines can get other packages: %s",
            NAME,
            " ".join(lines)[:_MAX_MESSAGE_CHARACTERS],
        )


def write(project: Project, *, newest: bool = False, may_build: bool = True) -> bool:
    """Make the lock, with the newest versions or with its current ones; tell whether it changed.

    uv builds a package that has no wheel, to read its requirements: this runs code that the project names. Without
    `may_build`, such a package is an error, and uv writes nothing outside of temporary folders.

    Raises: ToolError if uv is missing or fails, or if a package is a folder of this machine; ProjectError if
    pyproject.toml can't be read.
    """
    if not uv.program():
        raise ToolError(f"{NAME} can't be made without uv", hint="pip install uv")
    inputs, old = _inputs(project), _read(project)
    with tempfile.TemporaryDirectory(prefix="gfplug-lock-") as name:
        folder = Path(name)
        (folder / "backend.in").write_text("".join(f"{line}\n" for line in inputs["backend"]), encoding="utf-8")
        everything, build = folder / "everything.txt", folder / "build.txt"
        if not newest:
            everything.write_text(old, encoding="utf-8")  # uv keeps the versions in the file that it replaces
        extras = [extra for extra in (BUILD, *_TEST) if extra in inputs["extras"]]
        safety = () if may_build else ("--no-build", "--no-cache")
        _compile(project, inputs, everything, extras, str(folder / "backend.in"), *safety)
        _compile(project, inputs, build, extras[:1], "--constraint", str(everything), *safety)
        texts = [path.read_text(encoding="utf-8") for path in (everything, build)]
    if "file://" in texts[0]:
        raise ToolError(f"{NAME} would contain a path of this machine", hint="give [tool.uv.sources] a relative path")
    build_entries = _entries(texts[1])
    test_entries = [entry for entry in _entries(texts[0]) if entry not in build_entries]
    text = _HEAD.format(digest=_digest(inputs), build="".join(build_entries), test="".join(test_entries))
    if text != old:
        files.write_atomic(path_of(project), text.encode())
    return text != old


def packages(project: Project) -> Packages | None:
    """Return the packages that a build installs; None if no lock matches the requirements in pyproject.toml.

    Raises: ProjectError if a file can't be read.
    """
    if not is_current(project):
        return None
    entries = _entries(_read(project).partition(_DIVIDER)[0])
    return Packages(
        pinned="".join(entry for entry in entries if "--hash=" in entry),
        addresses=tuple(entry.strip() for entry in entries if "--hash=" not in entry),
    )


def _compile(project: Project, inputs: Mapping[str, Any], output: Path, extras: Sequence[str], *more: str) -> None:
    settings = uv_settings.from_pip(folder=project.root)
    excluded = [*filter(None, [inputs["name"], RUNTIME if inputs["has_own_runtime"] else ""])]
    process.run(
        [
            *(uv.program(), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"),
            *("--no-annotate", "--python-version", inputs["python"], "--output-file", str(output)),
            *("--python", sys.executable),  # else uv would run the Python of the project's .venv
            *(word for name in excluded for word in ("--no-emit-package", name)),
            *(word for extra in extras for word in ("--extra", extra)),
            *settings.options,
            "pyproject.toml",
            *more,
        ],
        cwd=project.root,
        env={**clean_environment(), **settings.variables},
        what=f"uv, which resolves the packages of {NAME},",
        hint="see the lines above: a name or version in pyproject.toml, or the network (UV_DEFAULT_INDEX, HTTPS_PROXY)",
        timeout=_UV_TIMEOUT_SECONDS,
    )


def _inputs(project: Project) -> dict[str, Any]:
    """Return the inputs of the lock: it is current while they do not change.

    Raises: ProjectError if pyproject.toml can't be read.
    """
    table = project.pyproject
    backend = documents.read_toml(project.root / "pyproject.toml").get("build-system", {})
    optional = table.get("optional-dependencies", {})
    try:
        return {
            "name": str(table.get("name", "")),
            "python": _oldest_python(str(table.get("requires-python", ""))),
            "dependencies": [*map(str, table.get("dependencies", []))],
            "extras": {key: [*map(str, lines)] for key, lines in optional.items()},
            "backend": [*map(str, backend.get("requires", []))],
            "has_own_runtime": any((project.root / "vendor").glob(f"{RUNTIME}-*.whl")),
        }
    except (AttributeError, TypeError) as error:
        path = project.root / "pyproject.toml"
        raise ProjectError(f"{path}: its dependencies must be lists of texts: {error}") from error


def _oldest_python(text: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - heavy

    try:
        lowest = [part.version for part in SpecifierSet(text) if part.operator in {">=", "~=", "=="}]
    except InvalidSpecifier:
        lowest = []
    return lowest[0].removesuffix(".*") if lowest else ".".join(map(str, OLDEST_PYTHON))


def _digest(inputs: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _read(project: Project) -> str:
    """Return the text of the lock; empty if there is none.

    Raises: ProjectError if it is not text, or too large.
    """
    try:
        return documents.read_text(path_of(project), most=_MAX_LOCK_BYTES)
    except FileNotFoundError:
        return ""


def _entries(text: str) -> list[str]:
    """Split a requirements file into its requirements, each with the lines of its checksums.

    Raises: ProjectError for any other line: pip and uv would obey an option in it.
    """
    entries: list[str] = []
    for line in text.splitlines(keepends=True):
        if entries and _CHECKSUM.fullmatch(line):
            entries[-1] += line
        elif _REQUIREMENT.match(line):
            entries.append(line)
        elif line.strip() and not line.startswith("#"):
            raise ProjectError(
                f"{NAME}: {line.strip()[:80]!r} is not a requirement",
                hint="remove the file: gfplug build makes it again",
            )
    return entries
