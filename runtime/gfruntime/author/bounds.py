"""Check decoded values against the limits of a model's types and `Ui`: limits, patterns, required values.

A class is compiled once. Compilation fails if a bound is invalid: its minimum is above its maximum, its pattern can't
be read, or the field's default breaks it. `find` yields the bounds that a decoded object breaks.

A field that `show_if` hides has no bounds for the user, because the editor shows neither the field nor an error. A
value out of bounds in a hidden field is a hidden violation; the caller then uses the field's default.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from gfruntime.author import rules
from gfruntime.author.controls import SchemaError, unwrap
from gfruntime.author.twins import has_fields, twin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


Path: TypeAlias = "tuple[str | int, ...]"

_LISTS = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_MAPPINGS = (dict, collections.abc.Mapping)
_MISSING = object()
_EMPTY = "it is empty, and a value is required"
_COMPILED: dict[Any, Bounds] = {}


@dataclass(frozen=True, slots=True)
class Violation:
    """One value that breaks a bound, and its path; `is_hidden` says that the editor does not show the field."""

    path: Path
    text: str
    is_hidden: bool = False

    def __str__(self) -> str:
        """Describe the violation in one sentence."""
        return f"field {name_of(self.path)!r}: {self.text}"


@dataclass(slots=True, kw_only=True)
class _Field:
    name: str
    is_required: bool
    show_if: dict[str, list[Any]]
    rules: list[rules.Rule] = field(default_factory=list)
    inner: Bounds | None = None
    is_list: bool = False

    def may_break(self, value: Any) -> bool:  # noqa: ANN401
        """Tell whether a value may break a bound; exact for a single value, and fast."""
        if self.is_list or self.inner is not None:
            return True
        for rule in self.rules:  # noqa: SIM110  # `any` would take twice the time of nearly every query
            if rule(value):
                return True
        return False

    def find(self, value: Any, path: Path, root: Any) -> Iterator[Violation]:  # noqa: ANN401
        """Yield violations of the field's value, or of its items."""
        if not self.is_list:
            yield from self._check_value(value, path, root)
        elif isinstance(value, collections.abc.Mapping):
            for key, item in value.items():
                yield from self._check_value(item, (*path, key), item)
        else:
            for number, item in enumerate(value):
                yield from self._check_value(item, (*path, number), item)

    def _check_value(self, value: Any, path: Path, root: Any) -> Iterator[Violation]:  # noqa: ANN401
        for rule in self.rules:
            if text := rule(value):
                yield Violation(path, text)
        if self.inner is not None and value is not None:
            yield from self.inner.find(value, path, root)


@dataclass(slots=True, kw_only=True)
class Bounds:
    """The bounds of one class. `decode_as` is the class to decode into before `find` checks the values."""

    decode_as: Any
    fields: list[_Field] = field(default_factory=list)

    def find(self, instance: Any, path: Path = (), root: Any = None) -> Iterator[Violation]:  # noqa: ANN401
        """Yield violations; `root` is the object whose fields `show_if` names."""
        root = instance if root is None else root
        for each in self.fields:
            value = getattr(instance, each.name, None)
            if each.is_required and _is_empty(value) and _is_shown(each, root):
                yield Violation((*path, each.name), _EMPTY)
            if value is None or not each.may_break(value):
                continue
            violations = each.find(value, (*path, each.name), root)
            if _is_shown(each, root):
                yield from violations
            elif (first := next(violations, None)) is not None:
                yield Violation((*path, each.name), first.text, is_hidden=True)

    def hides(self, instance: Any, path: Path) -> bool:  # noqa: ANN401
        """Tell whether the editor hides a field of the instance, or a field that contains it."""
        root = instance
        for key, each in zip(path, self._fields_on(path), strict=False):
            if each is None:
                root = instance = instance[key]  # a row: its fields refer to one another
            elif not _is_shown(each, root):
                return True
            else:
                instance = getattr(instance, str(key))
        return False

    def has_show_if(self, path: Path) -> bool:
        """Tell whether a field on a path has a `show_if`."""
        return any(each is not None and each.show_if for each in self._fields_on(path))

    def _fields_on(self, path: Path) -> Iterator[_Field | None]:
        """Yield the fields on a path, and None for the index of an item."""
        bounds: Bounds | None = self
        for key in path:
            if isinstance(key, int):
                yield None
                continue
            each = next((each for each in bounds.fields if each.name == key), None) if bounds else None
            if each is None:
                return
            yield each
            bounds = each.inner


