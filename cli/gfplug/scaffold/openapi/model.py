"""A data source as an API's description tells it: what is generated is made of these, and of nothing else.

Every value is frozen and equal by its contents, and two readings of one description are equal. Texts (titles,
descriptions, wire names, choices, examples) are a stranger's and may hold anything, line ends and quotes included:
quote them. Identifiers are safe: ASCII `[a-z][a-z0-9_]*`, at most 60 characters, no keyword or soft keyword of Python,
and unique where the docstring says so, also when case and underscores are dropped: `CamelCase` names made of them
are unique as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool
Path: TypeAlias = tuple[str, ...]
"""Keys that lead into a JSON object, from the outermost; empty: the value itself."""

Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "time", "json"]
"""What a value is; `json` is any other value, kept or written as JSON text."""

Wire: TypeAlias = Literal["", "rfc3339", "date", "seconds", "milliseconds"]
"""How a time travels: RFC 3339 text, `YYYY-MM-DD` (UTC's midnight), or a number since 1970; empty for other kinds."""

Location: TypeAlias = Literal["path", "query", "header", "cookie", "body"]

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """What one parameter accepts; with `is_list`, the rest says what each item is.

    `choices` become a `Literal`; they are all of `kind` and distinct. Limits are inclusive; `None` is no limit.
    """

    kind: Kind
    wire: Wire = ""
    choices: tuple[Scalar, ...] = ()
    is_list: bool = False
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsFrom:
    """The list operation whose rows are a parameter's options.

    `operation` is another operation's identifier; `value` and `label` are names of its columns. `arguments` are pairs
    of identifiers: that operation's parameter, and this operation's parameter that fills it; with these it can be
    called, as all of its required parameters are among them.
    """

    operation: str
    value: str
    label: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing the caller may choose; objects have become one parameter for each of their properties.

    `name` goes over the wire (`filter[name]`, `ids[]`), and in a body's case `path` says where it goes; elsewhere
    `path` is `(name,)`. `identifier` is unique in its operation. `default` is `None` where there is none, a tuple for
    a list; it fits `type`. A list is sent as `prefix` and the items joined by `separator`; an empty separator repeats
    the parameter. A path's single value has a prefix as well (`.` and `;name=` for the rare styles).
    `bound` is the end of the panel's time range that fills it when the author leaves it empty; its kind is then `time`.
    """

    name: str
    identifier: str
    location: Location
    type: ValueType
    path: Path
    is_required: bool = False
    is_nullable: bool = False
    default: Scalar | tuple[Scalar, ...] | None = None
    description: str = ""
    example: Scalar | tuple[Scalar, ...] | None = None
    separator: str = ""
    prefix: str = ""
    allows_reserved: bool = False
    bound: Literal["", "start", "end"] = ""
    options_from: OptionsFrom | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of an operation's frame.

    `name` is dotted (`owner.name`) and unique in its response, and `path` leads to the value from a row; an empty
    path is the row itself. With `is_key`, the value is the map's key that leads to the row. `is_label`: text of few
    values (an enum, a map's key), which tells series apart; of the kind `json`, it is an object of texts under any
    keys (`tags`), each of which is a label. `choices` are what an enum names; others may come.
    """

    name: str
    path: Path
    kind: Kind
    wire: Wire = ""
    is_key: bool = False
    is_label: bool = False
    is_nullable: bool = True
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How an answer's JSON becomes rows.

    `row_path` leads from the body to the rows: an `array` has one in each item, an `object` is one row itself, and a
    `map` has one in each value. A missing or null value at `row_path` has no rows. `columns` has at least one.
    `example` is a body's JSON text, the description's own or, with `is_example_made`, made of the schema.
    """

    row_path: Path
    shape: Literal["array", "object", "map"]
    columns: tuple[Column, ...]
    example: str
    is_example_made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """How the next page is asked for; at most `most_pages` are read, and a notice says when there were more.

    Identifiers are those of parameters, which the author need not set. By `kind`:

    - `cursor`: `next_path` leads from the body to what `parameter` takes for the next page; there is none when it is
      missing, null or empty. With `last_row_path`, it is that value of the last row instead.
    - `next_url`: `next_path` leads to the next page's whole or relative URL; `parameter` is empty.
    - `link`: the `Link` header's `rel="next"` is the next page's URL; `parameter` is empty.
    - `page`: `parameter` counts pages from `first`; `offset`: it counts rows from `first`. The end is a page without
      rows, or equal to the one before; or one with fewer than `size` after one with as many.
    - `unknown`: only one page can be asked for; the paths tell whether there are more, which a notice says.

    `has_more_path`, where given, leads to a boolean, and `total_path` to the number of all rows. `size_parameter` is
    the one that takes a page's number of rows, `size` the most rows that it takes (0 where neither is known).
    """

    kind: Literal["cursor", "next_url", "link", "page", "offset", "unknown"]
    parameter: str = ""
    size_parameter: str = ""
    size: int = 0
    first: int = 1
    next_path: Path = ()
    last_row_path: Path = ()
    has_more_path: Path = ()
    total_path: Path = ()
    most_pages: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One query: a GET, or a POST that asks.

    `name` is the description's operationId, or made of method and path; `identifier` is unique in the data source.
    `path` starts with `/` and holds `{name}` for each of the parameters whose location is `path`, and no other brace.
    `parameters` has the required ones first, otherwise in the description's order. `body_type` is empty without a
    body: a form, or any type of JSON. `accept` is the media type of the answer that `response` describes.
    `auth` has the alternatives, each with names of `Auth`s that go together; empty: none is needed, or none is told.
    Those of `optional_auth` are sent besides where the user has them, and never needed.
    `base_urls` are the operation's own, and empty where the data source's fit.
    `error_path` leads from an error's JSON body to its text, where a `0` is the first item of a list; empty where the
    description does not tell.
    `place` is a JSON pointer into the description.
    """

    name: str
    identifier: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    response: Response
    accept: str
    body_type: str = ""
    pagination: Pagination | None = None
    auth: tuple[tuple[str, ...], ...] = ()
    optional_auth: tuple[str, ...] = ()
    base_urls: tuple[BaseUrl, ...] = ()
    error_path: Path = ()
    place: str
    is_deprecated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlVariable:
    """One `{name}` of a base URL; `identifier` is unique in the data source among all variables of other names."""

    name: str
    identifier: str
    default: str
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseUrl:
    """Where the API is served: `template` is an absolute http or https URL without a slash at its end.

    It holds `{name}` for each of `variables`; `url` is the template with their defaults.
    """

    template: str
    url: str
    variables: tuple[UrlVariable, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """One way to authenticate; `name` is the description's, `identifier` unique in the data source.

    By `kind`: `bearer` and `basic` say all; `api_key` sends a secret as `key_name` in `key_location`; `oauth2` has the
    flow, its absolute URLs (`authorization_url` is empty for `client_credentials` and `password`) and scopes as pairs
    of a name and what it allows.
    """

    name: str
    identifier: str
    kind: Literal["bearer", "basic", "api_key", "oauth2"]
    description: str = ""
    key_name: str = ""
    key_location: Literal["", "header", "query", "cookie"] = ""
    flow: Literal["", "client_credentials", "password", "authorization_code", "implicit"] = ""
    token_url: str = ""
    authorization_url: str = ""
    scopes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something of the description that the data source does not have: one whole sentence says why.

    `kind`: `not_a_query` is an operation that changes something or answers no JSON, which is as it should be;
    `flawed` is an operation that cannot be read as it is described; `part` is a piece (a parameter, columns, a way
    to authenticate) of something that is there. `--strict` refuses `flawed`.
    `place` is a JSON pointer, after the file's name and `#` where it is another file; `operation` is its name, or
    empty.
    """

    kind: Literal["not_a_query", "flawed", "part"]
    place: str
    operation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule of OpenAPI's that the description breaks: it was read nevertheless, as far as it can be.

    `operation` is the name of the one that it belongs to, or empty; `place` is a JSON pointer.
    """

    place: str
    operation: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """What a description tells of an API: at least one operation, in the description's order.

    `base_urls` may be empty (the author asks the user for a URL then); `base_path` is what such a URL ends with, as far
    as the description tells (`/api/v3`), or empty. `auth` has only what an operation names.
    `violations` are the first ones that a validating library found; None where it is not installed, which is logged.
    """

    title: str
    version: str
    description: str
    base_urls: tuple[BaseUrl, ...]
    auth: tuple[Auth, ...]
    operations: tuple[Operation, ...]
    left_out: tuple[LeftOut, ...] = ()
    base_path: str = ""
    violations: tuple[Violation, ...] | None = ()
