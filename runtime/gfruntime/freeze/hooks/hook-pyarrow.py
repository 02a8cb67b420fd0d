# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The parts of pyarrow that a plugin needs: arrays, compute, the IPC format, and parts that the author's code imports.

PyInstaller's community hook collects all of pyarrow, three times the size. PyInstaller can't see that the compiled
modules import Python modules, so this hook lists them. pyarrow's optional imports of large packages are ignored.
"""

hiddenimports = [
    "pyarrow._compute",
    "pyarrow.compute",
]
excludedimports = [
    "cffi",
    "numpy",
    "pandas",
    "pyarrow._hdfs",
    "pyarrow.conftest",
    "pyarrow.fs",
    "pyarrow.tests",
    "requests",
    "setuptools",
    "tarfile",
    "urllib.request",
]
