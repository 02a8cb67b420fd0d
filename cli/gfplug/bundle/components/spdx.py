"""Licences by their SPDX names: parsed from the many spellings of packages, and written as CycloneDX.

Source: PEP 639; the classifiers of trove-classifiers 2025; CycloneDX specification 1.6, `licenseChoice`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_NAME_CHARACTERS = 200
_GNU = {
    f"gnu {library}general public license {spelling}": f"{short}-{version}{end}"
    for library, short in (("", "GPL"), ("lesser ", "LGPL"), ("affero ", "AGPL"))
    for version, spelling, end in (
        ("2.0", "v2", "-only"),
        ("2.0", "v2 or later", "-or-later"),
        ("3.0", "v3", "-only"),
        ("3.0", "v3 or later", "-or-later"),
    )
    if version == "3.0" or short == "GPL"  # the others have no version 2, or have 2.1 or 2.0
}
_NAMES = {
    **_GNU,
    "3-clause bsd": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license version 2.0 january 2004": "Apache-2.0",
    "apache software": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd-2": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause",
    "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
    "gplv2-or-later with a special exception which allows to use pyinstaller to build and distribute non-free programs"
    " (including commercial ones)": "GPL-2.0-or-later WITH Bootloader-exception",
    "isc license (iscl)": "ISC",
    "mit no attribution license (mit-0)": "MIT-0",
    "modified bsd": "BSD-3-Clause",
    "mozilla public license 1.1 (mpl 1.1)": "MPL-1.1",
    "mozilla public license 2.0": "MPL-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "psf": "PSF-2.0",
    "python software foundation": "PSF-2.0",
    "simplified bsd": "BSD-2-Clause",
    "the unlicense (unlicense)": "Unlicense",
    "universal permissive license (upl)": "UPL-1.0",
    "zlib/libpng": "Zlib",
}


def canonical(text: str) -> str:
    """Return the SPDX id or expression of a licence in any known spelling; empty if unknown or ambiguous."""
    from packaging.licenses import (  # noqa: PLC0415 - the list is long, and only a build reads it
        InvalidLicenseExpression,
        canonicalize_license_expression,
    )

    abbreviation = re.search(r" \(([A-Za-z0-9 .-]+)\)$", text)  # Eclipse Public License 2.0 (EPL-2.0)
    short = abbreviation[1].replace(" ", "-") if abbreviation else ""
    for candidate in filter(None, (text, _NAMES.get(_plain(text)), _plain(text), short)):
        with suppress(InvalidLicenseExpression):
            return str(canonicalize_license_expression(candidate))
    return ""


def statements(*, expression: str, text: str, classifiers: Sequence[str]) -> tuple[str, ...]:
    """Return a package's licences from its metadata: as SPDX if they are unambiguous, else as the metadata's text."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    short = lines[0] if len(lines) == 1 and len(text) <= _MAX_NAME_CHARACTERS else ""
    heading = next(filter(None, map(canonical, (" ".join(lines[:2]), *lines[:1]))), "")  # of a complete licence text
    if spdx := canonical(expression) or heading:
        return (spdx,)
    names = [line.rpartition(" :: ")[2] for line in classifiers if line.count(" :: ") > 1]
    if names:
        return tuple(dict.fromkeys(canonical(name) or name for name in names))
    return tuple(each for each in (expression or short,) if each)


def to_cyclonedx(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Write licences in CycloneDX's form: one expression, or any number of ids and names."""
    choices = [(text, canonical(text)) for text in texts]
    if len(choices) == 1 and choices[0][1] and not _is_id(choices[0][1]):
        return [{"expression": choices[0][1]}]
    return [{"license": {"id": spdx} if _is_id(spdx) else {"name": text}} for text, spdx in choices]


def ids(text: str) -> list[str]:
    """List the licences and exceptions in an SPDX expression, `GPL-3.0-or-later` as `GPL-3.0`."""
    words = re.findall(r"[A-Za-z0-9.-]+", canonical(text))
    return [re.sub(r"-(only|or-later)$", "", word) for word in words if word not in {"AND", "OR", "WITH"}]


def _is_id(spdx: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9.-]+", spdx)) and not spdx.startswith("LicenseRef-")


def _plain(text: str) -> str:
    """Return a name without filler words and abbreviation: `mit` for `The MIT License`."""
    text = re.sub(r" +\((A|L)?GPLv\d\+?\)$", "", " ".join(text.replace(",", " ").split()))
    return re.sub(r"^the (?!unlicense)| licen[cs]e$", "", text.lower())
