"""Make a Linux bundle find its libraries, and optionally include the C library.

`system`: the executable searches its contents folder first, so that the host needs only the loader, the C library and
its five companions: any glibc Linux, and Grafana's Alpine image on x86_64. `bundled`: a static launcher starts the
program with the loader and the C library of the build machine: this also works on musl hosts, and in images without a C
library.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.bundle.elf import Elf, UnreadableError, is_elf
from gfplug.errors import ToolError

if TYPE_CHECKING:
    from gfplug.bundle.dist import Bundle

MODES = ("system", "bundled")
PROGRAM_SUFFIX = ".bin"
"""The suffix of the program that the launcher starts."""

LOADERS = {"linux_amd64": "ld-linux-x86-64.so.2", "linux_arm64": "ld-linux-aarch64.so.1"}
_COMPANIONS = (
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
)
_NAME_SERVICE = ("libnss_dns.so.2", "libnss_files.so.2")  # loaded by name at run time; in libc.so.6 since glibc 2.34
_PLACES = ("lib/{}-linux-gnu", "usr/lib/{}-linux-gnu", "lib64", "usr/lib64", "lib", "usr/lib")
_MACHINES = {"linux_amd64": "x86_64", "linux_arm64": "aarch64"}
_LAUNCHERS = Path(__file__).parent / "launchers"


def set_library_path(executable: Path, platform: str) -> None:
    """Make a finished executable search libraries in its contents folder before the system's.

    PyInstaller's program needs libz before it has read the bundle, and Grafana's Alpine image has no suitable libz.
    """
    if not platform.startswith("linux") or not is_elf(executable):
        return
    try:
        content = Elf.read(executable).set_runpath(f"$ORIGIN/{contents_of(platform)}")
    except UnreadableError as error:
        raise ToolError(
            f"gfplug cannot set the library path of {executable.name}: {error}",
            hint="build it with PyInstaller 6.15 or newer, for a 64-bit Linux",
        ) from error
    executable.write_bytes(content)


def add_libc(bundle: Bundle, platform: str, *, root: Path = Path("/")) -> dict[str, Path]:
    """Copy the loader and the C library of the system at `root` into a bundle, and add the launcher.

    Return the copied files, by their names in the contents folder.

    Raises: ToolError if there is no launcher for the platform, or the system has another C library.
    """
    launcher = _LAUNCHERS / platform
    if platform not in LOADERS or not launcher.is_file():
        raise ToolError(
            f"--libc bundled is not possible on {platform}",
            hint=f"it is possible on {' and '.join(LOADERS)}, with glibc",
        )
    contents = bundle.folder / contents_of(platform)
    libraries = _glibc(platform, root)
    for name, path in libraries.items():
        shutil.copyfile(path, contents / name)
        (contents / name).chmod(0o755 if name == LOADERS[platform] else 0o644)
    program = bundle.executable.with_name(bundle.executable.name + PROGRAM_SUFFIX)
    bundle.executable.rename(program)
    shutil.copyfile(launcher, bundle.executable)
    for path in (program, bundle.executable):
        path.chmod(0o755)
    return libraries


def contents_of(platform: str) -> str:
    """Return the name of the folder with everything except the executable."""
    return f"_internal_{platform}"


def _glibc(platform: str, root: Path) -> dict[str, Path]:
    """Return the loader and the libraries of one C library, all in one folder."""
    loader, machine = LOADERS[platform], _MACHINES[platform]
    for place in _PLACES:
        folder = root / place.format(machine)
        if (folder / loader).exists() and (folder / "libc.so.6").exists():
            names = [loader, *_COMPANIONS, *_NAME_SERVICE]
            return {name: (folder / name).resolve() for name in names if (folder / name).exists()}
    raise ToolError(
        f"--libc bundled: no glibc with {loader} on this machine", hint="build on a Linux with glibc, such as Debian"
    )
