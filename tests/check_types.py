"""Type-check everything with mypy --strict: gfplug, what it ships, and the tests.

    python tests/check_types.py

All modules are checked by their names, and in runs of their own the files that share a name with another or have none:
PyInstaller's hooks, and each example of the template. A test is named from the root, since several have the same name;
what tests import is named as pytest finds it, by `pythonpath`. The default version's stubs are written to `build/stubs`
first: the template's Python imports them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

from gfplug import files, sdk
from gfplug.sdk import stubs

ROOT = Path(__file__).parents[1]
STUBS = ROOT / "build" / "stubs"
PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
SOURCES = ["cli", "runtime", "template/project/src", "tests", "benchmarks", "preview"]
BASES = ["cli", "runtime", "template/project/src", "preview", *PYTEST["pythonpath"]]
HOOKS = "runtime/gfruntime/freeze/hooks"
EXAMPLES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "template" / "examples").iterdir()
    if path.name != "openapi"  # half of it is written from a description; tests/generated checks the whole
)


def module(path: Path) -> str:
    """Return the name by which a file is checked."""
    is_test = path.name.startswith(("test_", "conftest"))
    bases = [ROOT] if is_test else [ROOT / base for base in BASES]
    base = next(folder for folder in path.parents if folder in bases)
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def modules() -> list[str]:
    """List the names of all modules that have one of their own."""
    paths = chain.from_iterable((ROOT / folder).rglob("*.py") for folder in SOURCES)
    untyped = "benchmarks/packages"  # each imports a package that only its own project has
    apart = {ROOT / folder for folder in (HOOKS, "tests/browser/page", "tests/fixtures/every_name", untyped)}
    return sorted(module(path) for path in paths if not apart & {*path.parents})


def check(sources: list[str], path: list[str]) -> int:
    """Run mypy over modules or folders and return its exit code."""
    env = {**os.environ, "MYPYPATH": os.pathsep.join(path)}
    return subprocess.run([sys.executable, "-m", "mypy", *sources], cwd=ROOT, env=env, check=False).returncode


def main() -> int:
    """Write the stubs, check everything, and return 1 if there is a mistake."""
    shutil.rmtree(STUBS, ignore_errors=True)
    files.write_tree(STUBS, stubs.generate(sdk.fetch(sdk.default(), offline=True)).files)
    return max(
        check([f"--module={name}" for name in modules()], BASES),
        check([HOOKS], []),
        *(check([example], [example, f"{example}/src"]) for example in EXAMPLES),
    )


if __name__ == "__main__":
    sys.exit(main())
