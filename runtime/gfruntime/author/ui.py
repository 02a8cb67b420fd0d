"""How a dataclass field appears in Grafana's editors; plain annotations, so that the author's types stay plain Python.

@dataclass(frozen=True)
class Options:
    url: Annotated[str, Ui(label="URL", store="url")] = ""
    token: Secret = Secret("")
    timeout: Annotated[float, Ui(label="Timeout", help="seconds", minimum=1)] = 10.0
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Secret(str):
    """Text that Grafana stores encrypted; it never shows itself in a repr, and so in no traceback or log of values."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value."""
        return "Secret('***')" if self else "Secret('')"


@dataclass(frozen=True)
class HttpOptions:
    """A field of this type puts Grafana's usual HTTP settings on the config page.

    `http: HttpOptions = HttpOptions()` shows URL, basic authentication, TLS and custom headers, kept under the keys
    that every HTTP data source uses. The field itself stays empty: what was typed is in `Settings`.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ui:
    """The presentation of one field of the options or the query model, and what it may hold.

    `store` says where the config page keeps an option: in `jsonData` (the default) or in the data source's own `url`.
    `widget` fits a type: `textarea` and `code` (with `language` and `rows`) a text, `textarea` a secret, `radio` a
    choice, `hidden` anything.

    The editor shows what breaks a bound, and Python refuses it with status 400. `minimum` and
    `maximum` of a number, or of each number in a list, are inclusive. `required` asks for something that is not empty.
    `pattern` is a regular expression that the whole text matches, if it is not empty, as in HTML; it is written in what
    RE2 and JavaScript share: no lookaround, no references back.

    `options_from` names a resource of the plugin that lists the choices of a text or a list of texts in a query: a JSON
    list of texts, or of objects with `value` and perhaps `label` and `description`. `{database}` in it stands for the
    query's own field of that name: `options_from="tables?database={database}"`. Other texts may still be typed.

    `show_if={"mode": ["sum"]}` shows the field only while each of the named fields has one of its values. A hidden
    field is not required, and what it holds out of bounds is read as its default.
    """

    label: str = ""
    help: str = ""
    placeholder: str = ""
    section: str = ""
    widget: Literal["", "textarea", "radio", "code", "hidden"] = ""
    language: str = ""
    rows: int = 0
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    pattern: str = ""
    options_from: str = ""
    show_if: Mapping[str, Sequence[str | int | bool]] = field(default_factory=dict, hash=False)
    store: Literal["jsonData", "url"] = "jsonData"
