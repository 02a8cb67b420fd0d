"""Type-check everything with mypy --strict: gfplug, the code that it ships, and the tests.

    python tests/check_types.py
    python tests/check_types.py win32 darwin    # only gfplug and gfruntime, as on these platforms

Modules with a unique name are checked in one run. Others share a name or have none: PyInstaller's hooks have a run, and
so has each example of the template. A test is named from the root, since several have the same name; the helpers of
tests are named as pytest finds them, by `pythonpath`. The default version's stubs are written to `build/stubs` first:
the template's Python imports them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from gfplug import files, sdk
from gfplug.sdk import stubs

ROOT = Path(__file__).parents[1]
STUBS = ROOT / "build" / "stubs"
CACHE = ROOT / ".mypy_cache" / "all"
CORES = os.cpu_count() or 1
WORKER_FAILURE = b"Failed to establish connection with worker"
PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
SOURCES = ["cli", "runtime", "template/project/src", "tests", "benchmarks", "preview"]
BASES = ["cli", "runtime", "template/project/src", "preview", *PYTEST["pythonpath"]]
HOOKS = "runtime/gfruntime/freeze/hooks"
EXAMPLES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "template" / "examples").iterdir()
    if path.name != "openapi"  # half of it is generated from a description; tests/generated checks all of it
)


def module(path: Path) -> str:
    """Return the name by which a file is checked."""
    is_test = path.name.startswith(("test_", "conftest"))
    bases = [ROOT] if is_test else [ROOT / base for base in BASES]
    base = next(folder for folder in path.parents if folder in bases)
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def modules() -> list[str]:
    """List the names of all modules that have a unique name."""
    paths = chain.from_iterable((ROOT / folder).rglob("*.py") for folder in SOURCES)
    untyped = "benchmarks/packages"  # each imports a package that only its own project has
    apart = {ROOT / folder for folder in (HOOKS, "tests/browser/page", "tests/fixtures/every_name", untyped)}
    return sorted(module(path) for path in paths if not apart & {*path.parents})


def write_stubs() -> None:
    """Write the stubs only if they differ: mypy would check rewritten files again."""
    generated = stubs.generate(sdk.fetch(sdk.default(), offline=True)).files
    if any(not (STUBS / path).is_file() or (STUBS / path).read_bytes() != text for path, text in generated.items()):
        shutil.rmtree(STUBS, ignore_errors=True)
        files.write_tree(STUBS, generated)


def check(sources: list[str], path: list[str]) -> tuple[int, str]:
    """Run mypy over modules or folders; return its exit code and its output."""
    workers = 0 if CACHE.is_dir() else CORES  # workers are slower with a cache
    options = [f"--num-workers={workers}", "--no-sqlite-cache"]  # a cache of files: several runs may write it at once
    command = [sys.executable, "-m", "mypy", *options, *sources]
    env = {**os.environ, "MYPYPATH": os.pathsep.join(path), "MYPY_CACHE_DIR": str(CACHE)}
    run = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if workers and WORKER_FAILURE in run.stdout and CACHE.is_dir():  # a busy machine starts workers too slowly
        return check(sources, path)
    return run.returncode, run.stdout.decode()


def check_platform(platform: str) -> tuple[int, str]:
    """Run mypy over gfplug and gfruntime as on another platform; return its exit code and its output.

    What the platform lacks needs a guard that mypy understands: `if sys.platform ...`.
    """
    options = [f"--platform={platform}", "--no-warn-unreachable", f"--cache-dir={CACHE.with_name(platform)}"]
    command = [sys.executable, "-m", "mypy", *options, "--package=gfplug", "--package=gfruntime"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.returncode, f"{platform}: {run.stdout.decode()}"


def check_all() -> list[tuple[int, str]]:
    """Check everything as on this platform; return each run's exit code and output."""
    outcomes = [check([f"--module={name}" for name in modules()], BASES)]  # first: the others use its cache
    with ThreadPoolExecutor(CORES) as pool:
        others = [pool.submit(check, [example], [example, f"{example}/src"]) for example in EXAMPLES]
        others.append(pool.submit(check, [HOOKS], []))
    return [*outcomes, *(each.result() for each in others)]


def main() -> int:
    """Write the stubs, check everything or the named platforms, and return the highest exit code."""
    write_stubs()
    outcomes = [check_platform(platform) for platform in sys.argv[1:]] or check_all()
    sys.stdout.writelines(text for _, text in outcomes)
    return max(code for code, _ in outcomes)


if __name__ == "__main__":
    sys.exit(main())
