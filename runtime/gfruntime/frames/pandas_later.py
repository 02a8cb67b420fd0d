"""Let pyarrow look for pandas when the author's code imports it, and not before.

pyarrow imports pandas, where it finds it, to convert a first list: half a second, and 40 MB. It looks once; after that,
only what says that it needs pandas makes it look again, as `_pandas_api.pd` does.
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
    """Let pyarrow look again, if pandas has been imported since it looked in vain."""
    global _waits  # noqa: PLW0603  # as pyarrow has it, once for a process
    if _waits and hasattr(sys.modules.get("pandas"), "DataFrame"):  # all of it
        _waits = False
        with contextlib.suppress(ImportError):  # it is too old for pyarrow
            pa.lib._pandas_api.pd  # noqa: B018, SLF001


def defer() -> None:
    """Let pyarrow look in vain now, and again as soon as pandas has been imported.

    That is noticed twice: by a finder, for what the author's code does with pyarrow, and by `look`, where somebody put
    another list of finders in place.
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
        watch.refused = 0


class _Watch:
    """Sees the import of pandas, and refuses it to one thread, as if it were not installed."""

    def __init__(self) -> None:
        """Refuse it to this thread."""
        self.refused = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find pandas as the other finders do, and have pyarrow look again when it is there.

        Raises: ModuleNotFoundError in the thread that it is refused to.
        """
        del path, target
        if fullname != "pandas":
            return None
        if self.refused == threading.get_ident():
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
