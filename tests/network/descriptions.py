"""Read descriptions of real APIs, which packages contain, and print the result for each of their operations.

    python tests/network/descriptions.py [NAME...]

Each is fetched by the client of its registry (`npm pack`, `pip download`, `go mod download`) into build/descriptions,
once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from gfplug.errors import GfplugError
from gfplug.scaffold.openapi import description

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "descriptions"
LIST: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def fetch(name: str) -> Path:
    """Return a description's file, fetched if it is missing."""
    entry = LIST[name]
    folder = FOLDER / name
    file = folder / Path(entry["file"]).name
    if file.is_file():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    archive = _archive(entry, folder)
    file.write_bytes(_member(archive, entry["file"]))
    return file


def _archive(entry: dict[str, str], folder: Path) -> Path:
    if "npm" in entry:
        run("npm", "pack", "--silent", f"{entry['npm']}@{entry['version']}", cwd=folder)
        return next(folder.glob("*.tgz"))
    if "pip" in entry:
        requirement = f"{entry['pip']}=={entry['version']}"
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", ".", requirement, cwd=folder)
        return next(path for path in folder.iterdir() if path.suffix in (".whl", ".gz"))
    answer = run("go", "mod", "download", "-json", f"{entry['go']}@{entry['version']}", cwd=folder)
    return Path(json.loads(answer)["Zip"])


def run(*command: str, cwd: Path) -> str:
    """Run a client, and return its output."""
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def _member(archive: Path, name: str) -> bytes:
    if archive.suffix in (".zip", ".whl"):
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name)
    with tarfile.open(archive) as packed:
        stream = packed.extractfile(name)
        return stream.read() if stream else b""


def summary(name: str) -> dict[str, Any]:
    """Read a description; count operations, queries, and the reasons why others are no queries; add the CPU seconds."""
    file = fetch(name)
    began = time.process_time()
    source = description.read(str(file))
    seconds = time.process_time() - began
    none = [each for each in source.left_out if each.kind != "part"]
    return {
        "name": name,
        "MB": round(file.stat().st_size / 1e6, 2),
        "seconds": round(seconds, 1),
        "operations": len(source.operations) + len(none),
        "queries": len(source.operations),
        "paged": sum(query.pagination is not None for query in source.operations),
        "bound": sum(any(parameter.bound for parameter in query.parameters) for query in source.operations),
        "options": sum(any(parameter.options_from for parameter in query.parameters) for query in source.operations),
        "violations": None if source.violations is None else len(source.violations),
        "flawed": [(each.operation, each.place, each.reason) for each in none if each.kind == "flawed"],
        "not_queries": Counter(each.reason for each in none if each.kind == "not_a_query"),
        "parts": Counter(each.reason for each in source.left_out if each.kind == "part"),
    }


def main(names: list[str]) -> int:
    """Print a line for each description, with the reasons below it."""
    for name in names or LIST:
        try:
            row = summary(name)
        except GfplugError as error:
            print(f"{name}: {error.message}")  # noqa: T201 - a script
            continue
        long = {key: row.pop(key) for key in ("flawed", "not_queries", "parts")}
        print(json.dumps(row))  # noqa: T201 - as above
        for operation, place, reason in long["flawed"][:20]:
            print(f"  flawed   {operation}  {place}  {reason}")  # noqa: T201 - as above
        for kind in ("not_queries", "parts"):
            for reason, count in long[kind].most_common(8):
                print(f"  {kind[:8]:8} {count:5}  {reason[:150]}")  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
