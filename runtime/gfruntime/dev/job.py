"""On Windows, end the supervisor's child processes when the supervisor ends, for any reason.

On other systems each child watches its parent. On Windows some children are a virtual environment's python.exe stub,
which does not watch its parent.
"""

from __future__ import annotations

import logging
import sys

_EXTENDED_LIMITS, _KILL_ON_CLOSE = 9, 0x2000
_LOGGER = logging.getLogger("gfplug.dev")


def bind_children() -> None:
    """Put this process, and its future children, into a job object that ends with it.

    Source: JOBOBJECT_EXTENDED_LIMIT_INFORMATION in Microsoft's winnt.h: 144 bytes, the flags at byte 16 (64 bits).
    """
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  # Windows only

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle, number, pointer = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p  # a HANDLE is as wide as a pointer
        kernel.CreateJobObjectW.restype, kernel.CreateJobObjectW.argtypes = handle, [pointer, pointer]
        kernel.SetInformationJobObject.argtypes = [handle, number, pointer, number]
        kernel.AssignProcessToJobObject.argtypes = [handle, handle]
        kernel.GetCurrentProcess.restype = handle
        limits = (ctypes.c_uint64 * 18)()
        limits[2] = _KILL_ON_CLOSE
        job = kernel.CreateJobObjectW(None, None)  # never closed: Windows closes it when this process ends
        is_set = kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, limits, ctypes.sizeof(limits))
        if not (is_set and kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())):
            _LOGGER.warning(
                "processes of `gfplug dev` can keep running after it ends: %s", ctypes.WinError(ctypes.get_last_error())
            )
