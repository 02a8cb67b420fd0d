# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Bundle gfruntime's modules for database drivers, which an address names; the project depends on the packages."""

hiddenimports = [f"gfruntime.sql.drivers.{name}" for name in ("duckdb", "flightsql", "mysql", "postgresql", "sqlite")]
