"""List all that this machine lacks for some of make's goals, and what to type; exit code 1 if it lacks anything.

    python3 .ci/prerequisites.py [demo] [test] [check] [unit]

This script needs only the standard library. Python 3.6 can still run it, and then reports that it is too old.
"""

import shutil
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]


def main(goals):  # noqa: ANN001, ANN201 - here and below: old Pythons know fewer annotations
    """Check the machine, and exit with the list of missing things."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"error: {sys.executable} is Python {version}; 3.11 or newer is needed\n"
            "hint: README.md says what to install; then name it: make demo PYTHON=python3.12"
        )
    sys.path.insert(0, str(ROOT / "cli"))
    from gfplug.project.environment import prerequisites  # noqa: PLC0415 - an old Python cannot read it

    lacks = list(missing(goals))
    if lacks:
        sentences = "\n".join(f"error: {lack.sentence}" for lack in lacks)
        sys.exit(f"{sentences}\nhint: {prerequisites.remedy(lacks)}")


def missing(goals):  # noqa: ANN001, ANN201
    """Yield what is missing: a Python for plugins, a tool that creates `.venv`, disk space, and git for the tests."""
    from gfplug.project.environment import interpreters, prerequisites, python_search, system_packages  # noqa: PLC0415 - as above

    search = python_search.search(None)
    own, lack = search.own, prerequisites.MissingPrerequisite
    if interpreters.probe(own.path, modules=["ensurepip"]).missing:
        yield lack(sentence=f"{own} has no ensurepip", packages=_as_tuple(system_packages.with_venv(own)))
    if "demo" in goals and "test" not in goals:
        yield from prerequisites.missing_python(search)
        yield from prerequisites.missing_venv(search) if search.best not in {None, own} else ()
    elif "test" in goals and not own.has_libpython:
        package = system_packages.with_libpython((own,), own.version[:2])
        advice = "" if package else "name a Python that has one: make test PYTHON=..."
        yield lack(sentence=f"{own} has no shared libpython", packages=_as_tuple(package), advice=advice)
    if "test" in goals and not shutil.which("git"):
        yield lack(sentence="git is not on PATH", packages=("git",))
    yield from prerequisites.check_disk_space(ROOT)


def _as_tuple(package):  # noqa: ANN001, ANN202
    return (package,) if package else ()


if __name__ == "__main__":
    main(sys.argv[1:])
