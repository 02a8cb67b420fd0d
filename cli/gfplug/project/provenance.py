"""Where this gfplug was installed from: a project installs gfplug and the runtime from the same place.

A project names a package index only if gfplug came from an index. Otherwise somebody else could publish a package
named gfplug, and every project's CI would run that package.

Source: PEP 610 (direct_url.json); PEP 508 (requirements).
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any

from gfplug import __version__, resources
from gfplug.errors import UsageError
from gfplug.project import wheels

if TYPE_CHECKING:
    from packaging.requirements import Requirement

VENDOR = "vendor"
"""The folder of a project with wheels."""

_PLAIN = re.compile(r"(?:(?!\$\{\{)[\x21-\x7e]){1,1000}")  # GitHub replaces ${{ }} before the shell parses quotes
_OWN_ARGUMENT = re.compile(rf"\./{VENDOR}/gfplug-\*\.whl|gfplug[<>=!~][^\s'\"`$&|;]*|'gfplug @ [^\s'\"`$&|;]+'")
"""The arguments of `pip install` that gfplug writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a project gets gfplug and its runtime from.

    `gfplug` is the argument of `pip install` for this gfplug, `newest` the one for its newest release, empty if there
    is no such address. `vendored` are the distributions whose wheels are in the project.
    """

    gfplug: str
    newest: str
    vendored: tuple[str, ...]

    @property
    def pip_argument(self) -> str:
        """The argument of `pip install` in a shell; for a wheel in `vendor/` without the version, which changes."""
        return self.gfplug if "gfplug" in self.vendored else shlex.quote(self.gfplug)

    @property
    def runtime(self) -> str:
        """The runtime's requirement in pyproject.toml; hatchling fills in the project's folder."""
        wheel = self.runtime_wheel
        return f"gfruntime @ {{root:uri}}/{wheel}" if wheel else f"gfruntime=={__version__}"

    @property
    def runtime_wheel(self) -> str:
        """The path of the runtime's wheel in the project; empty if the runtime comes from an index."""
        return f"{VENDOR}/{wheels.NAMES['gfruntime']}" if "gfruntime" in self.vendored else ""

    def files(self) -> dict[str, bytes]:
        """Return the wheels of the project, by their paths in it.

        Raises: ProjectError if a wheel can't be built.
        """
        return {f"{VENDOR}/{wheels.NAMES[name]}": wheels.build(name) for name in self.vendored}


def detect(requirement: str = "") -> Provenance:
    """Return where projects of this gfplug get gfplug from; a `requirement` takes precedence.

    Raises: UsageError if the requirement is not for gfplug.
    """
    if requirement:
        return _from_requirement(requirement)
    if resources.is_published():
        return _from_index(f"gfplug=={__version__}")
    if address := _repository():
        return Provenance(gfplug=f"gfplug @ {address[0]}", newest=f"gfplug @ {address[1]}", vendored=("gfruntime",))
    return Provenance(gfplug=f"./{VENDOR}/gfplug-*.whl", newest="", vendored=("gfplug", "gfruntime"))


def renew(requirement: str) -> str:
    """Return a project's requirement for this version of gfplug; an exact older version is replaced.

    Raises: UsageError as in `detect`, or if the requirement excludes this version.
    """
    if not requirement:
        return ""
    current = _parse(requirement)
    pins = [part.version for part in current.specifier if part.operator == "==" and not part.version.endswith(".*")]
    if pins and len(current.specifier) == 1:
        return f"gfplug=={__version__}"
    if not current.specifier.contains(__version__, prereleases=True):
        raise UsageError(
            f"the project requires {requirement}, which excludes gfplug {__version__}",
            hint=f"set a new requirement: gfplug upgrade --data gfplug=gfplug=={__version__}",
        )
    return requirement


def describe_url_source(requirement: str) -> str:
    """Return a note if a URL decides which gfplug a project installs; empty if a version decides."""
    if not requirement or _parse(requirement).url is None:
        return ""
    return f"README and workflows install {requirement}: if that is not gfplug {__version__}, set --data gfplug=…"


def is_plain(argument: str) -> bool:
    """Return whether a text is an argument that gfplug writes after `pip install`; a lock may be untrusted."""
    return bool(_OWN_ARGUMENT.fullmatch(argument)) and argument.isascii() and argument.isprintable()


def _from_requirement(text: str) -> Provenance:
    requirement = _parse(text)
    if requirement.url:
        return Provenance(gfplug=str(requirement), newest="", vendored=("gfruntime",))
    return _from_index(str(requirement))


def _parse(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - heavy

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"--data gfplug={text}: {error}", hint=f"such as --data gfplug=gfplug=={__version__}"
        ) from error
    if requirement.name.lower() != "gfplug" or requirement.extras or requirement.marker or "${{" in text:
        raise UsageError(
            f"--data gfplug={text}: it must name gfplug, without extras, markers and ${{{{",
            hint=f"such as --data gfplug=gfplug=={__version__}",
        )
    return requirement


def _from_index(requirement: str) -> Provenance:
    return Provenance(gfplug=requirement, newest="gfplug", vendored=())


def _repository() -> tuple[str, str] | None:
    """Return the URLs of gfplug's commit and of its repository; None if gfplug was not installed from a repository.

    A URL on this machine does not count: other machines can't use it.
    """
    try:
        direct: Any = json.loads(distribution("gfplug").read_text("direct_url.json") or "{}")
        kind, commit, url = direct["vcs_info"]["vcs"], direct["vcs_info"]["commit_id"], direct["url"]
        below = f"#subdirectory={direct['subdirectory']}" if "subdirectory" in direct else ""
        whole, newest = f"{kind}+{url}@{commit}{below}", f"{kind}+{url}{below}"
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        return None
    is_usable = "://" in str(url) and not str(url).startswith("file:") and all(map(_PLAIN.fullmatch, (whole, newest)))
    return (whole, newest) if is_usable else None
