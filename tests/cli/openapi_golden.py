"""The golden code of `tests/golden/openapi`: `python tests/cli/openapi_golden.py --update` writes it again.

Modules that are equal for all descriptions are files of the template, so there is no golden copy of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gfplug.scaffold.openapi import description, upstream_files
from gfplug.scaffold.openapi.stored_model import StoredModel

FOLDER = Path(__file__).parents[1] / "golden" / "openapi"
GOLDEN_NAMES = {"models.py": "models.txt", "endpoints.py": "endpoints.txt", "description.json": "description.json"}


def generate() -> dict[str, str]:
    """Map the names of the golden files to their current content."""
    source = description.read(str(FOLDER / "shop.yaml"))
    files = upstream_files.write_upstream(StoredModel(source)).files
    return {golden: files[f"{upstream_files.FOLDER}/{name}"].decode() for name, golden in GOLDEN_NAMES.items()}


if __name__ == "__main__" and sys.argv[1:] == ["--update"]:
    for name, text in generate().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
