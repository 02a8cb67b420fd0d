"""JSON → the author's types; errors name the key and never show a secret.

msgspec decodes standard dataclasses leniently: "5" is accepted for a number, unknown keys are ignored, and null means
the default, because Grafana's editors and old dashboards send such values. pydantic models decode themselves. The
limits of the author's `Ui` and types hold for both: `bounds` checks the decoded object. If `show_if` hides a field
whose value is not allowed, the field gets its default.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import msgspec

from gfruntime.author.bounds import bounds_of
from gfruntime.author.ui import Secret
from gfruntime.calls import fitting, mismatches
from gfruntime.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfruntime.author.bounds import Bounds

_MAX_HIDDEN_MISMATCHES = 10  # the largest number of mismatches in hidden fields of one query


class _MismatchError(DecodeError):
    """A value that does not fit its type, and the path of its field."""

    path: tuple[str | int, ...] = ()


def decoder(model: Any, subject: str) -> Callable[[bytes], Any]:  # noqa: ANN401
    """Make a function from JSON to the author's type; `subject` is the start of an error's message.

    Raises: SchemaError if a bound of the model is invalid.
    """
    bounds = bounds_of(model)
    if hasattr(model, "model_validate") or (bounds is not None and bounds.decode_as is not model):
        return lambda text: decode(model, json_object(text, subject), subject)
    fast = msgspec.json.Decoder(model, strict=False, dec_hook=_hook)

    def decode_text(text: bytes) -> Any:  # noqa: ANN401
        try:
            value = fast.decode(text or b"{}")
            if bounds is None or next(bounds.find(value), None) is None:
                return value
        except (msgspec.DecodeError, RecursionError):  # null for a key with a default, broken JSON, or a mismatch
            pass
        return decode(model, json_object(text, subject), subject)

    return decode_text


def decode(target: Any, values: dict[str, Any], subject: str) -> Any:  # noqa: ANN401
    """Convert values to the author's type, and check its bounds; a hidden field out of bounds gets its default.

    Raises: DecodeError naming the key; `subject` is the start of the message.
    """
    bounds = bounds_of(target)
    try:
        if bounds is None:
            return _fill(target, values, subject)
        value, source = _decode_for_bounds(bounds, values, subject)
        hidden = []
        for violation in bounds.find(value):
            if not violation.is_hidden:
                raise DecodeError(f"{subject}: {violation}{mismatches.reason(values, violation.path, subject)}")
            hidden.append(violation.path)
        if hidden:
            source = _without_keys(source, hidden)
        return _fill(target, source, subject) if hidden or bounds.decode_as is not target else value
    except RecursionError as error:
        raise DecodeError(f"{subject}: nested too deeply") from error


def json_object(text: bytes, subject: str) -> dict[str, Any]:
    """Read a JSON object as a dict; an empty text and null are an empty object.

    Raises: DecodeError if it is another type; `subject` is the start of the message.
    """
    try:
        value = json.loads(text or b"{}")
    except ValueError as error:
        raise DecodeError(f"{subject}: not JSON: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"{subject}: nested too deeply") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DecodeError(f"{subject}: expected an object, got {type(value).__name__}")
    return value


def _decode_for_bounds(bounds: Bounds, values: dict[str, Any], subject: str) -> tuple[Any, dict[str, Any]]:
    """Fill the class whose bounds are checked; return it and its values, without hidden fields that do not fit."""
    mismatches: list[_MismatchError] = []
    fill = _fill
    while True:
        try:
            value = fill(bounds.decode_as, values, subject)
            break
        except _MismatchError as error:
            if not bounds.has_show_if(error.path) or len(mismatches) == _MAX_HIDDEN_MISMATCHES:
                raise
            if fill is _fill:
                values, fill = fitting.fit(bounds.decode_as, values), _fill_exactly
            values = _without_keys(values, [error.path])
            mismatches.append(error)
    for mismatch in mismatches:
        if not bounds.hides(value, mismatch.path):
            raise mismatch
    return value, values


def _without_keys(values: dict[str, Any], paths: list[tuple[str | int, ...]]) -> dict[str, Any]:
    """Return a JSON object without some of its keys; the containers on the way to them are copied."""
    copies: dict[tuple[str | int, ...], Any] = {(): dict(values)}
    for path in paths:
        for length in range(1, len(path)):
            outer, key = copies[path[: length - 1]], path[length - 1]
            if path[:length] not in copies:
                outer[key] = copies[path[:length]] = copy.copy(outer[key])
        copies[path[:-1]].pop(path[-1], None)
    return dict(copies[()])


def _fill(target: Any, values: dict[str, Any], subject: str) -> Any:  # noqa: ANN401
    """Fill a type; if a value does not fit, try it as a text, or as the choice with that text."""
    try:
        return _fill_exactly(target, values, subject)
    except DecodeError:
        fitted = fitting.fit(target, values)
        if fitted is values:
            raise
    return _fill_exactly(target, fitted, subject)


def _fill_exactly(target: Any, values: dict[str, Any], subject: str) -> Any:  # noqa: ANN401
    if hasattr(target, "model_validate"):
        return _validate(target, values, subject)
    fields = {key: value for key, value in values.items() if value is not None or not _has_default(target, key)}
    try:
        return msgspec.convert(fields, target, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        text, path = mismatches.describe(error, target, fields, subject)
        mismatch = _MismatchError(f"{subject}: {text}")
        mismatch.path = path
        raise mismatch from error


def _validate(target: Any, values: dict[str, Any], subject: str) -> Any:  # noqa: ANN401
    """Let a pydantic model validate. Its messages show values, so only keys, rules and unfilled variables are kept."""
    try:
        return target.model_validate({key: value for key, value in values.items() if value is not None})
    except ValueError as error:
        details = error.errors() if hasattr(error, "errors") else []
        texts = []
        for item in details:
            reason = mismatches.explain_unfilled_variable(item["input"], subject)
            input_text = f", got {item['input']!r}: {reason}" if reason else ""
            texts.append(f"{'.'.join(map(str, item['loc']))}: {item['msg']}{input_text}")
        raise DecodeError(f"{subject}: {'; '.join(texts) or type(error).__name__}") from None


def _hook(target: type, value: object) -> object:
    if target is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"expected {getattr(target, '__name__', target)}, got {type(value).__name__}")


def _has_default(target: Any, key: str) -> bool:  # noqa: ANN401
    """Tell whether a dataclass has a default for a key, or ignores the key."""
    if not dataclasses.is_dataclass(target):
        return False
    field = next((field for field in dataclasses.fields(target) if field.name == key), None)
    missing = dataclasses.MISSING
    return field is None or field.default is not missing or field.default_factory is not missing
