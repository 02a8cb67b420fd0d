# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Dask's scheduler and workers: their defaults are files, and some modules are imported by name.

Optional packages are left out, unless the author's code imports them: the dashboard, arrays and data frames.
"""

from PyInstaller.utils.hooks import collect_data_files  # type: ignore[import-untyped]  # PyInstaller's

datas = collect_data_files("distributed", includes=["*.yaml", "**/*.yaml"])
hiddenimports = ["distributed.http.health", "distributed.http.proxy"]
excludedimports = ["IPython", "bokeh", "dask.array", "dask.bag", "dask.dataframe", "numpy", "pandas", "pytest"]
