"""The keys that the author's types read from a JSON object, and the keys of an object that no type reads.

Shape: `Keys` maps a key to the `Keys` of its value; None allows any keys. `*` has the keys of every value of a
mapping. A list has the keys of its items. Uses the standard library only, because it runs when the plugin is built.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import importlib.util
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

from gfruntime.author import httpform, migration
from gfruntime.author.bounds import item_of
from gfruntime.author.controls import unwrap
from gfruntime.author.twins import has_fields
from gfruntime.author.ui import Secret
from gfruntime.author.unread import EACH

if TYPE_CHECKING:
    from gfruntime.author.author_class import Author
    from gfruntime.author.unread import Keys

_UNIONS = (typing.Union, types.UnionType)


def describe(author: Author) -> dict[str, Any]:
    """Describe the keys that a data source reads from jsonData, the secrets and its queries.

    Shape: `{options: Keys, url: [name], secrets: [name] | null, query: Keys, own: {query type: Keys}}`. If the author's
    code reads `settings.json_data` or `settings.secrets` itself, any key is allowed. If a class migrates saved values,
    any key is allowed too, and `migrated`, otherwise missing, has the keys that are read after the migration.
    """
    stores = stores_of(author.options)
    reads = _attributes(author.make)
    models = {"query": author.model, **author.own_models}
    read = {
        "options": None if "json_data" in reads or stores is None else stores["jsonData"],
        **{kind: of(model) for kind, model in models.items()},
    }
    migrated = {
        name: read[name] for name, kind in {"options": author.options, **models}.items() if migration.migrates(kind)
    }
    keys = read | dict.fromkeys(migrated)
    return {
        "options": keys["options"],
        "url": [] if stores is None else list(stores["url"]),
        "secrets": None if "secrets" in reads or stores is None else list(stores["secureJsonData"]),
        "query": keys["query"],
        "own": {kind: keys[kind] for kind in author.own_models},
        **({"migrated": migrated} if migrated else {}),
    }


def of(hint: Any) -> Keys:  # noqa: ANN401 - a type
    """Return the keys that are read from an object of a type."""
    return _keys_of_type(hint, ())


def stores_of(options: Any) -> dict[str, dict[str, Keys]] | None:  # noqa: ANN401 - a type
    """Group the keys of the options by where Grafana stores them; None if the options are not a class with fields.

    Shape: jsonData, url, secureJsonData and root, each with its names.
    """
    keys = of(options)
    if keys is None:
        return None
    stores: dict[str, dict[str, Keys]] = {"jsonData": {}, "url": {}, "secureJsonData": {}, "root": {}}
    hints = typing.get_type_hints(options, include_extras=True)
    for name, below in keys.items():
        bare, ui, _ = unwrap(hints.get(name))
        if (group := httpform.group(bare)) is not None:
            for field in group:
                stores[field["store"]][field["name"]] = None
        else:
            stores["secureJsonData" if bare is Secret else ui.store][name] = below
    return stores


def _keys_of_type(hint: Any, owners: tuple[Any, ...]) -> Keys:  # noqa: ANN401 - a type
    bare = unwrap(hint)[0]
    if typing.get_origin(bare) in _UNIONS:
        below = [_keys_of_type(each, owners) for each in typing.get_args(bare) if each is not type(None)]
        return below[0] if len(below) == 1 else None
    origin = typing.get_origin(bare) or bare
    if has_fields(origin) or typing.is_typeddict(origin):
        return None if origin in owners else _fields(bare, origin, (*owners, origin))
    item = item_of(bare)
    below_items = None if item is None else _keys_of_type(item, owners)
    if below_items is None:
        return None
    return {EACH: below_items} if issubclass(origin, collections.abc.Mapping) else below_items


def _fields(bare: Any, kind: Any, owners: tuple[Any, ...]) -> Keys:  # noqa: ANN401 - a type
    """Return the keys that fill a class; None if it also accepts other keys."""
    try:
        hints = typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):  # decoding into the class raises the same error
        return None
    names = _names(kind, hints)
    if names is None:
        return None
    is_generic = bool(typing.get_args(bare))
    return {key: None if is_generic else _keys_of_type(hints.get(name), owners) for key, name in names}


def _names(kind: Any, hints: dict[str, Any]) -> list[tuple[str, str]] | None:  # noqa: ANN401 - a type
    """Pair each key with the attribute that it fills; None if the class reads arbitrary keys."""
    if dataclasses.is_dataclass(kind):
        return [(each.name, each.name) for each in dataclasses.fields(kind) if each.init]
    if hasattr(kind, "model_fields"):
        return _pydantic_names(kind)
    if hasattr(kind, "__struct_fields__"):
        tag = kind.__struct_config__.tag_field
        pairs = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
        return [*pairs, *([(tag, "")] if tag else [])]
    return [(name, name) for name in hints]


def _pydantic_names(kind: Any) -> list[tuple[str, str]] | None:  # noqa: ANN401 - a class
    validators = kind.__pydantic_decorators__.model_validators.values()
    if kind.model_config.get("extra") == "allow" or any(each.info.mode != "after" for each in validators):
        return None
    by_name = kind.model_config.get("populate_by_name") or kind.model_config.get("validate_by_name")
    pairs: list[tuple[str, str]] = []
    for name, field in kind.model_fields.items():
        aliases = [alias for alias in (field.alias, field.validation_alias) if alias is not None]
        if not all(isinstance(alias, str) for alias in aliases):
            return None
        pairs += [(key, name) for key in dict.fromkeys([*aliases, *([name] if by_name or not aliases else [])])]
    return pairs


def _attributes(make: Any) -> set[str]:  # noqa: ANN401 - a class, or a function that makes an instance
    """List the attributes that the author's package reads; all names if its code is not available."""
    package = str(getattr(make, "__module__", "")).partition(".")[0]
    modules = [name for name in list(sys.modules) if name.partition(".")[0] == package]
    names: set[str] = set()
    for module in modules:
        try:
            spec = getattr(sys.modules[module], "__spec__", None) or importlib.util.find_spec(module)
            code = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # no loader: AttributeError
        except (AttributeError, ImportError, ValueError):
            return {"json_data", "secrets"}
        names |= _names_in(code)
    return names


def _names_in(code: types.CodeType | None) -> set[str]:
    """List the names in a module's code, and in the functions and classes in it."""
    names: set[str] = set()
    ahead = [code]
    while ahead:
        if (part := ahead.pop()) is not None:
            names |= {*part.co_names}
            ahead += [each for each in part.co_consts if isinstance(each, types.CodeType)]
    return names
