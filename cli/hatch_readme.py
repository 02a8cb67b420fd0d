"""Hatchling's hook for gfplug's metadata: the README as a package index shows it.

A package index does not resolve links relative to the repository, so each becomes the address of the file in the
tag of the version.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PATH = r"\((?!https?://|mailto:|#)(?=[^)\s]+\))"
_PICTURE = re.compile(r"(!\[[^\]]*\])" + _PATH)
_LINK = re.compile(r"(\])" + _PATH)


class AbsoluteLinks(MetadataHookInterface):
    """Set `readme` to README.md with absolute links."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the text; the metadata already have the version."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata["urls"]["Source"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": link_absolutely(text, source=source, tag=f"v{metadata['version']}"),
        }


def link_absolutely(text: str, *, source: str, tag: str) -> str:
    """Return Markdown in which links to the repository's files are GitHub addresses, and pictures those of raw files.

    >>> link_absolutely("[how](docs/how-to.md#sql)", source="https://github.com/acme/x", tag="v1.0.0")
    '[how](https://github.com/acme/x/blob/v1.0.0/docs/how-to.md#sql)'
    """
    text = _PICTURE.sub(rf"\1({source}/raw/{tag}/", text)
    return _LINK.sub(rf"\1({source}/blob/{tag}/", text)
