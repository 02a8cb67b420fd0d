# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Leave out packages that msgspec needs only for `msgspec.yaml` or `msgspec.toml`.

For these, an author adds "yaml" or "tomli_w" to HIDDEN_IMPORTS; an author who uses attrs imports it. tomli is
only for old Pythons: PyInstaller would find a copy in setuptools, and bundle all of setuptools.
"""

excludedimports = ["attr", "attrs", "tomli", "tomli_w", "yaml"]
