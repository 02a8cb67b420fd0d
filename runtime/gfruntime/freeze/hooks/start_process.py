# ruff: noqa: INP001 - PyInstaller runs it by its path, first of all, in the finished program
"""Set the library path of programs that the plugin starts to the path that the plugin was started with.

PyInstaller's start-up sets LD_LIBRARY_PATH for the plugin itself. A system's program that inherits it would load the
bundle's libraries instead of the system's.
"""

import os

_path = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
if _path is None:
    os.environ.pop("LD_LIBRARY_PATH", None)
else:
    os.environ["LD_LIBRARY_PATH"] = _path
