"""The smallest valid bundle, and a signature in the form of Grafana's API."""

import hashlib
import json
from pathlib import Path
from typing import Any

MANIFEST: dict[str, Any] = {
    "type": "datasource",
    "id": "acme-sales-datasource",
    "name": "Sales",
    "backend": True,
    "alerting": True,
    "metrics": True,
    "executable": "gpx_sales",
    "info": {
        "version": "1.2.3",
        "updated": "2026-07-01",
        "description": "Sales",
        "keywords": [],
        "logos": {"small": "img/logo.svg", "large": "img/logo.svg"},
    },
    "dependencies": {"grafanaDependency": ">=11.6.0"},
}
MACHINES = {"amd64": b"\x3e\0", "arm64": b"\xb7\0"}


def small_bundle(folder: Path, *, machine: str = "amd64") -> Path:
    """Make a bundle for Linux on one machine."""
    contents = folder / f"_internal_linux_{machine}"
    contents.mkdir(parents=True)
    (folder / "img").mkdir()
    texts = {"module.js": "define([]);", "README.md": "# Sales", "img/logo.svg": "<svg/>"}
    for name, text in {**texts, "plugin.json": json.dumps(MANIFEST)}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    program = folder / f"gpx_sales_linux_{machine}"
    program.write_bytes(b"\x7fELF\2\1\1".ljust(18, b"\0") + MACHINES[machine] + bytes(44))
    program.chmod(0o755)
    (contents / "libx.so").write_text(machine)
    (contents / "libx.so").chmod(0o644)
    return folder


def manifest_text(content: dict[str, Any]) -> bytes:
    """Return a clear-signed text like the API's; no test verifies the signature itself."""
    body = json.dumps(content, indent=2)
    return (
        f"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{body}\n"
        "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    ).encode()


def sign(folder: Path, **others: Any) -> None:
    """Sign a bundle in its present state."""
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    content = {"plugin": MANIFEST["id"], "version": MANIFEST["info"]["version"], "files": files, **others}
    (folder / "MANIFEST.txt").write_bytes(manifest_text(content))
