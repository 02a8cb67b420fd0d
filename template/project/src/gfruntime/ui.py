"""How a dataclass field appears in Grafana's editors; plain annotations, so that the author's types stay plain Python.

@dataclass(frozen=True)
class Options:
    url: Annotated[str, Ui(label="URL", store="url")] = ""
    token: Secret = Secret("")
    timeout: Annotated[float, Ui(label="Timeout", help="seconds", minimum=1)] = 10.0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class Secret(str):
    """Text that Grafana stores encrypted; it never shows itself in a repr, and so in no traceback or log of values."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value."""
        return "Secret('***')" if self else "Secret('')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ui:
    """The presentation of one field of the options or the query model.

    `store` says where the config page keeps an option: in `jsonData` (the default) or in the data source's own `url`.
    `widget` fits a type: `textarea` and `code` (with `language` and `rows`) a text, `textarea` a secret, `radio` a
    choice, `hidden` anything. `minimum` and `maximum` are inclusive.
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
    store: Literal["jsonData", "url"] = "jsonData"
