"""Projects whose native libraries are in bundles: names, licences, and the version texts in their files.

Source: SPDX license list 3.28.0; the projects' own files in `texts`; the National Vulnerability Database for `cpe`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

PYTHON = "python"
_WHEELS_MARK = re.compile(r"-[0-9a-f]{8,64}(?=[.-])")  # added to names by auditwheel, delvewheel and similar tools
_VERSION_PARTS = re.compile(r"\.so\b|\.dylib$|\.dll$|\.\d|-\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeProject:
    """A project that makes native libraries.

    `stems` are the names of its libraries without version and suffix; `marks` is a pattern of the text with the version
    in them; `is_alone` means that this text is enough to find the library in any file of Python, otherwise `host` is
    the start of the name of a file that may contain it; `cpe` is vendor and product in the National Vulnerability
    Database; `texts` are files in the folder `texts`.
    """

    stems: tuple[str, ...]
    license: str
    texts: tuple[str, ...]
    marks: bytes = b""
    is_alone: bool = True
    host: str = ""
    cpe: str = ""


_GLIBC = ("c", "dl", "m", "pthread", "resolv", "rt", "util", "nss_dns", "nss_files")
UPSTREAMS = {
    PYTHON: NativeProject(stems=(), license="Python-2.0", texts=("python",), cpe="python:python"),
    "bzip2": NativeProject(
        stems=("libbz2",),
        license="bzip2-1.0.6",
        texts=("bzip2",),
        marks=rb"\0(1\.\d\.\d), \d{1,2}-[A-Z][a-z]{2}-\d{4}",
        cpe="bzip:bzip2",
    ),
    "expat": NativeProject(
        stems=("libexpat",),
        license="MIT",
        texts=("expat",),
        marks=rb"expat_(\d+\.\d+\.\d+)",
        cpe="libexpat_project:libexpat",
    ),
    "gcc": NativeProject(
        stems=("libgcc_s", "libstdc++", "libgomp", "libatomic", "libgfortran"),
        license="GPL-3.0-or-later WITH GCC-exception-3.1",
        texts=("GPL-3.0", "GCC-exception-3.1"),
    ),
    "glibc": NativeProject(
        stems=("ld-linux-x86", "ld-linux-aarch64", *(f"lib{name}" for name in _GLIBC)),
        license="LGPL-2.1-or-later",
        texts=("LGPL-2.1",),
        marks=rb"GNU C Library [^\n]*release version (\d+\.\d+)",
        cpe="gnu:glibc",
    ),
    "libffi": NativeProject(stems=("libffi",), license="MIT", texts=("libffi",)),
    "libquadmath": NativeProject(stems=("libquadmath",), license="LGPL-2.1-or-later", texts=("LGPL-2.1",)),
    "libxcrypt": NativeProject(stems=("libcrypt",), license="LGPL-2.1-or-later", texts=("LGPL-2.1",)),
    "mpdecimal": NativeProject(
        stems=("libmpdec",),
        license="BSD-2-Clause",
        texts=("mpdecimal",),
        marks=rb"\0([234]\.\d\.\d)\0",
        is_alone=False,
        host="_decimal.",
    ),
    "ncurses": NativeProject(
        stems=("libncurses", "libncursesw", "libpanel", "libpanelw", "libtinfo", "libtinfow"),
        license="X11-distribute-modifications-variant",
        texts=("ncurses",),
        marks=rb"ncurses (\d+\.\d+\.\d{8})",
    ),
    "openssl": NativeProject(
        stems=("libcrypto", "libssl"),
        license="Apache-2.0",
        texts=("Apache-2.0",),
        marks=rb"OpenSSL (\d+\.\d+\.\d+[a-z]*) +\d{1,2} [A-Z][a-z]{2} \d{4}",
        cpe="openssl:openssl",
    ),
    "readline": NativeProject(stems=("libreadline", "libhistory"), license="GPL-3.0-or-later", texts=("GPL-3.0",)),
    "sqlite": NativeProject(
        stems=("libsqlite3", "sqlite3"),
        license="blessing",
        texts=("sqlite",),
        marks=rb"\0(3\.\d{1,3}\.\d{1,2})\0",
        is_alone=False,
        cpe="sqlite:sqlite",
    ),
    "util-linux": NativeProject(stems=("libuuid",), license="BSD-3-Clause", texts=("libuuid",)),
    "xz": NativeProject(
        stems=("liblzma",),
        license="LicenseRef-Public-Domain",
        texts=("xz",),
        marks=rb"\0(5\.\d{1,2}\.\d{1,2})\0",
        is_alone=False,
        cpe="tukaani:xz",
    ),
    "zlib": NativeProject(
        stems=("libz", "zlib", "zlib1"),
        license="Zlib",
        texts=("zlib",),
        marks=rb"flate (\d+\.\d+(?:\.\d+)*) Copyright",
        cpe="zlib:zlib",
    ),
}
_FORMER_OPENSSL = replace(UPSTREAMS["openssl"], license="OpenSSL", texts=("OpenSSL",))
_LATER_XZ = replace(UPSTREAMS["xz"], license="0BSD", texts=("0BSD",))


def describe_version(name: str, version: str) -> NativeProject | None:
    """Return the project's facts for one version; None for an unknown project."""
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    if name == "openssl" and [0] < numbers < [3]:
        return _FORMER_OPENSSL
    if name == "xz" and numbers >= [5, 6]:
        return _LATER_XZ
    return UPSTREAMS.get(name)


def name_of(file: str) -> str:
    """Return the project of a library's file; for an unknown file, its name without version and suffix.

    `libssl-3-x64.dll` belongs to `openssl`.
    """
    stem = _VERSION_PARTS.split(_WHEELS_MARK.sub("", file.rpartition("/")[2].lower()))[0]
    if stem == PYTHON or stem.startswith(("python3", "libpython3")):
        return PYTHON
    return next((name for name, upstream in UPSTREAMS.items() if stem in upstream.stems), stem)
