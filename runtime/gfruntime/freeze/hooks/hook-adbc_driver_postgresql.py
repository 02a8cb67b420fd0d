# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""ADBC's driver for PostgreSQL: its library, and the source of its version, which it reads when it is imported."""

from PyInstaller.utils.hooks import (  # type: ignore[import-untyped]  # PyInstaller's
    collect_data_files,
    collect_dynamic_libs,
)

binaries = collect_dynamic_libs("adbc_driver_postgresql")
datas = collect_data_files("adbc_driver_postgresql", include_py_files=True, includes=["_static_version.py"])
