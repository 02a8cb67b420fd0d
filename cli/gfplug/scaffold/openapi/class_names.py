"""The names of types in one module of generated code: classes and choice types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.python_text import Bracket, Code, subscript

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import Scalar

_NOT_CLASSES = {
    *("Annotated", "HttpOptions", "Literal", "Model", "OAuth2Options", "Operation", "Options", "Secret", "Ui"),
    *("EXAMPLES", "GRANTS", "QUERIES", "SHOW"),
}


@dataclass(slots=True)
class ClassNames:
    """The names in one module: classes, and choice types, which several operations may use."""

    used_names: set[str] = field(default_factory=lambda: set(_NOT_CLASSES))
    choices: dict[str, tuple[Scalar, ...]] = field(default_factory=dict)
    _exact: dict[str, tuple[tuple[type, Scalar], ...]] = field(default_factory=dict)

    def take(self, name: str) -> str:
        """Return a free name, and reserve it."""
        return self._free(name, self.used_names)

    def choose(self, name: str, values: tuple[Scalar, ...], owner: str) -> Code:
        """Return the name of the type with these choices; the same name with the same choices is the same type."""
        exact = tuple((type(value), value) for value in values)  # True is not 1
        for candidate in (name, f"{owner}{name}"):
            if self._exact.get(candidate) == exact:
                return Code(candidate)
            if candidate not in self.used_names:
                break
        else:
            candidate = f"{owner}{name}"
        free = self.take(candidate)
        self.choices[free], self._exact[free] = values, exact
        return Code(free)

    @staticmethod
    def _free(name: str, used_names: set[str]) -> str:
        candidates = (name, f"{name}Query", *(f"{name}Query{number}" for number in range(2, 10_000)))
        free = next(candidate for candidate in candidates if candidate not in used_names)
        used_names.add(free)
        return free


def choices_type(values: tuple[Scalar, ...]) -> Bracket:
    """Write the type with these choices."""
    return subscript("Literal", *values)


def camel(identifier: str) -> str:
    """Turn `list_pets` into `ListPets`."""
    return "".join(part[:1].upper() + part[1:] for part in identifier.split("_"))
