"""The description of an operation: a project's `src/upstream/endpoints.py` has an `Endpoint` for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Keys = tuple[str, ...]
"""A path into a JSON value, from the outermost key; if empty, the value itself."""

Kind = Literal["string", "integer", "number", "boolean", "time", "json"]
Wire = Literal["", "rfc3339", "date", "seconds", "milliseconds"]
"""The format of a time in a request."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """The API's address; a variable is a name in the template, and the option that fills it."""

    template: str
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One credential: the option with the secret, and where to send it."""

    kind: Literal["bearer", "basic", "oauth2", "header", "query", "cookie"]
    option: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How to send one value.

    A list is sent as `prefix` and the items joined by `separator`; without a separator, as one parameter for each item.
    """

    name: str
    location: Literal["path", "query", "header", "cookie", "form", "body"] = "query"
    keys: Keys = ()  # its place in a JSON body
    separator: str = ""
    prefix: str = ""
    allows_reserved: bool = False
    is_json: bool = False  # the value is a JSON text
    bound: Literal["", "start", "end"] = ""  # the bound of the panel's time range that fills it
    wire: Wire = ""
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the table: its name, the place of its value in a row, and the value's type."""

    name: str
    keys: Keys = ()
    kind: Kind = "string"
    wire: Wire = ""
    is_key: bool = False  # the key that leads to the row
    is_id: bool = False  # a number that is a name, not a measurement
    is_labels: bool = False  # an object of texts, each a label


@dataclass(frozen=True, kw_only=True)
class Pages:
    """How to request the next page; at most `most` pages are read. The kind `unknown` has no way to request it."""

    kind: Literal["cursor", "next_url", "link", "page", "offset", "unknown"]
    parameter: str = ""  # gets the cursor, or the number of the page or row
    size_parameter: str = ""
    size: int = 0  # rows per page
    first: int = 1  # the number of the first page or row
    next_keys: Keys = ()  # the place of the next page's cursor or URL in an answer
    last_row_keys: Keys = ()  # the place of the cursor in a page's last row
    has_more_keys: Keys = ()  # the place of a boolean in an answer: false at the last page
    total_keys: Keys = ()  # the place of the number of all rows in an answer
    most: int = 20


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The source of a parameter's choices: rows of another operation."""

    operation: str
    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. `parameters` has the names of the query's fields as keys.

    `auth` has alternatives, each with credentials that are sent together; those of `optional_auth` are sent if set.
    """

    method: Literal["GET", "POST"]
    path: str
    accept: str = "application/json"  # the header Accept
    parameters: dict[str, Parameter] = field(default_factory=dict)
    body_type: str = ""  # the media type of the request's body; empty without a body
    auth: tuple[tuple[str, ...], ...] = ()
    optional_auth: tuple[str, ...] = ()
    address: Address | None = None
    pages: Pages | None = None
    rows: Keys = ()  # the place of the rows in an answer
    shape: Literal["array", "object", "map"] = "array"  # the value: a list of rows, one row, or rows by their keys
    columns: tuple[Column, ...] = ()
    error_keys: Keys = ()  # the place of the text in an error's body
    choices: dict[str, Choices] = field(default_factory=dict)


def find(value: Any, keys: Keys) -> Any:
    """Return the value at a path of keys, in which a number is an index of a list; None if the path does not exist."""
    for key in keys:
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value
