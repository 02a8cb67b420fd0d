"""What `make demo` and `make test` need of this machine: prints what is missing and what to type, and exits with 1.

    python3 .ci/prerequisites.py [demo] [test]

Any Python 3 may run this file, so it is old-fashioned Python, and it imports nothing that must be installed first.
"""

import importlib.util
import json
import os
import runpy
import shutil
import subprocess
import sys

PROBE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli/gfplug/bundling/probe.py")
OLDEST, NEWEST = (3, 11), (3, 15)
MANAGERS = {
    "apt-get": {"git": "git", "venv": "python{}.{}-venv", "libpython": "libpython{}.{}"},
    "dnf": {"git": "git", "python": "python3.12"},
    "zypper": {"git": "git", "python": "python312"},
    "brew": {"git": "git", "python": "python@3.13"},
}
"""What the packages are called. All but Debian's and Ubuntu's Pythons come with ensurepip and a shared libpython."""


def has_libpython(python: "str") -> "bool":
    """Ask another Python on this machine whether a plugin can be frozen with it."""
    try:
        report = json.loads(subprocess.check_output([python, "-I", "-B", PROBE, "distributions"]).decode())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False
    return bool(report["libpython"] and report["version"] >= list(OLDEST))


def missing(goals: "list[str]") -> "list[tuple[str, str, str]]":
    """List what is missing: a sentence, the kind of package that brings it, and what else does."""
    own = sys.executable + " (Python " + ".".join(map(str, sys.version_info[:3])) + ")"
    if sys.version_info < OLDEST:
        return [(own + " is older than 3.11", "python", "name a newer Python: make demo PYTHON=python3.12")]
    lacks = []
    if not importlib.util.find_spec("ensurepip"):
        lacks.append((own + " has no ensurepip, with which it makes environments", "venv", ""))
    names = ["python3"] + ["python3." + str(minor) for minor in range(OLDEST[1], NEWEST[1] + 1)]
    others = [os.path.join(folder, name) for folder in os.get_exec_path() for name in names]
    is_served = "test" not in goals and (shutil.which("uv") or any(map(has_libpython, others)))
    if not runpy.run_path(PROBE)["_has_libpython"]() and not is_served:
        otherwise = "install uv, or build Python with --enable-shared (pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared)"
        lacks.append((own + " has no shared libpython, with which plugins are built", "libpython", otherwise))
    if "test" in goals and not shutil.which("git"):
        lacks.append(("git is not on PATH", "git", "install git"))
    return lacks


def remedies(lacks: "list[tuple[str, str, str]]") -> "list[str]":
    """List what to type: one line for all that packages bring, and what else is to be done."""
    manager = next((name for name in MANAGERS if shutil.which(name)), "")
    names = dict(MANAGERS.get(manager, {}))
    if manager == "apt-get" and sys.version_info[:2] == (3, 12):
        names["libpython"] = "libpython3.12t64"  # as Ubuntu 24.04 calls it
    if manager == "apt-get" and not os.path.realpath(sys.executable).startswith("/usr/bin/"):
        names = {"git": "git"}  # the others serve the system's Python alone
    packages = [names[kind].format(*sys.version_info) for _, kind, _ in lacks if kind in names]
    lines = [manager + " install " + " ".join(packages)] if packages else []
    return lines + [advice for _, kind, advice in lacks if advice and (kind not in names or kind == "python")]


def main(goals: "list[str]") -> "int":
    """Print what is missing, if anything is."""
    lacks = missing(goals)
    for sentence, _, _ in lacks:
        sys.stderr.write("missing: " + sentence + "\n")
    for line in remedies(lacks):
        sys.stderr.write("what to do: " + line + "\n")
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
