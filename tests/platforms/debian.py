"""A Debian for arm64 in a folder of this machine, from its package mirror; qemu runs its programs. Needs root.

Its programs have their own mounts and process numbers, which always end with the command.
"""

from __future__ import annotations

import ast
import configparser
import io
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RELEASE = "bookworm"
PACKAGES = ("python3", "python3-venv", "libpython3.11", "binutils", "git", "ca-certificates")
TOOLS = {
    "debootstrap": "debootstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "update-binfmts": "binfmt-support",
}
"""Programs of this machine, and Debian's packages that contain them."""

_FORMATS = Path("/proc/sys/fs/binfmt_misc")
_AARCH64 = _FORMATS / "qemu-aarch64"
_RULE = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
_READY = "gfplug-ready"
_NAMESPACES = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")
_ENTER = """\
set -e
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
code=0
chroot "$root" "$@" </dev/null || code=$?
exit $code  # this shell stays until here, and waits for processes whose parent has ended
"""
_FROM_HERE = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Debian:
    """A Debian in a folder."""

    def __init__(self, root: Path) -> None:
        """Set the folder."""
        self.root = root

    def put_up(self) -> str:
        """Set up the system unless it exists; return a description of the steps.

        Raises: CalledProcessError if a program fails.
        """
        done = "it was there"
        if not (self.root / _READY).exists():
            if self.root.exists():
                shutil.rmtree(self.root)  # an earlier run was interrupted
            self.root.mkdir(parents=True)
            packages = f"--include={','.join(PACKAGES)}"
            options = ("--foreign", "--arch=arm64", "--variant=minbase", packages)
            run(["debootstrap", *options, RELEASE, str(self.root), mirror()])
            self.run("/debootstrap/debootstrap", "--second-stage")
            (self.root / _READY).touch()
            done = f"Debian {RELEASE} for arm64"
        self._copy_settings()
        return done

    def command(self, *words: str) -> list[str]:
        """Return the command that runs a program inside the system."""
        inside = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in self._environment().items()), *words]
        return [*_NAMESPACES, "--propagation", "private", "sh", "-c", _ENTER, "sh", str(self.root), *inside]

    def run(self, *words: str) -> str:
        """Run a program of the system, and return its standard output.

        Raises: CalledProcessError if it fails.
        """
        return run(self.command(*words))

    def _environment(self) -> dict[str, str]:
        theirs = {name: value for name, value in os.environ.items() if name.upper().startswith(_FROM_HERE)}
        return theirs | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}

    def _copy_settings(self) -> None:
        """Copy the settings for network access to the system: name servers, pip's configuration, certificates."""
        for path in (Path("/etc/resolv.conf"), Path("/etc/hosts")):
            shutil.copyfile(path, self.root / path.relative_to("/"))
        settings = pip_settings()
        text, parser = io.StringIO(), configparser.RawConfigParser()
        parser.read_dict(settings)
        parser.write(text)
        file = self.root / "etc" / "pip.conf"
        file.touch(mode=0o600)  # the address of an index may have a password
        file.write_text(text.getvalue(), encoding="utf-8")
        values = [value for section in settings.values() for value in section.values()]
        for value in {*values, *self._environment().values()}:
            if value.startswith("/") and Path(value).is_file():
                copy = self.root / value.lstrip("/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.unlink(missing_ok=True)
                shutil.copyfile(value, copy)


def pip_settings() -> dict[str, dict[str, str]]:
    """Return the settings of pip's configuration files, by section; environment variables are passed unchanged."""
    settings: dict[str, dict[str, str]] = {}
    for line in run([sys.executable, "-m", "pip", "config", "list"]).splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section and section != ":env:":
            settings.setdefault(section, {})[key] = str(ast.literal_eval(value))
    return settings


def mirror() -> str:
    """Return the Debian mirror that this machine's apt is configured with; empty for debootstrap's own choice."""
    output = run(["apt-get", "indextargets", "--format", "$(CREATED_BY) $(CODENAME) $(REPO_URI)"])
    rows = [line.split() for line in output.splitlines()]
    return next((row[2] for row in rows if row[:2] == ["Packages", RELEASE]), "")


def install_tools(tools: Mapping[str, str]) -> str:
    """Install the packages of programs that this machine lacks; return their names."""
    lacking = sorted(package for program, package in tools.items() if shutil.which(program) is None)
    if lacking:
        run(["apt-get", "update", "--quiet", "--quiet"])
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        run(["apt-get", "install", "--quiet", "--quiet", "--yes", "--no-install-recommends", *lacking])
    return ", ".join(lacking) or "all were there"


@contextmanager
def emulation() -> Iterator[None]:
    """Register qemu with the kernel, and remove it in the end.

    Raises: RuntimeError if it can't be registered. PRoot does not replace it: with Debian 12's 5.1, Python takes
    folders for not readable (faccessat2), and a plugin ends by a signal.
    """
    is_mounted = (_FORMATS / "register").exists()
    if not is_mounted:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", _FORMATS], check=False, capture_output=True)
    is_known = _AARCH64.exists()
    try:
        if not is_known:
            try:
                (_FORMATS / "register").write_text(_RULE.read_text(encoding="ascii").strip(), encoding="ascii")
            except OSError as error:
                raise RuntimeError(f"the kernel can't be told of qemu: {error}") from error
        yield
    finally:
        if not is_known and _AARCH64.exists():
            _AARCH64.write_text("-1", encoding="ascii")
        if not is_mounted and (_FORMATS / "register").exists():
            subprocess.run(["umount", _FORMATS], check=False, capture_output=True)


def run(command: Sequence[str]) -> str:
    """Run a program at low priority, and return its standard output; an error has its error output.

    Raises: CalledProcessError if it fails.
    """
    done = subprocess.run(
        ["nice", "-n", "5", *command], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=3600
    )
    if done.returncode:
        print((done.stdout + done.stderr)[-4000:].decode(errors="replace"), file=sys.stderr)  # noqa: T201  # a script
    done.check_returncode()
    return done.stdout.decode(errors="replace")
