"""What was saved by an older version of a plugin: the author's `migrate`, which brings it to today's dataclass.

The options, and the model of a query, may have `migrate(old: dict) -> dict`, as a static or class method. It is given
every saved query and all of jsonData, today's too, and so returns what needs no change as it is. Secrets are not given.
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
    """Tell whether a class migrates what was saved.

    Raises: SchemaError if its `migrate` takes an instance.
    """
    kind = typing.get_origin(model) or model
    if not has_fields(kind):
        return False
    member = inspect.getattr_static(kind, "migrate", None)
    if inspect.isfunction(member):
        raise SchemaError(
            f"{kind.__name__}.migrate is given what was saved, and no instance; make it a static or a class method"
        )
    return isinstance(member, (staticmethod, classmethod))


def migrate(model: Any, saved: dict[str, Any], what: str) -> str:  # noqa: ANN401 - a type
    """Return what a class makes of a saved JSON object, as JSON; the object may be changed.

    Raises: DecodeError naming the class; `what` opens the message, and the author's own exception is the cause.
    """
    name = f"{what}: {(typing.get_origin(model) or model).__name__}.migrate"
    try:
        migrated = model.migrate(saved)
        text = json.dumps(migrated, allow_nan=False)
    except Exception as error:  # whatever the author's code does, it is this query's error alone
        status = error.status if isinstance(error, PluginError) else 500
        raise DecodeError(f"{name} failed: {sentence(error)}", status) from error
    if not isinstance(migrated, dict):
        raise DecodeError(f"{name} returned {type(migrated).__name__}; expected a dict", 500)
    return text
