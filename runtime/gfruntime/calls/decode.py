"""JSON → the author's types; errors name the key and never show a secret.

Standard dataclasses are decoded by msgspec, leniently: "5" is accepted for a number, unknown keys are ignored, and null
means the default, as Grafana's editors and old dashboards send all of these. pydantic models decode themselves.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from gfruntime.author.ui import Secret, Ui
from gfruntime.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def decoder(wanted: Any, *, what: str) -> Callable[[bytes], Any]:  # noqa: ANN401  # any type the author chose
    """Make a function from JSON text to the wanted type; `what` opens its error messages."""
    if hasattr(wanted, "model_validate"):
        return lambda text: _validated(wanted, mapping(text, what), what)
    fast = msgspec.json.Decoder(wanted, strict=False, dec_hook=_hook)

    def decode(text: bytes) -> Any:  # noqa: ANN401
        try:
            return fast.decode(text or b"{}")
        except (msgspec.DecodeError, RecursionError):  # null for a key with a default, broken JSON, a true mismatch
            return _converted(wanted, mapping(text, what), what)

    return decode


def options(wanted: Any, *, json_data: bytes, url: str, secrets: Mapping[str, str]) -> Any:  # noqa: ANN401
    """Fill the author's options from where the config page keeps each: jsonData, the url or the secrets."""
    values = mapping(json_data, "the data source's settings")
    for name, annotation in _hints(wanted).items():
        if _plain_type(annotation) is Secret:
            values[name] = secrets.get(name)
        elif any(isinstance(extra, Ui) and extra.store == "url" for extra in _extras(annotation)):
            values[name] = url or None
    if hasattr(wanted, "model_validate"):
        return _validated(wanted, values, "the data source's settings")
    return _converted(wanted, values, "the data source's settings")


def mapping(text: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object as a dict; nothing and null are an empty one.

    Raises: DecodeError when it is something else; `what` opens the message.
    """
    try:
        value = json.loads(text or b"{}")
    except ValueError as error:
        raise DecodeError(f"{what}: not JSON: {error}") from error
    except RecursionError as error:
        raise DecodeError(f"{what}: nested too deeply") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DecodeError(f"{what}: expected an object, got {type(value).__name__}")
    return value


def _converted(wanted: Any, values: dict[str, Any], what: str) -> Any:  # noqa: ANN401
    given = {key: value for key, value in values.items() if value is not None or not _has_default(wanted, key)}
    try:
        return msgspec.convert(given, wanted, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise DecodeError(f"{what}: {_named(str(error))}") from error
    except RecursionError as error:
        raise DecodeError(f"{what}: nested too deeply") from error


def _validated(wanted: Any, values: dict[str, Any], what: str) -> Any:  # noqa: ANN401
    """Let a pydantic model check itself; its own texts show the values, so only keys and rules are kept."""
    given = {key: value for key, value in values.items() if value is not None}
    try:
        return wanted.model_validate(given)
    except ValueError as error:
        details = error.errors() if hasattr(error, "errors") else []
        told = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in details)
        raise DecodeError(f"{what}: {told or type(error).__name__}") from None


def _named(message: str) -> str:
    """Put the key first: "Expected `int`, got `str` - at `$.limit`" reads "limit: expected int, got str"."""
    text, found, path = message.partition(" - at `")
    text = (text[:1].lower() + text[1:]).replace("`", "")
    return f"{path.rstrip('`').removeprefix('$').removeprefix('.')}: {text}" if found else text


def _hook(wanted: type, value: object) -> object:
    if wanted is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"expected {getattr(wanted, '__name__', wanted)}, got {type(value).__name__}")


def _has_default(wanted: Any, key: str) -> bool:  # noqa: ANN401
    if not dataclasses.is_dataclass(wanted):
        return False
    found = next((field for field in dataclasses.fields(wanted) if field.name == key), None)
    missing = dataclasses.MISSING
    return found is None or found.default is not missing or found.default_factory is not missing


def _hints(wanted: Any) -> dict[str, Any]:  # noqa: ANN401
    return get_type_hints(wanted, include_extras=True) if isinstance(wanted, type) else {}


def _extras(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _plain_type(annotation: Any) -> Any:  # noqa: ANN401
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