def bounds_of(model: Any) -> Bounds | None:  # noqa: ANN401  # a type
    """Compile the bounds of a class, once; None if it has no bounds.

    Raises: SchemaError if a bound is invalid.
    """
    compiled = _compile(model)
    return compiled if compiled is not None and compiled.fields else None


def _compile(model: Any) -> Bounds | None:  # noqa: ANN401
    if not has_fields(model):
        return None
    if model not in _COMPILED:
        _COMPILED[model] = compiled = Bounds(
            decode_as=twin_of(model)
        )  # stored before its fields, which may refer to it
        try:
            hints = typing.get_type_hints(model, include_extras=True)
            defaults = _defaults(model)
            for name, hint in hints.items():
                if name in defaults:
                    compiled.fields += _compile_field(name, hint, f"{model.__name__}.{name}", defaults[name])
        except BaseException:
            del _COMPILED[model]
            raise
    return _COMPILED[model]


def _defaults(model: Any) -> dict[str, Any]:  # noqa: ANN401
    """Map the fields with a default to functions that return it."""
    if not dataclasses.is_dataclass(model):  # pydantic checks defaults itself, if configured to
        names: Any = getattr(model, "model_fields", None) or getattr(model, "__struct_fields__", ())
        return dict.fromkeys(names, lambda: _MISSING)
    defaults = {}
    for each in dataclasses.fields(model):
        if each.init:
            has_factory = each.default_factory is not dataclasses.MISSING
            value = _MISSING if each.default is dataclasses.MISSING else each.default
            defaults[each.name] = each.default_factory if has_factory else lambda value=value: value
    return defaults


def _compile_field(name: str, hint: Any, field_path: str, default: Callable[[], Any]) -> Iterator[_Field]:  # noqa: ANN401
    bare, ui, _ = unwrap(hint)
    item = item_of(bare)
    kind, item_ui, _ = (bare, ui, False) if item is None else unwrap(item)
    each = _Field(
        name=name,
        is_required=ui.required,
        show_if=rules.show_if_json(ui, field_path),
        rules=rules.rules_of(kind, ui if item is None else rules.join_bounds(ui, item_ui), field_path),
        inner=_compile(kind),
        is_list=item is not None,
    )
    choices = rules.choices_of(kind)
    if each.rules or choices or each.inner is not None:
        _check_default(each, choices, default(), field_path)
    if each.rules or each.is_required or each.show_if or each.inner is not None:
        yield each


def _check_default(each: _Field, choices: list[Any], default: Any, field_path: str) -> None:  # noqa: ANN401
    """Refuse a default that breaks a bound, except an empty default of a required field."""
    if default is _MISSING or default is None:
        return
    checks = dataclasses.replace(each, rules=[*each.rules, *rules.choice_rules(choices)])
    for violation in checks.find(default, (), default):
        if violation.text != _EMPTY:
            raise SchemaError(f"{field_path}: its default is invalid: {violation.text}")


def item_of(bare: Any) -> Any:  # noqa: ANN401
    """Return the type of the items of a list, or of the values of a mapping; None for another type."""
    origin, arguments = typing.get_origin(bare), typing.get_args(bare)
    if origin in _MAPPINGS and len(arguments) == 2:  # noqa: PLR2004  # key and value
        return arguments[1]
    if origin is tuple and arguments[1:] != (Ellipsis,):
        return None
    return arguments[0] if origin in _LISTS and arguments else None


def _is_shown(each: _Field, root: Any) -> bool:  # noqa: ANN401
    """Tell whether the editor shows a field; a field that depends on unknown values counts as hidden."""
    for name, values in each.show_if.items():
        value = root
        for key in name.split("."):
            value = getattr(value, key, _MISSING)
        if not any(rules.is_same(value, one) for one in values):
            return False
    return True


def _is_empty(value: Any) -> bool:  # noqa: ANN401
    return value is None or (isinstance(value, (str, *_LISTS[:4], dict)) and not value)


def name_of(path: Path) -> str:
    """Write a path as authors do: `rows[0].size`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
