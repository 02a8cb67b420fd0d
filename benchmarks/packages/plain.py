"""No package: only the parts that every bundle has."""

from gfruntime import Frame


def answer() -> Frame:
    """Answer with a number."""
    return Frame.of(value=[42.0])
