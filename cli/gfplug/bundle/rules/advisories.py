"""Which gfruntime a bundle runs, which gfplug built it, and the known vulnerabilities of both.

The versions come from the bundle's lists of components, `sbom_<platform>.cdx.json`. The advisories are data,
`advisories.json`: `{"advisories": [...]}`, each an object of texts, all of them required:

| key        | holds                                                                   |
| ---------- | ----------------------------------------------------------------------- |
| `id`       | its public name, such as GHSA-xxxx-xxxx-xxxx                            |
| `package`  | `gfruntime`, or `gfplug` for what a build puts into a bundle            |
| `since`    | the first affected version                                              |
| `fixed`    | the first version without it; its pre-releases are affected             |
| `severity` | `low`, `moderate`, `high` or `critical`; from `high` on it is an error  |
| `summary`  | one sentence about the attack                                           |
| `url`      | its address                                                             |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from gfplug.bundle.rules.finding import Finding, error, note, warning
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.bundle.rules.contents import BundledFile, Contents

PACKAGES = ("gfruntime", "gfplug")
SEVERITIES = ("low", "moderate", "high", "critical")
_DATA = Path(__file__).with_name("advisories.json")
_COMPONENTS = re.compile(r"sbom_[0-9a-z]+_[0-9a-z]+\.cdx\.json")
_RULE = "advisory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A published vulnerability of one package; the fields are those of `advisories.json`."""

    id: str
    package: str
    since: str
    fixed: str
    severity: str
    summary: str
    url: str

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Advisory:
        """Read one of the file's objects.

        Raises: ValueError that says what is wrong with the object.
        """
        names = {field.name for field in fields(cls)}
        if wrong := names ^ value.keys() or {key for key in names if not isinstance(value[key], str)}:
            raise ValueError(f"{value.get('id')}: wrong keys, or values that are not text: {', '.join(sorted(wrong))}")
        advisory = cls(**value)
        if advisory.package not in PACKAGES or advisory.severity not in SEVERITIES:
            raise ValueError(f"{advisory.id}: package {advisory.package!r}, severity {advisory.severity!r}")
        if not advisory.affects(advisory.since):
            raise ValueError(f"{advisory.id}: no version is {advisory.since} or newer and older than {advisory.fixed}")
        return advisory

    def affects(self, version: str) -> bool:
        """Tell whether a version of the package has the vulnerability.

        Raises: ValueError if a version is not a version by PEP 440.
        """
        return Version(self.since) <= Version(version) < Version(self.fixed)


@cache
def read(path: Path = _DATA) -> tuple[Advisory, ...]:
    """Return the advisories that this gfplug knows.

    Raises: ValueError if the file does not have the form in the module's docstring.
    """
    content = documents.parse_json(path.read_text(encoding="utf-8"))
    return tuple(Advisory.from_json(each) for each in content["advisories"])


def check(contents: Contents) -> Iterator[Finding]:
    """Yield the versions of gfruntime and gfplug for each platform, and the advisories about them."""
    names = [name for name in sorted(contents.items) if _COMPONENTS.fullmatch(name)]
    if not names:
        yield note("runtime", "bundle", "its version of gfruntime is unknown: it has no sbom_<platform>.cdx.json")
    for name in names:
        versions = read_versions(contents.items[name])
        if "gfruntime" not in versions:
            yield warning("runtime", name, "it names no version of gfruntime", "build the plugin again")
        else:
            text = f"runs gfruntime {versions['gfruntime']}"
            yield note("runtime", name, f"{text}, built by gfplug {versions.get('gfplug', 'of unknown version')}")
        for advisory in read():
            if advisory.package in versions and advisory.affects(versions[advisory.package]):
                yield _finding(advisory, name, versions[advisory.package])


def read_versions(components: BundledFile) -> dict[str, str]:
    """Return the versions of PACKAGES from a list of components in CycloneDX's JSON; empty for another file."""
    try:
        content = documents.parse_json(components.read().decode()) if components.size <= documents.MAX_BYTES else {}
        parts = [*content["components"], *content["metadata"]["tools"]["components"]]
        return {part["name"]: str(Version(part["version"])) for part in parts if part["name"] in PACKAGES}
    except (KeyError, TypeError, ValueError):
        return {}


def _finding(advisory: Advisory, name: str, version: str) -> Finding:
    level = error if SEVERITIES.index(advisory.severity) >= SEVERITIES.index("high") else warning
    return level(
        _RULE,
        name,
        f"{advisory.package} {version} has {advisory.id} ({advisory.severity}): {advisory.summary}",
        f"install gfplug {advisory.fixed} or newer, then `gfplug upgrade` and `gfplug build`; {advisory.url}",
    )
