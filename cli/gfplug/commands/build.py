"""`gfplug build`."""


def build() -> None:
    """Not yet."""
