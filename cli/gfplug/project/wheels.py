"""The wheels of gfplug and of its runtime for a project's `vendor/`.

In a checkout both are built from its sources, and cached until a source changes, so they are never older than the
sources. An installed gfplug contains the runtime's wheel, and packs its own wheel again from its installed files.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile, ZipInfo

from gfplug import __version__, files, resources
from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import Distribution, PackagePath

NAMES = {
    "gfplug": f"gfplug-{__version__}-py3-none-any.whl",
    "gfruntime": f"gfruntime-{__version__}-py3-none-any.whl",
}
"""The file names of the wheels, by distribution."""

SOURCES = ("cli", "template", "proto", "runtime", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
"""The parts of a checkout from which its wheels are built."""

_HEAD = 2 * hashlib.sha256().digest_size  # bytes in front of a wheel in the cache
_RECORD = "/RECORD"
_VARIABLES = ("GFPLUG_", "HATCH_", "SOURCE_DATE")
_BY_INSTALLERS = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}


@cache
def build(name: str) -> bytes:
    """Return the wheel of `gfplug` or of `gfruntime` in the running version; the same files give the same bytes.

    Raises: ProjectError if gfplug has no list of its files, or a file changed since the installation.
    """
    if here := resources.checkout():
        return _build_or_reuse(name, here)
    return resources.runtime_wheel().read_bytes() if name == "gfruntime" else _pack(_installed_files(_installed()))


def _build_or_reuse(name: str, checkout: Path) -> bytes:
    """Return the cached wheel if it is undamaged and matches the sources; else build and cache it."""
    import platformdirs  # noqa: PLC0415 - only a checkout needs it

    place = platformdirs.user_cache_path("gfplug") / "wheels" / name
    sources, stored = _fingerprint(checkout), b""
    with suppress(OSError):
        stored = place.read_bytes()
    wheel = stored[_HEAD:]
    if stored[:_HEAD] != _head(sources, wheel):
        wheel = _build_from(checkout / "runtime") if name == "gfruntime" else _pack(_contents(_build_from(checkout)))
        with suppress(OSError):
            files.write_atomic(place, _head(sources, wheel) + wheel)
    return wheel


def _head(sources: bytes, wheel: bytes) -> bytes:
    return sources + hashlib.sha256(wheel).digest()


def _fingerprint(checkout: Path) -> bytes:
    """Return a SHA-256 of everything that affects the wheels: sources, tools, and variables that the build reads."""
    variables = sorted(item for item in os.environ.items() if item[0].startswith(_VARIABLES))
    hasher = hashlib.sha256(repr([sys.version, version("hatchling"), variables]).encode())
    for part in (checkout / name for name in SOURCES):
        for path in [part] if part.is_file() else files.walk(part):
            content = path.read_bytes()
            mode = path.stat().st_mode & 0o100
            hasher.update(f"{path.relative_to(checkout)}\0{mode}\0{len(content)}\0".encode() + content)
    return hasher.digest()


def _build_from(source: Path) -> bytes:
    from hatchling.builders.wheel import WheelBuilder  # noqa: PLC0415 - only a checkout needs it

    with tempfile.TemporaryDirectory(prefix="gfplug-wheel-") as folder:
        return Path(next(WheelBuilder(str(source)).build(directory=folder, versions=["standard"]))).read_bytes()


def _contents(wheel: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(wheel)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith(_RECORD)}


def _installed() -> Distribution:
    """Return the installed distribution of the running code.

    Raises: ProjectError if there is none, for example if a system's package manager installed it without a list of
    files.
    """
    package = Path(__file__).parents[1]
    try:
        installed = distribution("gfplug")
    except PackageNotFoundError:
        installed = None
    if installed is None or not installed.files or Path(str(installed.locate_file("gfplug"))).resolve() != package:
        raise ProjectError(
            f"cannot pack a wheel of the gfplug in {package}: it has no list of its files",
            hint="set where projects get it from: gfplug new NAME --data gfplug=REQUIREMENT",
        )
    return installed


def _installed_files(installed: Distribution) -> dict[str, bytes]:
    """Return the files of the distribution's wheel, without those that the installer added."""
    return {path.as_posix(): _read(path) for path in installed.files or () if _is_in_wheel(path)}


def _pack(contents: Mapping[str, bytes]) -> bytes:
    """Return a wheel of these files, uncompressed: compressed bytes differ between zlib versions."""
    record = next(name for name in contents if name.endswith(".dist-info/WHEEL")).replace("/WHEEL", _RECORD)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerows([name, f"sha256={_digest(content)}", len(content)] for name, content in sorted(contents.items()))
    writer.writerow([record, "", ""])
    packed = io.BytesIO()
    with ZipFile(packed, "w") as wheel:
        for name, content in (*sorted(contents.items()), (record, lines.getvalue().encode())):
            entry = ZipInfo(name)  # the default time is in 1980
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            wheel.writestr(entry, content)
    return packed.getvalue()


def _is_in_wheel(path: PackagePath) -> bool:
    is_added = path.parent.suffix == ".dist-info" and path.name in _BY_INSTALLERS
    return ".." not in path.parts and path.suffix != ".pyc" and not is_added


def _read(path: PackagePath) -> bytes:
    """Read an installed file.

    Raises: ProjectError if it has changed since its installation: a project must not get local changes.
    """
    content = Path(str(path.locate())).read_bytes()
    if path.hash and path.hash.mode == "sha256" and path.hash.value != _digest(content):
        raise ProjectError(f"{path.locate()} was changed since gfplug was installed", hint="install gfplug again")
    return content


def _digest(content: bytes) -> str:
    """Return a SHA-256 in the form of a wheel's RECORD."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
