"""What is known of an operation of an API: a project's `src/upstream/endpoints.py` has an `Endpoint` for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Keys = tuple[str, ...]
"""They lead into a JSON value, from the outermost; without any, it is the value itself."""

Kind = Literal["string", "integer", "number", "boolean", "time", "json"]
Wire = Literal["", "rfc3339", "date", "seconds", "milliseconds"]
"""How a time travels."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the API is; a variable is a name in the template, and the option that fills it."""

    template: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One way to say who asks: the secret of the options that is sent, and where."""

    kind: Literal["bearer", "basic", "oauth2", "header", "query", "cookie"]
    option: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How one value is sent. A list is a prefix and the items with separators; without a separator, it is repeated."""

    name: str
    location: Literal["path", "query", "header", "cookie", "form", "body"] = "query"
    keys: Keys = ()  # where it goes in a body of JSON
    separator: str = ""
    prefix: str = ""
    allows_reserved: bool = False
    is_json: bool = False  # the value is a text of JSON
    bound: Literal["", "start", "end"] = ""  # of the panel's time range, which fills it
    wire: Wire = ""
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the table: its name, where a row has its value, and what the value is."""

    name: str
    keys: Keys = ()
    kind: Kind = "string"
    wire: Wire = ""
    is_key: bool = False  # the key that leads to the row
    is_id: bool = False  # a number that names something, and measures nothing
    is_labels: bool = False  # an object of texts, each of them a label


@dataclass(frozen=True, kw_only=True)
class Pages:
    """How the next page is asked for; at most `most` are read. The next page of the kind `unknown` can't be."""

    kind: Literal["cursor", "next_url", "link", "page", "offset", "unknown"]
    parameter: str = ""
    size_parameter: str = ""
    size: int = 0
    first: int = 1
    next_keys: Keys = ()
    last_row_keys: Keys = ()
    has_more_keys: Keys = ()
    total_keys: Keys = ()
    most: int = 20


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Where the choices of a parameter come from: rows of another operation."""

    operation: str
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. `parameters` are by the names of the query's fields.

    `auth` has alternatives, each with credentials that go together; those of `optional_auth` are sent if there are any.
    """

    method: Literal["GET", "POST"]
    path: str
    accept: str = "application/json"
    parameters: dict[str, Parameter] = field(default_factory=dict)
    body_type: str = ""
    auth: tuple[tuple[str, ...], ...] = ()
    optional_auth: tuple[str, ...] = ()
    address: Address | None = None
    pages: Pages | None = None
    rows: Keys = ()
    shape: Literal["array", "object", "map"] = "array"
    columns: tuple[Column, ...] = ()
    error_keys: Keys = ()
    choices: dict[str, Choices] = field(default_factory=dict)


def find(value: Any, keys: Keys) -> Any:
    """Return what the keys lead to, where a number is the place in a list; None where there is nothing."""
    for key in keys:
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
