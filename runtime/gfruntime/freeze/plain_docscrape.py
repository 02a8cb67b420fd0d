"""In bundles in the place of `pyarrow.vendored.docscrape`, which reads documentation: there is none in a bundle.

pyarrow makes the help texts of its 300 compute functions with it, which takes half the time that their import takes.
"""

from __future__ import annotations


class NumpyDocString(dict[str, list[object]]):
    """A documentation without any section."""

    def __init__(self, docstring: str) -> None:
        """Read nothing."""
        super().__init__(Parameters=[])
        del docstring
