# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""What a plugin needs of pyarrow: arrays, compute and the IPC format; the rest comes when the author's code imports it.

PyInstaller's community hook collects all of pyarrow, three times the size. The compiled modules import their Python
counterparts out of its sight, so those are named here. pyarrow's optional imports of large packages are ignored.
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
