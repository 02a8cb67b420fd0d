"""Run by the interpreter of a project's environment: says which packages it has, and which of them some files are of.

`python packages.py [FILE]` prints one JSON object; FILE holds a JSON list of paths. Imports nothing of gfplug.
"""

import hashlib
import json
import os
import platform
import sys
from importlib.metadata import Distribution, distributions


def _license(distribution: Distribution) -> str:
    said = distribution.metadata
    expression, short = (said[key] if key in said else "" for key in ("License-Expression", "License"))  # noqa: SIM401 - untyped
    named = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if line.startswith("License ::")]
    return expression or (short if 0 < len(short) <= 40 else "") or ", ".join(named)  # noqa: PLR2004 - not a whole text


def _described(distribution: Distribution, wanted: set[str]) -> dict[str, object]:
    record = distribution.read_text("RECORD") or distribution.read_text("installed-files.txt") or ""
    files = distribution.files if wanted else None
    return {
        "name": distribution.metadata["Name"],
        "version": distribution.version,
        "license": _license(distribution),
        "record": hashlib.sha256(record.encode()).hexdigest(),
        "used": any(os.path.normpath(str(distribution.locate_file(file))) in wanted for file in files or ()),
    }


def main(paths: list[str]) -> None:
    """Print what there is to know."""
    wanted = {os.path.normpath(path) for path in paths}
    found = {(each.metadata["Name"] or "").lower(): each for each in reversed(list(distributions()))}
    report = {
        "python": platform.python_version(),
        "build": [sys.version, sys.prefix, sys.base_prefix],
        "packages": [_described(found[name], wanted) for name in sorted(found) if name],
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(json.loads(open(sys.argv[1], encoding="utf-8").read()) if sys.argv[1:] else [])  # noqa: PTH123, SIM115 - one line
