"""Bare roots that hold exactly the libraries of Grafana's official images, to start a bundle in.

Source: grafana/grafana v12.2.0, Dockerfile: its Alpine stage copies seven files of glibc, on x86_64 only; its
distroless stage has no C library. The files here are this machine's, in the folder that its loader searches.
"""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from commands import run

from gfplug.bundle.portable import LOADERS
from gfplug.host.target import Target

LAYER = (
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
)
"""The files of glibc in Grafana's Alpine image, besides the loader."""

_FULL = (*LAYER, "libz.so.1", "libstdc++.so.6", "libgcc_s.so.1", "libutil.so.1", "libcrypt.so.1", "libnss_files.so.2")
IMAGES = {
    "grafana/grafana (Alpine, x86_64)": LAYER,
    "grafana/grafana, the -ubuntu image": _FULL,
    "distroless, and any host without glibc": (),
}
CONDITIONS = {
    "as it is": ("rw", "exec"),
    "read-only root, nowhere to write": ("ro", "none"),
    "/tmp mounted noexec": ("rw", "noexec"),  # noqa: S108 - the mount that Kubernetes hardening changes
}
_MACHINES = {"x86_64": ("linux_amd64", "x86_64-linux-gnu"), "aarch64": ("linux_arm64", "aarch64-linux-gnu")}
_GRAFANA = 472

# Each step replaces its process by the next one with exec, so that the started process becomes the plugin.
_ENTER = """\
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --bind "$1" "$1"
mount --rbind /proc "$1/proc"
for name in null zero random urandom; do mount --bind "/dev/$name" "$1/dev/$name"; done
case "$3" in
  none) ;;
  *) mount --bind /tmp "$1/tmp"; mount -o "remount,bind,$3" "$1/tmp" ;;
esac
mount -o "remount,bind,$2" "$1"
unset PATH PWD OLDPWD
exec /usr/sbin/chroot --userspec="$4:0" "$1" "$5"
"""


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that serves as the root of an image."""

    folder: Path

    def target(self, bundle: Path, *, condition: str, proto: bytes) -> Target:
        """Return the command that starts a bundle in it as Grafana's user."""
        place = self.folder / "plugins" / bundle.parent.name
        shutil.copytree(bundle, place, symlinks=True, dirs_exist_ok=True)
        writable, tmp = CONDITIONS[condition]
        (program,) = (path for path in place.glob("gpx_*") if path.suffix != ".bin")
        inside = f"/{program.relative_to(self.folder)}"
        command = ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", _ENTER, "enter"]
        return Target(
            command=(*command, str(self.folder), writable, tmp, str(_GRAFANA), inside),
            cwd=Path("/"),
            plugin_id="acme-sales-datasource",
            proto=proto,
        )


def make(folder: Path, libraries: tuple[str, ...]) -> Root:
    """Make a root that holds some of this machine's libraries, and the loader if it holds any."""
    system, machine = _MACHINES[platform.machine()]
    for name in ("proc", "tmp", "plugins", "lib64", f"lib/{machine}"):
        (folder / name).mkdir(parents=True)
    (folder / "dev").mkdir()
    for name in ("null", "zero", "random", "urandom"):  # every container has these
        (folder / "dev" / name).touch()
    place = f"lib/{machine}"
    for name in libraries:
        if (source := Path("/") / place / name).exists():
            shutil.copy(source, folder / place / name)
    if libraries:
        loader = LOADERS[system]
        shutil.copy(Path("/") / place / loader, folder / "lib64" / loader)
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    return Root(folder)


@cache
def unavailable() -> str:
    """Return the reason why roots can't be entered here; empty if they can."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return "no bare root: they are made on Linux, x86_64 or arm64"
    if os.geteuid() != 0:
        return "no bare root: entering one needs root's rights"
    if not Path(f"/lib/{_MACHINES[platform.machine()][1]}/libc.so.6").exists():
        return "no bare root: they are made of a Debian's or an Ubuntu's libraries"
    tried = run("/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/mount", "--bind", "/lib", "/lib")
    return f"no bare root: mounts are not permitted: {tried.err.strip()}" if tried.code else ""
