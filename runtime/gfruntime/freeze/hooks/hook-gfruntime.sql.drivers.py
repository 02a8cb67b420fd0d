# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The drivers of databases, which an address names: our modules alone, for the packages are those of the project."""

hiddenimports = [f"gfruntime.sql.drivers.{name}" for name in ("duckdb", "flightsql", "mysql", "postgresql", "sqlite")]
