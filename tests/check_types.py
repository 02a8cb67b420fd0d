"""Type-check everything with mypy --strict: gfplug, what it ships, and the tests.

    python tests/check_types.py

Each folder is a run of its own, since several hold modules of the same name (`conftest`, `plugin.datasource`). The
default version's stubs are written to `build/stubs` first: the template's Python imports them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from gfplug import files, sdk
from gfplug.sdk import stubs

ROOT = Path(__file__).parents[1]
STUBS = ROOT / "build" / "stubs"
BEFORE_OTHERS = {
    "tests/cli": ["tests/cli/host", "tests/conformance"],
    "tests/conformance": ["tests/runtime"],
    "tests/processes": ["tests/cli", "tests/build", "tests/conformance"],
    "tests/browser": ["tests/conformance"],
    "tests/generated": ["tests/browser"],
    "template/examples/http": ["template/examples/http/src"],
    "benchmarks": ["tests/conformance", "tests/build"],
}


def folders() -> list[str]:
    """List the folders to check, the tests' by what is there."""
    tests = sorted(
        path for path in (ROOT / "tests").iterdir() if any(path.rglob("*.py")) and path.name != "__pycache__"
    )
    examples = sorted(f"examples/{path.parent.name}" for path in (ROOT / "examples").glob("*/datasource.py"))
    return [
        "cli",
        "runtime",
        "template/project/src",
        "template/examples/http",
        "benchmarks",
        *examples,
        *(f"tests/{path.name}" for path in tests),
    ]


def check(folder: str) -> int:
    """Run mypy over one folder and return its exit code."""
    is_package = (ROOT / folder / "__init__.py").exists()  # then its modules are named from the root
    path = [*BEFORE_OTHERS.get(folder, []), "." if is_package else folder]
    env = {**os.environ, "MYPYPATH": os.pathsep.join(path)}
    return subprocess.run([sys.executable, "-m", "mypy", folder], cwd=ROOT, env=env, check=False).returncode


def main() -> int:
    """Write the stubs, check every folder, and return 1 if any has a mistake."""
    generated = stubs.generate(sdk.fetch(sdk.default(), offline=True))
    shutil.rmtree(STUBS, ignore_errors=True)
    files.write_tree(STUBS, generated.files)
    return max([check(folder) for folder in folders()])


if __name__ == "__main__":
    sys.exit(main())
