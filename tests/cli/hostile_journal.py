"""A journal that an attacker wrote to change files elsewhere."""

import hashlib
import json
from pathlib import Path
from typing import Any

CONTENT = b"#!/bin/sh\necho attacked\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def plant(root: Path, steps: Any, *, plan: str = "forward.json", content: bytes = CONTENT) -> Path:
    """Write a journal as an attacker would."""
    folder = root / ".gfplug" / "journal"
    for side in ("old", "new"):
        (folder / side).mkdir(parents=True)
        (folder / side / "0").write_bytes(content)
    (folder / plan).write_text(steps if isinstance(steps, str) else json.dumps(steps))
    return folder


def step(path: Any, **others: Any) -> dict[str, Any]:
    """Return a step that writes a file."""
    return {"number": 0, "path": path, "old": None, "new": DIGEST, **others}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder except the lock file that a command holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
