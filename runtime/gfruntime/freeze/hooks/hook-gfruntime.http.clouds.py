# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""`freeze` bundles the libraries of Azure and Google only if the project needs them: do not follow these imports."""

excludedimports = ["azure", "google.auth"]
