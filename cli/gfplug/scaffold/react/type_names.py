"""The names of a form's parts in `types.ts`; all exports have different names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfplug.scaffold.react.typescript import camel, pascal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.react.form_fields import FormField

_GLOBAL = {
    *(
        "Array",
        "Boolean",
        "Choice",
        "DataQuery",
        "DataSourceJsonData",
        "FilteredQuery",
        "Number",
        "Object",
        "Omit",
        "Options",
        "Partial",
    ),
    *("Record", "Secrets", "String"),
}
"""Names that `types.ts` imports, or exports for any dataclasses."""


class TypeNames:
    """The unique names of the exports of `types.ts`."""

    def __init__(self) -> None:
        """Start with the names that every `types.ts` uses."""
        self._used_names = set(_GLOBAL)

    def reserve(self, naming: Naming) -> None:
        """Reserve the names of a form's parts."""
        self._used_names |= {naming.model, naming.stored, naming.defaults, naming.read}

    def take(self, base: str, prefix: str) -> str:
        """Return the name if it is free, else with a prefix, else with a number; words are split as in Python."""
        name, number = base, 2
        if name in self._used_names:
            name = longer = camel(f"{prefix}_{base}") if base[0].islower() else pascal(f"{prefix}_{base}")
            while name in self._used_names:
                name, number = f"{longer}{number}", number + 1
        self._used_names.add(name)
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTypes:
    """The names of a form's parts in `types.ts`, and their code.

    `model` is the type of all its fields, `stored` the type in which fields may be missing, `defaults` a constant,
    `read` the function from `stored` to `model`. `choices` maps a field's name to its constant, `rows` a list's to its
    types.
    """

    fields: Sequence[FormField]
    model: str
    stored: str
    defaults: str
    read: str
    choices: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, FormTypes] = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of a form's parts, and the type that `stored` extends; `prefix` is put before names that are in use."""

    model: str
    stored: str
    defaults: str
    read: str
    base: str
    prefix: str
    comment: str


QUERY = Naming(
    model="Model",
    stored="Query",
    defaults="defaults",
    read="modelOf",
    base="DataQuery",
    prefix="query",
    comment="What the query editor shows; Python has the same defaults: alert rules never pass through a browser.",
)
SETTINGS = Naming(
    model="Settings",
    stored="Options",
    defaults="settingDefaults",
    read="settingsOf",
    base="DataSourceJsonData",
    prefix="setting",
    comment="What the config page keeps in jsonData.",
)


def own_naming(kind: str) -> Naming:
    """Return the names of the parts of a separate form: `variable` or `annotation`."""
    title = pascal(kind)
    return Naming(
        model=f"{title}Model",
        stored=f"{title}Query",
        defaults=f"{kind}Defaults",
        read=f"{kind}ModelOf",
        base="DataQuery",
        prefix=kind,
        comment=f"What the editor of {kind}s shows.",
    )
