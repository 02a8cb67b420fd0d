"""Build the page of `gfplug preview`, and the wheel that contains it; needs Node.js 20 and npm.

python preview/build_page.py [--grafana VERSION …] [--modules FOLDER] [--wheel FOLDER]
python preview/build_page.py --lock VERSION

The page goes to preview/dist/VERSION, one folder for each Grafana version of preview/grafana. Packages are installed
from the locks there into a temporary folder, and removed again.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = HERE / "grafana"
DIST = HERE / "dist"
OLDEST_NODE = 20
"""The version that the newest Grafana's packages require."""


def versions() -> list[str]:
    """List the Grafana versions that the page is built for, oldest first."""
    return sorted((path.name for path in LOCKS.iterdir()), key=lambda name: [int(part) for part in name.split(".")])


def build_page(version: str, output: Path, *, modules: Path | None = None) -> None:
    """Build the page for one Grafana version.

    Raises: subprocess.CalledProcessError if npm or esbuild fails; their messages are on stderr.
    """
    if modules is not None:
        subprocess.run([program("node"), HERE / "bundle.mjs", modules, output], check=True)  # noqa: S603 - our own script
        return
    with tempfile.TemporaryDirectory(prefix="gfplug-preview-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKS / version / name, folder)
        command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)  # noqa: S603 - from the lock
        build_page(version, output, modules=Path(folder) / "node_modules")


def write_lock(version: str) -> None:
    """Write the lock of one Grafana version again from its package.json, without any address.

    Raises: subprocess.CalledProcessError if npm fails.
    """
    folder = LOCKS / version
    path = folder / "package-lock.json"
    path.unlink(missing_ok=True)
    options = ["--package-lock-only", "--ignore-scripts", "--no-audit", "--omit-lockfile-registry-resolved"]
    subprocess.run([program("npm"), "install", *options], cwd=folder, check=True, stdout=sys.stderr)  # noqa: S603 - npm
    lock = json.loads(path.read_text(encoding="utf-8"))
    for entry in lock["packages"].values():
        entry.pop("funding", None)
    path.write_text(json.dumps(lock, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def build_wheel(folder: Path) -> Path:
    """Build the wheel of the pages in preview/dist, and return its path."""
    from hatchling.builders.wheel import WheelBuilder  # noqa: PLC0415 - only the wheel needs it

    (wheel,) = WheelBuilder(str(HERE)).build(directory=str(folder), versions=["standard"])
    return Path(wheel)


def program(name: str) -> str:
    """Return the path of a program of Node.js, or exit with an error that says what to install."""
    path = shutil.which(name)
    if path is None:
        sys.exit(f"error: {name} is not on PATH: install Node.js {OLDEST_NODE} or newer")
    return path


def main() -> None:
    """Parse the arguments, and build the pages and the wheel, or write a lock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grafana", nargs="*", choices=versions(), help="for these versions only")
    parser.add_argument("--modules", type=Path, help="a node_modules that is installed already")
    parser.add_argument("--wheel", type=Path, help="also build the wheel, into this folder")
    parser.add_argument("--lock", choices=versions(), help="write this version's lock anew, and build nothing")
    options = parser.parse_args()
    if options.lock:
        write_lock(options.lock)
        return
    if options.wheel and importlib.util.find_spec("hatchling") is None:
        sys.exit("error: the wheel needs hatchling: pip install hatchling")
    for version in options.grafana or versions():
        build_page(version, DIST / version, modules=options.modules)
        size = sum(path.stat().st_size for path in (DIST / version).rglob("*") if path.is_file())
        sys.stderr.write(f"Built the page for Grafana {version}: {size / 1e6:.1f} MB\n")
    if options.wheel:
        wheel = build_wheel(options.wheel)
        sys.stderr.write(f"Built {wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB\n")
        sys.stdout.write(f"{wheel}\n")


if __name__ == "__main__":
    main()
