# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Leave out Dask's arrays, bags and data frames, unless the author's code imports them."""

from PyInstaller.utils.hooks import collect_data_files  # type: ignore[import-untyped]  # PyInstaller's

datas = collect_data_files("dask", includes=["*.yaml", "widgets/templates/**"])
excludedimports = ["IPython", "bokeh", "dask.array", "dask.bag", "dask.dataframe", "numpy", "pandas", "pytest"]
