"""Migrate the values that an older version of a plugin saved, with the author's `migrate`.

The options, and the model of a query, may have `migrate(old: dict) -> dict`, as a static or class method. It receives
every saved query and all of jsonData, including current values, which it must return unchanged. It does not receive
secrets.
"""

from __future__ import annotations

import inspect
import json
import typing
from typing import Any

from gfruntime.author.controls import SchemaError
from gfruntime.author.twins import has_fields
from gfruntime.errors import DecodeError, PluginError, sentence


def migrates(model: Any) -> bool:  # noqa: ANN401 - a type
    """Tell whether a class migrates saved values.

    Raises: SchemaError if its `migrate` takes an instance.
    """
    kind = typing.get_origin(model) or model
    if not has_fields(kind):
        return False
    member = inspect.getattr_static(kind, "migrate", None)
    if inspect.isfunction(member):
        raise SchemaError(
            f"{kind.__name__}.migrate receives saved values, not an instance; make it a static or a class method"
        )
    return isinstance(member, (staticmethod, classmethod))


def migrate(model: Any, values: dict[str, Any], subject: str) -> str:  # noqa: ANN401 - a type
    """Migrate a saved JSON object with the class, and return it as JSON; the object may be changed.

    Raises: DecodeError naming the class; `subject` starts the message, and the author's exception is the cause.
    """
    name = f"{subject}: {(typing.get_origin(model) or model).__name__}.migrate"
    try:
        migrated = model.migrate(values)
        text = json.dumps(migrated, allow_nan=False)
    except Exception as error:  # any failure of the author's code affects only this query
        status = error.status if isinstance(error, PluginError) else 500
        raise DecodeError(f"{name} failed: {sentence(error)}", status) from error
    if not isinstance(migrated, dict):
        raise DecodeError(f"{name} returned {type(migrated).__name__}; expected a dict", 500)
    return text
