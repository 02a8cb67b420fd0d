"""Make pyarrow look for pandas when the author's code imports it, and not before.

pyarrow imports pandas, if it is installed, to convert a first list, which takes half a second and 40 MB. It looks only
once; after that, only code that needs pandas makes it look again, as `_pandas_api.pd` does.
Source: pyarrow 26.0.1, pandas-shim.pxi (_PandasAPIShim._check_import).
"""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


_waits = False


def look() -> None:
    """Make pyarrow look again, if pandas has been imported since pyarrow's first look."""
    global _waits  # noqa: PLW0603  # as pyarrow has it, once for a process
    if _waits and hasattr(sys.modules.get("pandas"), "DataFrame"):  # completely imported
        _waits = False
        with contextlib.suppress(ImportError):  # too old for pyarrow
            pa.lib._pandas_api.pd  # noqa: B018, SLF001


def defer() -> None:
    """Hide pandas from pyarrow's first look, and make it look again once pandas is imported.

    Two ways detect the import: a finder, and `look`, in case other code has replaced the list of finders.
    """
    global _waits  # noqa: PLW0603  # as above
    if "pandas" in sys.modules or not hasattr(type(getattr(pa.lib, "_pandas_api", None)), "pd"):
        return
    _waits = True
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    try:
        pa.array([0])
    finally:
        watch.hidden_from_thread = 0


class _Watch:
    """A finder that detects the import of pandas, and hides pandas from one thread, as if it were not installed."""

    def __init__(self) -> None:
        """Hide pandas from this thread."""
        self.hidden_from_thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find pandas with the other finders, and make pyarrow look again when it is imported.

        Raises: ModuleNotFoundError in the thread from which pandas is hidden.
        """
        del path, target
        if fullname != "pandas":
            return None
        if self.hidden_from_thread == threading.get_ident():
            raise ModuleNotFoundError(fullname)
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        loader: Any = spec and spec.loader
        if loader is not None:
            execute = loader.exec_module

            def execute_and_look(module: ModuleType) -> None:
                loader.exec_module = execute
                execute(module)
                look()

            loader.exec_module = execute_and_look
        return spec
