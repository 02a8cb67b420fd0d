"""SDK versions: the release tags of the Go SDK, `v0.<minor>.<patch>`, and no other text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gfplug.errors import CompatError, UsageError

_PLAIN = re.compile(r"v?(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})", re.ASCII)
_LONGEST_TEXT = 40


@dataclass(frozen=True, slots=True, order=True)
class SdkVersion:
    """A release of the Go SDK, ordered by number and written with its `v`."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> SdkVersion:
        """Parse `v0.298.0` or `0.298.0`: three numbers in ASCII digits without leading zeros.

        Raises: UsageError for any other text: pre-releases, build metadata, Go's pseudo-versions, branches.
        """
        match = _PLAIN.fullmatch(text)
        if match is None:
            excerpt = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
            raise UsageError(
                f"{excerpt!r} is not a release of the Go SDK", hint="write a version like v0.298.0, or latest"
            )
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        """Write the version as the SDK's tag."""
        return f"v{self.major}.{self.minor}.{self.patch}"


FLOOR = SdkVersion(0, 97, 0)
"""The oldest supported version: later ones only add to the wire format, except v0.243.0's conversion service."""


def releases(lines: list[str]) -> list[SdkVersion]:
    """Return the lines that are releases, oldest first; other lines are left out."""
    return sorted(
        {SdkVersion(*map(int, match.groups())) for line in lines if (match := _PLAIN.fullmatch(line.strip()))}
    )


def require_supported(version: SdkVersion) -> SdkVersion:
    """Return a version that gfplug supports.

    Raises: CompatError if it is older than the floor.
    """
    if version < FLOOR:
        raise CompatError(f"SDK {version} is too old: gfplug supports {FLOOR} and later", hint="choose a later version")
    return version
