# ruff: noqa: INP001 - PyInstaller runs it by its path, first of all, in the finished program
"""Give programs that the plugin starts the library path it was started with.

PyInstaller's start-up sets LD_LIBRARY_PATH for the plugin itself. A system's program that inherits it would load the
bundle's libraries instead of its own.
"""

import os

_path = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
if _path is None:
    os.environ.pop("LD_LIBRARY_PATH", None)
else:
    os.environ["LD_LIBRARY_PATH"] = _path
