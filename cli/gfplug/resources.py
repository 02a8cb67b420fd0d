"""Where the shipped `template/` and `proto/` folders are: beside the package in a wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return a shipped folder (`template` or `proto`).

    An editable install leaves a stale `_data` in site-packages, but the package is imported from the checkout, so that
    copy is never seen.
    """
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent.parent / name
