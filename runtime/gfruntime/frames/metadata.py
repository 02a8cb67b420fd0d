"""The metadata of frames and fields, checked as strictly as Grafana reads it.

Grafana decodes a frame's meta and a field's config into typed structures; if one value has a wrong type, Grafana
refuses the whole response, other queries included. So they are checked when the frame is created, and normalised:
numpy's scalars become numbers, whole floats become integers where integers are expected, NaN and the infinities become
null. Keys that Grafana doesn't know are moved to `custom` in a frame's meta, and are refused in a config.
Source: grafana-plugin-sdk-go v0.298.0, data/frame_meta.go, data/field_config.go, data/value_mapping.go.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

from gfruntime.errors import FrameError
from gfruntime.frames import json_text

Check = Callable[[object, str], Any]

_INSPECT = {"meta": 1, "error": 2, "data": 3, "stats": 4}


def meta(value: Mapping[str, object]) -> dict[str, object]:
    """Check a frame's meta and return it in normalised form.

    Raises: FrameError naming the key.
    """
    own = {key: item for key, item in value.items() if key in _META}
    unknown = {key: item for key, item in value.items() if key not in _META}
    result: dict[str, object] = _Object(_META)(own, "the frame's meta")
    if unknown:
        custom = result.get("custom", {})
        if not isinstance(custom, dict):
            raise FrameError(f"the frame's meta has unknown keys {sorted(unknown)}; put them under 'custom'")
        result["custom"] = {**json_value(unknown, "the frame's meta"), **custom}
    return result


def config(value: Mapping[str, object], *, name: str) -> dict[str, object]:
    """Check the config of the field of this name and return it in normalised form.

    Raises: FrameError naming the field and the key.
    """
    result: dict[str, object] = _Object(_CONFIG)(value, f"the config of {name!r}")
    return result


def only_known(value: Any, *, of_field: bool) -> dict[str, object]:  # noqa: ANN401  # JSON
    """Remove the keys that Grafana's reader ignores."""
    if not isinstance(value, dict):
        raise FrameError(f"metadata must be an object, not {_short(value)}")
    return {key: item for key, item in value.items() if key in (_CONFIG if of_field else _META)}


def notice(
    text: str, severity: str = "info", *, link: str | None = None, inspect: str | int | None = None
) -> dict[str, object]:
    """Make a notice, which a panel shows in its corner.

    `severity` is info, warning or error; `inspect` names the inspector's tab: meta, error, data or stats.
    """
    keys = {"severity": severity, "text": text, "link": link, "inspect": inspect}
    result: dict[str, object] = _notice({key: item for key, item in keys.items() if item is not None}, "the notice")
    return result


