"""A data source, as an API's description defines it. Generated code depends only on these values.

All values are frozen and compare by their contents; reading one description twice gives equal values. Texts (titles,
descriptions, names in requests, choices, examples) are untrusted and may contain line ends and quotes: quote them.
Identifiers are safe: ASCII `[a-z][a-z0-9_]*`, at most 60 characters, never a keyword or soft keyword of Python. Where
a docstring says that they are unique, they stay unique without case and underscores, and so do their CamelCase forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool
Path: TypeAlias = tuple[str, ...]
"""The keys of a value inside a JSON object, the outermost first; empty for the object itself."""

Kind: TypeAlias = Literal["string", "integer", "number", "boolean", "time", "json"]
"""The kind of a value; `json` is every other value, read and written as JSON text."""

Wire: TypeAlias = Literal["", "rfc3339", "date", "seconds", "milliseconds"]
"""How a time is encoded: RFC 3339, `YYYY-MM-DD` (midnight in UTC), or a number since 1970; empty for other kinds."""

Location: TypeAlias = Literal["path", "query", "header", "cookie", "body"]

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """The values that one parameter accepts; with `is_list`, the other fields describe each item.

    `choices` become a `Literal`; they are unique, and all of them are of `kind`. Limits are inclusive; `None` means no
    limit.
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
    """The list operation whose rows are the options of a parameter.

    `operation` is the identifier of the list operation; `value` and `label` are names of its columns. `arguments` are
    pairs of identifiers: a parameter of the list operation, and the parameter of this operation that has its value.
    All required parameters of the list operation are among them.
    """

    operation: str
    value: str
    label: str
    arguments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value of a request that the caller chooses; an object is one parameter for each of its properties.

    `name` is sent in the request (`filter[name]`, `ids[]`); in a body, `path` is the value's place, elsewhere it is
    `(name,)`. `identifier` is unique in its operation. `default` is of `type`, a tuple for a list, or `None`. A list
    is sent as `prefix` and the items joined by `separator`; with an empty separator, the parameter is repeated. A
    single value in a path may also have a prefix (`.` and `;name=` for the rare styles). `bound` is the end of the
    panel's time range whose value an empty parameter gets; `type.kind` is then `time`.
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

    `name` is dotted (`owner.name`) and unique in its response; `path` are the keys of the value in a row, empty for the
    row itself. With `is_key`, the value is the row's key in its map. `is_label`: a text with few values (an enum, a
    map's key) that distinguishes series; if its kind is `json`, an object of texts with any keys (`tags`), each of
    which is a label. `choices` are the values of an enum; a response may have other values.
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
    """How the JSON of a response becomes rows.

    `row_path` are the keys of the rows in the body: each item of an `array`, each value of a `map`, or one `object` is
    a row. If the value at `row_path` is missing or null, there are no rows. `columns` is never empty. `example` is the
    JSON text of a body: the description's example or, with `is_example_made`, one generated from the schema.
    """

    row_path: Path
    shape: Literal["array", "object", "map"]
    columns: tuple[Column, ...]
    example: str
    is_example_made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """How the next page is requested; at most `most_pages` are read, and a notice reports if there are more.

    `parameter` and `size_parameter` are identifiers of parameters, which the runtime sets. By `kind`:

    - `cursor`: `next_path` are the keys of the value that `parameter` gets for the next page; there is no next page if
      it is missing, null or empty. With `last_row_path`, `parameter` gets this value of the last row instead.
    - `next_url`: `next_path` are the keys of the next page's absolute or relative URL; `parameter` is empty.
    - `link`: the `Link` header's `rel="next"` is the next page's URL; `parameter` is empty.
    - `page`: `parameter` counts pages from `first`; `offset`: it counts rows from `first`. The last page has no rows,
      or equals the page before it, or has fewer than `size` rows after a page with `size` rows.
    - `unknown`: only one page can be requested; the paths show whether there are more, which a notice reports.

    `has_more_path` are the keys of a boolean, `total_path` those of the number of all rows; either may be empty.
    `size_parameter` sets the number of rows of a page; `size` is the largest accepted number, 0 if unknown.
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
    """One query: a GET, or a POST that only reads.

    `name` is the description's operationId, or the method and the path; `identifier` is unique in the data source.
    `path` starts with `/`, contains `{name}` for each parameter in the path, and no other brace.
    `parameters` are in the description's order, required ones first. `body_type` is the media type of the body, a form
    or JSON; empty without a body. `accept` is the media type of `response`.
    `auth` has the alternatives, each with the names of all `Auth`s that it combines; empty if no `Auth` is needed or
    described. The `Auth`s of `optional_auth` are never required, and are sent if the user has entered their secrets.
    `base_urls` are those of the operation; empty if those of the data source apply.
    `error_path` are the keys of the message in an error's JSON body, where `0` is the first item of a list; empty if
    the description has none.
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
    """One `{name}` of a base URL; variables with different names have different identifiers in the data source."""

    name: str
    identifier: str
    default: str
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseUrl:
    """A base URL of the API: `template` is an absolute http or https URL without a slash at its end.

    The template contains `{name}` for each of `variables`; `url` is the template with their defaults.
    """

    template: str
    url: str
    variables: tuple[UrlVariable, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """One security scheme; `name` is its name in the description, `identifier` is unique in the data source.

    By `kind`: `bearer` and `basic` have no other fields; `api_key` sends a secret as `key_name` in `key_location`;
    `oauth2` has the flow, its absolute URLs (`authorization_url` is empty for `client_credentials` and `password`), and
    the scopes as pairs of a name and its meaning.
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
    """An element of the description that the data source leaves out; `reason` is a complete sentence.

    `kind`: `not_a_query` is an operation that changes something or does not return JSON, which is expected; `flawed`
    is an operation whose description cannot be read, which `--strict` refuses; `part` is a part (a parameter, columns,
    a security scheme) of an element that the data source has.
    `place` is a JSON pointer, for another file after its name and `#`; `operation` is the operation's name, or empty.
    """

    kind: Literal["not_a_query", "flawed", "part"]
    place: str
    operation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule of OpenAPI that the description breaks; the description is read as far as possible.

    `operation` is the operation's name, or empty; `place` is a JSON pointer.
    """

    place: str
    operation: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """An API as its description defines it: at least one operation, in the description's order.

    If `base_urls` is empty, the user must enter a URL, which ends with `base_path` (`/api/v3`) if the description has
    one. `auth` has only the security schemes that an operation uses. `violations` are the validating library's first
    errors; None if it is not installed, which is logged.
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
