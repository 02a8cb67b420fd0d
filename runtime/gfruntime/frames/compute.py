"""pyarrow's compute functions, imported at the first use: `compute.less`, as in `pyarrow.compute`.

The import takes as long as the rest of pyarrow, and an eighth of a small plugin's memory. `call` and `cast` need only a
part of it, without pyarrow's module of wrappers, which takes most of that time.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:  # noqa: ANN401  # pyarrow has no types
    """Return a function of `pyarrow.compute`."""
    value = globals()[name] = getattr(import_module("pyarrow.compute"), name)
    return value


def call(name: str, *columns: Any) -> Any:  # noqa: ANN401  # pyarrow has no types
    """Call a function of this name, with its default options."""
    return import_module("pyarrow._compute").call_function(name, list(columns))


def cast(column: Any, kind: Any) -> Any:  # noqa: ANN401  # pyarrow has no types
    """Convert a column to an Arrow type, as its method `cast` does.

    Raises: pyarrow.ArrowInvalid if a value is lost.
    """
    module = import_module("pyarrow._compute")
    return module.call_function("cast", [column], module.CastOptions.safe(kind))
