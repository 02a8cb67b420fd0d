"""Where this gfplug came from, and so where a project gets gfplug and the runtime from.

A project only says what is true: it asks an index for gfplug only where gfplug came from an index. Otherwise somebody
else could publish a package of that name, and every project's CI would run it.

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
"""The folder of a project that holds wheels."""

_PLAIN = re.compile(r"(?:(?!\$\{\{)[\x21-\x7e]){1,1000}")  # GitHub replaces ${{ }} before a shell sees any quotes
_WRITTEN = re.compile(rf"\./{VENDOR}/gfplug-\*\.whl|gfplug[<>=!~][^\s'\"`$&|;]*|'gfplug @ [^\s'\"`$&|;]+'")
"""What gfplug itself writes behind `pip install`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a project gets gfplug and its runtime from.

    `gfplug` is what `pip install` takes to install this gfplug again, `newest` to install its newest release, empty
    where there is no such address. `vendored` are the distributions whose wheels the project keeps.
    """

    gfplug: str
    newest: str
    vendored: tuple[str, ...]

    @property
    def pip_argument(self) -> str:
        """What follows `pip install` in a shell; the wheel in `vendor/` without its version, which upgrades change."""
        return self.gfplug if "gfplug" in self.vendored else shlex.quote(self.gfplug)

    @property
    def runtime(self) -> str:
        """The runtime's requirement, as pyproject.toml has it; hatchling fills in the project's folder."""
        wheel = self.runtime_wheel
        return f"gfruntime @ {{root:uri}}/{wheel}" if wheel else f"gfruntime=={__version__}"

    @property
    def runtime_wheel(self) -> str:
        """The path of the runtime's wheel in the project; empty where it comes from an index."""
        return f"{VENDOR}/{wheels.NAMES['gfruntime']}" if "gfruntime" in self.vendored else ""

    def files(self) -> dict[str, bytes]:
        """Return the wheels that the project keeps, by their paths in it.

        Raises: ProjectError if one can't be made.
        """
        return {f"{VENDOR}/{wheels.NAMES[name]}": wheels.build(name) for name in self.vendored}


def detect(requirement: str = "") -> Provenance:
    """Return where projects of this gfplug get it from; a requirement, where one is given, decides.

    Raises: UsageError if the requirement is none of gfplug's.
    """
    if requirement:
        return _from_requirement(requirement)
    if resources.is_published():
        return _from_index(f"gfplug=={__version__}")
    if address := _repository():
        return Provenance(gfplug=f"gfplug @ {address[0]}", newest=f"gfplug @ {address[1]}", vendored=("gfruntime",))
    return Provenance(gfplug=f"./{VENDOR}/gfplug-*.whl", newest="", vendored=("gfplug", "gfruntime"))


def renew(requirement: str) -> str:
    """Return a project's requirement for this version of gfplug: one that names another version exactly moves on.

    Raises: UsageError as `find` does, or if the requirement excludes this version.
    """
    if not requirement:
        return ""
    parsed = _parse(requirement)
    pins = [part.version for part in parsed.specifier if part.operator == "==" and not part.version.endswith(".*")]
    if pins and len(parsed.specifier) == 1:
        return f"gfplug=={__version__}"
    if not parsed.specifier.contains(__version__, prereleases=True):
        raise UsageError(
            f"the project asks for {requirement}, which excludes gfplug {__version__}",
            hint=f"say what it shall ask for: gfplug upgrade --data gfplug=gfplug=={__version__}",
        )
    return requirement


def doubt(requirement: str) -> str:
    """Return a note where an address decides which gfplug a project installs; empty where a version does."""
    if not requirement or _parse(requirement).url is None:
        return ""
    return f"README and workflows install {requirement}: if that is no gfplug {__version__}, give --data gfplug=…"


def is_plain(argument: str) -> bool:
    """Return whether a text is what gfplug writes behind `pip install`, and no more: a lock may be a stranger's."""
    return bool(_WRITTEN.fullmatch(argument)) and argument.isascii() and argument.isprintable()


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
    """Return the address of the commit that gfplug was installed from, and that of its repository; None without one.

    An address on this machine is of no use to others, and counts as none.
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