def json_value(value: object, path: str) -> Any:  # noqa: ANN401  # JSON
    """Convert any value to JSON types (see `json_text`).

    Raises: FrameError for a value without JSON.
    """
    try:
        return json_text.plain(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise FrameError(f"{path}: {error}") from error


class _Object:
    """A check of an object by its keys."""

    def __init__(self, keys: Mapping[str, Check], *, needs: tuple[str, ...] = ()) -> None:
        self._keys = keys
        self._needs = needs

    def __call__(self, value: object, path: str) -> dict[str, object]:
        """Check each key; None means an absent key, as in Grafana, except for numbers, which can be null."""
        if not isinstance(value, Mapping):
            raise FrameError(f"{path} must be an object, not {_short(value)}")
        for key in value:
            if key not in self._keys:
                raise FrameError(f"{path} has the unknown key {key!r}{self._hint(key)}")
        for key in self._needs:
            if key not in value:
                raise FrameError(f"{path} lacks {key!r}")
        items = [(key, item) for key, item in value.items() if item is not None or self._keys[key] is _number]
        return {key: self._keys[key](item, f"{path}.{key}") for key, item in items}

    def _hint(self, key: object) -> str:
        import difflib  # noqa: PLC0415  # for mistakes alone

        near = difflib.get_close_matches(str(key), self._keys, n=1)
        free = "; put your own keys under 'custom'" if "custom" in self._keys else ""
        return f"; did you mean {near[0]!r}?" if near else free or f"; the allowed keys are {', '.join(self._keys)}"


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise FrameError(f"{path} must be text, not {_short(value)}")
    return value


def _flag(value: object, path: str) -> bool:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        raise FrameError(f"{path} must be true or false, not {_short(value)}")
    return bool(value)


def _integer_check(maximum: int) -> Check:
    def check(value: Any, path: str) -> int:  # noqa: ANN401  # any number
        number = value.item() if hasattr(value, "item") else value
        is_whole = isinstance(number, (int, float)) and not isinstance(number, bool) and number == number // 1
        if not is_whole or not 0 <= number <= maximum:
            raise FrameError(f"{path} must be a whole number from 0 to {maximum}, not {_short(value)}")
        return int(number)

    return check


def _number(value: Any, path: str) -> float | int | None:  # noqa: ANN401  # any number
    number = value.item() if hasattr(value, "item") else value
    if number is None:
        return None
    if isinstance(number, bool) or not (isinstance(number, (int, float)) or hasattr(number, "as_tuple")):
        raise FrameError(f"{path} must be a number, not {_short(value)}")
    if isinstance(number, int):
        return number
    return float(number) if math.isfinite(number) else None


def _finite(value: object, path: str) -> float | int:
    number = _number(value, path)
    if number is None:
        raise FrameError(f"{path} must be a finite number, not {_short(value)}")
    return number


def _choice(*names: str) -> Check:
    def check(value: object, path: str) -> str:
        if value not in names:
            raise FrameError(f"{path} must be one of {', '.join(names)}, not {_short(value)}")
        return str(value)

    return check


def _list(item: Check) -> Check:
    def check(value: object, path: str) -> list[object]:
        value = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(value, (list, tuple)):
            raise FrameError(f"{path} must be a list, not {_short(value)}")
        return [item(each, f"{path}[{index}]") for index, each in enumerate(value)]

    return check


def _free(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise FrameError(f"{path} must be an object, not {_short(value)}")
    result: dict[str, object] = json_value(value, path)
    return result


def _version(value: object, path: str) -> list[object]:
    version: list[object] = _list(_integer_check(2**32))(value, path)
    if len(version) != 2:  # noqa: PLR2004  # major and minor
        raise FrameError(f"{path} must be [major, minor], not {_short(value)}")
    return version


def _inspect(value: object, path: str) -> int:
    number = _INSPECT.get(value, value) if isinstance(value, str) else value
    if isinstance(number, bool) or number not in _INSPECT.values():
        names = ", ".join(f"{name} ({number})" for name, number in _INSPECT.items())
        raise FrameError(f"{path} must be one of {names}, not {_short(value)}")
    return int(number)  # type: ignore[call-overload, no-any-return]  # it equals one of the numbers


def _notice(value: object, path: str) -> dict[str, object]:
    return {"severity": "info", "text": "", **_NOTICE(value, path)}


def _mapping(value: object, path: str) -> dict[str, object]:
    mapping = _Object({"type": _choice(*_MAPPINGS), "options": _free}, needs=("type", "options"))(value, path)
    return {**mapping, "options": _MAPPINGS[str(mapping["type"])](mapping["options"], f"{path}.options")}


def _values(value: object, path: str) -> dict[str, object]:
    return {key: _RESULT(item, f"{path}.{key}") for key, item in _free(value, path).items()}


def _thresholds(value: object, path: str) -> dict[str, object]:
    keys: dict[str, Check] = {"mode": _choice("absolute", "percentage"), "steps": _list(_step)}
    thresholds = {"mode": "absolute", "steps": [], **_Object(keys)(value, path)}
    values = [step["value"] for step in thresholds["steps"]]  # type: ignore[attr-defined]  # a list of steps
    if values and values[0] is not None:
        raise FrameError(f"{path}.steps[0].value must be None: the first step applies below all others")
    if None in values[1:] or values[1:] != sorted(values[1:]):
        raise FrameError(f"{path}.steps must be sorted by value")
    return thresholds


def _step(value: object, path: str) -> dict[str, object]:
    return {"value": None, **_Object({"value": _number, "color": _text, "state": _text})(value, path)}


def _moment(value: object, path: str) -> str:
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)  # noqa: UP017  # as in `data`
        return aware.isoformat()
    return _text(value, path)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004  # a line


_NOTICE = _Object({"severity": _choice("info", "warning", "error"), "text": _text, "link": _text, "inspect": _inspect})
_RESULT = _Object({"text": _text, "color": _text, "index": _integer_check(2**31)})
_SPECIAL = _choice("true", "false", "null", "nan", "null+nan", "empty")
_MAPPINGS: dict[str, Check] = {
    "value": _values,
    "range": _Object({"from": _number, "to": _number, "result": _RESULT}, needs=("result",)),
    "special": _Object({"match": _SPECIAL, "result": _RESULT}, needs=("match", "result")),
}
_TRANSFORMATION = _Object(
    {"type": _choice("regex", "logfmt"), "field": _text, "expression": _text, "mapValue": _text}, needs=("type",)
)
_INTERNAL = _Object(
    {
        "query": json_value, "datasourceUid": _text, "datasourceName": _text, "panelsState": json_value,
        "transformations": _list(_TRANSFORMATION), "timeRange": _Object({"from": _moment, "to": _moment}),
    }
)  # fmt: skip
_LINK = _Object({"title": _text, "targetBlank": _flag, "url": _text, "internal": _INTERNAL})
_TEXTS = _list(_text)
_ENUM = _Object({"text": _TEXTS, "color": _TEXTS, "icon": _TEXTS, "description": _TEXTS}, needs=("text",))
_CONFIG: dict[str, Check] = {
    "displayName": _text, "displayNameFromDS": _text, "path": _text, "description": _text, "filterable": _flag,
    "writeable": _flag, "unit": _text, "decimals": _integer_check(2**16 - 1), "min": _number, "max": _number,
    "interval": _finite, "mappings": _list(_mapping), "thresholds": _thresholds, "color": _free,
    "links": _list(_LINK), "noValue": _text, "type": _Object({"enum": _ENUM}), "custom": _free,
}  # fmt: skip
_META: dict[str, Check] = {
    "type": _text, "typeVersion": _version, "path": _text, "pathSeparator": _text, "custom": json_value,
    "stats": _list(_Object({**_CONFIG, "value": _finite}, needs=("value",))), "notices": _list(_notice),
    "channel": _text, "preferredVisualisationType": _text, "preferredVisualisationPluginId": _text,
    "executedQueryString": _text, "dataTopic": _choice("annotations", "series", "alertStates"),
    "uniqueRowIdFields": _list(_integer_check(2**31)),
}  # fmt: skip
