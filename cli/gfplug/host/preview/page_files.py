"""The page's own files: built from Grafana's packages, one folder for each version of Grafana.

The files are in a separate wheel, `gfplug-preview`; in a checkout, `make preview-assets` builds them.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from gfplug import files, resources
from gfplug.errors import ProjectError, ToolError, UsageError
from gfplug.host.preview.web_messages import NOT_FOUND, WebRequest, WebResponse, text_response
from gfplug.untrusted import documents, paths

_PACKAGE = "gfplug_preview"
_INDEX = "index.html"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_LARGEST = 64 << 20
_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "md": "text/markdown",
    "txt": "text/plain",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "ico": "image/x-icon",
    "ttf": "font/ttf",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "wasm": "application/wasm",
}
_TEXTS = ("text/", "application/json", "image/svg+xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFiles:
    """The page for one version of Grafana, and all versions, newest first."""

    folder: Path
    version: str
    versions: tuple[str, ...]

    def read(self, name: str) -> bytes | None:
        """Return a file of the page by its path; None if it does not exist."""
        if not paths.is_inside(name):
            return None
        try:
            return documents.read_bytes(paths.require_no_escape(self.folder, name), most=_LARGEST)
        except (FileNotFoundError, ProjectError):
            return None


def locate_page(version: str | None = None, *, root: Path | None = None) -> PageFiles:
    """Return the page for a version of Grafana; default: the newest version that has a page.

    Raises: ToolError if no page is installed or built; UsageError for a version without a page.
    """
    top = root or _folder()
    versions = _versions(top) if top else ()
    if not top or not versions:
        raise ToolError(
            "the page of the preview is not installed",
            hint="pip install 'gfplug[preview]'; in a checkout with Node.js: make preview-assets",
        )
    version = version or versions[0]
    if version not in versions:
        raise UsageError(
            f"--grafana {version}: there is no page for this version", hint=f"use one of {', '.join(versions)}"
        )
    return PageFiles(folder=top / version, version=version, versions=versions)


def file_response(name: str, content: bytes | None, request: WebRequest) -> WebResponse:
    """Answer with a file, which the browser caches and revalidates; 404 if it does not exist."""
    if content is None:
        return text_response(NOT_FOUND, "there is no such file")
    tag = f'"{files.sha256(content)[:32]}"'
    headers = {"Content-Type": _type_of(name), "Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return WebResponse(status=304, headers=headers)
    return WebResponse(headers=headers, body=content)


def decode_path(path: str) -> str:
    """Decode a percent-encoded path."""
    return unquote(path, errors="surrogateescape")


def _type_of(name: str) -> str:
    kind = _TYPES.get(PurePosixPath(name).suffix.lower().removeprefix("."), "application/octet-stream")
    return f"{kind}; charset=utf-8" if kind.startswith(_TEXTS) else kind


def _folder() -> Path | None:
    """Return the folder of the pages: in the wheel, else in a checkout."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))) / "assets"
    here = resources.checkout()
    return here / "preview" / "dist" if here else None


def _versions(top: Path) -> tuple[str, ...]:
    if not top.is_dir():
        return ()
    names = [each.name for each in top.iterdir() if _VERSION.fullmatch(each.name) and (each / _INDEX).is_file()]
    return tuple(sorted(names, key=lambda name: [int(part) for part in name.split(".")], reverse=True))
