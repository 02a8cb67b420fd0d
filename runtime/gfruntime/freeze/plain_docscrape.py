"""Replaces `pyarrow.vendored.docscrape` in bundles, which need no documentation.

pyarrow makes the help texts of its 300 compute functions with it, which takes half of the time of their import.
"""

from __future__ import annotations


class NumpyDocString(dict[str, list[object]]):
    """A documentation without sections."""

    def __init__(self, docstring: str) -> None:
        """Read nothing."""
        super().__init__(Parameters=[])
        del docstring
