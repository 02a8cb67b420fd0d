# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""msgspec mentions packages that it does without until an author calls `msgspec.yaml` or `msgspec.toml`.

An author who does lists "yaml" or "tomli_w" in HIDDEN_IMPORTS; one who uses attrs imports it. tomli is for old Pythons
only: PyInstaller would find one in setuptools, and ship all of that.
"""

excludedimports = ["attr", "attrs", "tomli", "tomli_w", "yaml"]
