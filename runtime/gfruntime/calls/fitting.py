"""Convert JSON values whose type differs from the author's type, if their text has only one meaning.

A variable in Grafana's provisioning files becomes a number or a boolean if it looks like one, and a dashboard's
variable is always replaced as text. So a number is accepted for `str`, and a text for the choice with that text.
msgspec accepts texts for `int`, `float` and `bool`.
"""

from __future__ import annotations

import json
import math
import types
import typing
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gfruntime.author import rules
from gfruntime.author.bounds import item_of
from gfruntime.author.controls import unwrap
from gfruntime.author.twins import has_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SCALARS = (bool, int, float)
_UNIONS = (typing.Union, types.UnionType)


def fit(hint: Any, value: Any) -> Any:  # noqa: ANN401  # a type, and JSON
    """Convert a value and its items to texts or choices where the type requires it; else return it unchanged."""
    try:
        target = _target_of(hint)
    except TypeError:  # the annotation is not hashable
        target = _target_of.__wrapped__(hint)
    if target.fields is not None:
        return _fit_items(value, target.fields.get) if isinstance(value, dict) else value
    if isinstance(value, (dict, list)):
        return value if target.item is None else _fit_items(value, lambda _: target.item)
    if target.choices:
        return _choice(target.choices, value)
    return text_of(value) if target.is_text and isinstance(value, _SCALARS) else value


class _Target(NamedTuple):
    """The values that a type accepts: the types of its fields and items, its choices, or texts."""

    fields: Mapping[str, Any] | None
    item: Any
    choices: list[Any]
    is_text: bool


@cache
def _target_of(hint: Any) -> _Target:  # noqa: ANN401  # a type
    bare = unwrap(hint)[0]
    return _Target(
        fields=typing.get_type_hints(bare, include_extras=True) if has_fields(bare) else None,
        item=next((item for member in _members(bare) if (item := item_of(member)) is not None), None),
        choices=rules.choices_of(bare),
        is_text=_wants_text(bare),
    )


def text_of(value: Any) -> Any:  # noqa: ANN401
    """Write a boolean or a number as JSON does; a number with an exponent stays, because users do not write it so."""
    if isinstance(value, float) and not math.isfinite(value):
        return value
    text = json.dumps(value)
    return value if "e" in text and not isinstance(value, bool) else text


def _fit_items(values: Any, hint_of: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Fit the values of a list or a mapping; `hint_of` returns the type of an item, None if no field reads it."""
    pairs = list(values.items() if isinstance(values, dict) else enumerate(values))
    fitted = [each if (hint := hint_of(key)) is None else fit(hint, each) for key, each in pairs]
    if all(one is other for one, (_, other) in zip(fitted, pairs, strict=True)):
        return values
    return dict(zip((key for key, _ in pairs), fitted, strict=True)) if isinstance(values, dict) else fitted


def _wants_text(bare: Any) -> bool:  # noqa: ANN401
    """Tell whether a type is str, or a union whose other members accept no number and no boolean."""
    members = _members(bare)
    return str in members and not any(member in (*_SCALARS, Any) for member in members)


def _members(bare: Any) -> list[Any]:  # noqa: ANN401
    """List the members of a union; for another type, the type itself."""
    return [unwrap(each)[0] for each in typing.get_args(bare)] if typing.get_origin(bare) in _UNIONS else [bare]


def _choice(choices: list[Any], value: Any) -> Any:  # noqa: ANN401
    """Return the choice that equals a value, else the only choice with its text."""
    if value is None or any(rules.is_same(value, choice) for choice in choices):
        return value
    text = value if isinstance(value, str) else text_of(value)
    spelled = [choice for choice in choices if (choice if isinstance(choice, str) else text_of(choice)) == text]
    return spelled[0] if len(spelled) == 1 else value
