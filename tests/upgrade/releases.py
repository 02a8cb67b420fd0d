"""Invented releases of the SDK: the embedded proto with additions, removals or changes."""

import io
import zipfile
from pathlib import Path

from gfplug import resources
from gfplug.sdk import index

_CONTEXT = "  string namespace = 10;"
_CHUNKS = "  rpc QueryChunkedData("


def embedded() -> str:
    """Return the proto that gfplug ships."""
    return (resources.folder("proto") / "pluginv2" / "backend.proto").read_text(encoding="utf-8")


def with_more() -> str:
    """Return the embedded proto with another field and another call."""
    text = embedded().replace(_CONTEXT, f"  string region = 99;\n{_CONTEXT}")
    return text.replace(_CHUNKS, f"  rpc QueryFast(QueryDataRequest) returns (QueryDataResponse);\n{_CHUNKS}")


def with_less() -> str:
    """Return the embedded proto without one of its fields."""
    lines = embedded().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_CONTEXT))


def module_proxy(folder: Path, version: str, text: str) -> str:
    """Make a folder that serves one release as Go's module proxies do, and return its address."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as module:
        module.writestr(f"{index.MODULE}@{version}/go.mod", "module x\n")
        module.writestr(f"{index.MODULE}@{version}/proto/backend.proto", text)
    files = folder / index.MODULE / "@v"
    files.mkdir(parents=True)
    (files / f"{version}.zip").write_bytes(archive.getvalue())
    (files / f"{version}.info").write_text(f'{{"Version": "{version}", "Time": "2026-01-01T00:00:00Z"}}')
    (files / "list").write_text(f"{version}\n")
    return folder.as_uri()
