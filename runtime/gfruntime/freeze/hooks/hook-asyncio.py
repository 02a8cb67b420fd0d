# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""asyncio imports its event loop for Windows on Windows only."""

import sys

excludedimports = (
    [] if sys.platform == "win32" else ["asyncio.proactor_events", "asyncio.windows_events", "asyncio.windows_utils"]
)
