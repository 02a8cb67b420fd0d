"""`gfplug new`."""


def new() -> None:
    """Not yet."""
