"""The fields of a form from the schema of the dataclasses, and the TypeScript that reads each.

Source: cli/gfplug/bundle/frontend/editors/types.ts, which has the contract.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.scaffold.react.typescript import literal, member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TEXTS = ("string", "text", "code")
SECRETS = ("secret", "secretText")
_KINDS = {*TEXTS, *SECRETS, "number", "boolean", "select", "multi", "tags", "list", "headers", "hidden"}
_RENAMED = {"from": "source", "showIf": "show_if"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field; `source` is the resource that lists its choices, `store` the place where the config page stores it.

    `needs` is a switch in Grafana's configuration; if it is off, the config page does not show the field.
    """

    name: str
    kind: str
    label: str
    help: str = ""
    placeholder: str = ""
    section: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = None
    integer: bool = False
    min: float | None = None
    max: float | None = None
    pattern: str = ""
    options: Sequence[Mapping[str, Any]] = ()
    radio: bool = False
    numeric: bool = False
    source: str = ""
    fields: Sequence[FormField] = ()
    show_if: Mapping[str, Sequence[Any]]
    language: str = ""
    variables: str = ""
    rows: int = 0
    store: str = "jsonData"
    apps: Sequence[str] = ()
    remember: bool = False
    needs: str = ""

    @property
    def owner(self) -> str:
        """The field whose dataclass contains it; empty for a field of the form itself."""
        return self.name.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Its name in the dataclass that contains it."""
        return self.name.rpartition(".")[2]

    @property
    def is_number(self) -> bool:
        """Whether its value is a number or numbers."""
        return self.kind == "number" or self.numeric

    @property
    def is_list(self) -> bool:
        """Whether its value is a list."""
        return self.kind in ("multi", "tags", "list") or isinstance(self.default, list)


def read_fields(form: Mapping[str, Any] | None) -> list[FormField]:
    """Read the fields of a form of the schema; empty without a form.

    Raises: ProjectError that names an unknown kind of field.
    """
    return [_read(field) for field in (form or {}).get("fields", [])]


def _read(raw: Mapping[str, Any]) -> FormField:
    if raw["kind"] not in _KINDS:
        raise ProjectError(
            f"this gfplug has no control for {raw['name']!r}, of the kind {raw['kind']!r}",
            hint="upgrade gfplug, or give the field another type",
        )
    names = {field.name for field in fields(FormField)}
    values = {_RENAMED.get(name, name): value for name, value in raw.items()}
    inner = [_read(each) for each in raw.get("fields", [])]
    return FormField(
        **{name: value for name, value in values.items() if name in names - {"fields", "show_if"}},
        fields=inner,
        show_if=raw.get("showIf", {}),
    )


def condition(field: FormField, form: Sequence[FormField], read: Callable[[FormField], str]) -> str:
    """Write the test that a field is used; empty if it is always used. `read` writes the value of another field."""
    return _join_tests(_tests(field, form, read))


def visible_if(field: FormField, form: Sequence[FormField], read: Callable[[FormField], str]) -> str:
    """Write the test that a field is used, and is visible in the Grafana app that shows the editor."""
    here = " || ".join(["!app", *(f"app === {literal(app)}" for app in field.apps)]) if field.apps else ""
    return _join_tests([*_tests(field, form, read), *([here] if here else [])])


def _tests(field: FormField, form: Sequence[FormField], read: Callable[[FormField], str]) -> list[str]:
    others = {other.name: other for other in form}
    return [
        *([member("config", field.needs)] if field.needs else []),
        *(
            _is_one_of(read(others[name]), others[name], values)
            for name, values in field.show_if.items()
            if name in others
        ),
    ]


def _join_tests(tests: Sequence[str]) -> str:
    return " && ".join(f"({test})" if "||" in test and len(tests) > 1 else test for test in tests)


def _is_one_of(value: str, field: FormField, values: Sequence[Any]) -> str:
    if list(values) == [True] and field.kind == "boolean":
        return value
    if list(values) == [False] and field.kind == "boolean" and not field.nullable:
        return f"!{value}"
    distinct = [each for at, each in enumerate(values) if each not in values[:at] or isinstance(each, bool)]
    return " || ".join(f"{value} {'==' if each is None else '==='} {literal(each)}" for each in distinct)


def negated(test: str) -> str:
    """Write the opposite of a test."""
    if " && " in test or " || " in test:
        return f"!({test})"
    if " === " in test:
        return test.replace(" === ", " !== ")
    return test.replace(" == ", " != ") if " == " in test else f"!{test}".removeprefix("!!")


def any_of(tests: Sequence[str]) -> str:
    """Write the test that one of several tests is true; empty if one is always true. Redundant tests are omitted."""
    distinct = [each for each in dict.fromkeys(tests) if not any(each.startswith(f"{test} && ") for test in tests)]
    if not all(distinct):
        return ""
    return (
        distinct[0] if len(distinct) == 1 else " || ".join(f"({each})" if "&&" in each else each for each in distinct)
    )


def simplify_within(test: str, whole: str) -> str:
    """Write a test without the part that `whole` already ensures."""
    return "" if test == whole else test.removeprefix(f"{whole} && ") if whole else test


def sections(form: Sequence[FormField]) -> list[tuple[str, list[FormField]]]:
    """List the sections of a form in order, each with its visible fields; fields without a section come first."""
    visible = [field for field in form if field.kind != "hidden"]
    names = dict.fromkeys(["", *(field.section for field in visible)])
    grouped = [(name, [field for field in visible if field.section == name]) for name in names]
    return [(name, inside) for name, inside in grouped if inside]


def reader(owner: str) -> Callable[[FormField], str]:
    """Return a function that writes the access to a field of an object."""
    return lambda field: member(owner, field.name)
