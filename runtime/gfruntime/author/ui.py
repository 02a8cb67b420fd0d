"""How a dataclass field appears in Grafana's editors; plain annotations, so that the author's types stay plain Python.

@dataclass(frozen=True)
class Options:
    url: Annotated[str, Ui(label="URL", store="url")] = ""
    token: Secret = Secret("")
    timeout: Annotated[float, Ui(label="Timeout", help="seconds", minimum=1)] = 10.0
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

App: TypeAlias = Literal[
    "cloud-alerting",
    "correlations",
    "dashboard",
    "explore",
    "notebook",
    "panel-editor",
    "panel-viewer",
    "unified-alerting",
    "unknown",
]
"""Grafana's names of its apps. Source: @grafana/data 11.6.16 and 13.2.2, types/app, CoreApp."""


class Secret(str):
    """Text that Grafana stores encrypted; its repr hides it, so tracebacks and logs of values do not show it.

    >>> Secret("token")
    Secret('***')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value."""
        return "Secret('***')" if self else "Secret('')"


@dataclass(frozen=True)
class HttpOptions:
    """A field of this type puts Grafana's usual HTTP settings on the config page.

    `http: HttpOptions = HttpOptions()` shows URL, basic authentication, TLS and custom headers, kept under the keys
    that every HTTP data source uses. The field itself stays empty: the typed values are in `Settings`.

    >>> @dataclass(frozen=True)
    ... class Options: http: HttpOptions = HttpOptions()
    """


@dataclass(frozen=True)
class OAuth2Options:
    """A field of this type puts OAuth2 on the config page: the grant, and the settings of each grant.

    `oauth2: OAuth2Options = OAuth2Options()` is enough: `HttpClient.of(settings)` then uses OAuth2 tokens. Secrets are
    stored encrypted. The field itself stays empty, as with `HttpOptions`.

    >>> @dataclass(frozen=True)
    ... class Options: oauth2: OAuth2Options = OAuth2Options()
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ui:
    """The presentation of one field of the options or the query model, and the values that it allows.

    `store` says where the config page keeps an option: in `jsonData` (the default) or in the data source's `url`.
    `widget` must fit the type: `textarea` and `code` (with `language` and `rows`) fit a text, `textarea` a secret,
    `radio` a choice, `hidden` any type.

    The editor shows which bound a value breaks, and Python refuses the value with status 400. `minimum` and `maximum`
    of a number, or of each number in a list, are inclusive. `required` forbids an empty value. `pattern` is a regular
    expression that the whole text matches, if it is not empty, as in HTML; use only the syntax that RE2 and JavaScript
    share: no lookaround, no backreferences.

    `options_from` names a resource of the plugin that lists the choices of a text or a list of texts in a query: a JSON
    list of texts, or of objects with `value` and perhaps `label` and `description`. `{database}` in it stands for the
    value of that field in the query: `options_from="tables?database={database}"`. Users may still type other texts. A
    `code` field offers the choices while the user types.

    `variables="values"` is for SQL in a `code` field: a template variable is sent as `$__text(north,south)`, its values
    percent-encoded. `expand_sql` with a dialect turns it into safe SQL string literals.

    `show_if={"mode": ["sum"]}` shows the field only while each of the named fields has one of its values. A hidden
    field is not required, and a value out of bounds in it is replaced by its default.

    `apps=["explore"]` shows a field of a query only in these apps of Grafana; elsewhere it keeps its value. With
    `remember`, a new query starts with the value that the same user chose last, for this data source.

    >>> Annotated[int, Ui(label="Limit", help="Rows to read", minimum=1, maximum=1000)].__metadata__[0].maximum
    1000
    """

    label: str = ""
    """The text beside the control; default: the field's name with spaces, so `max_rows` becomes `Max rows`."""

    help: str = ""
    """The tooltip of the label."""

    placeholder: str = ""
    """The text that an empty text or number field shows."""

    section: str = ""
    """The heading of the field's section; fields of one section stand together."""

    widget: Literal["", "textarea", "radio", "code", "hidden"] = ""
    """The control to use instead of the type's default: `textarea`, `code`, `radio` or `hidden`."""

    language: str = ""
    """The language of a `code` field, such as `sql`: colours, and how variables are quoted."""

    variables: Literal["", "values"] = ""
    """How template variables in a `code` field are sent: as replaced texts, or as values for `expand_sql`."""

    rows: int = 0
    """The height of a `textarea` or `code` field in lines; 0 is the control's default."""

    minimum: float | None = None
    """The smallest number allowed; in a list, for each number."""

    maximum: float | None = None
    """The largest number allowed; in a list, for each number."""

    required: bool = False
    """Refuse an empty value, unless the field is hidden."""

    pattern: str = ""
    """A regular expression that the whole text matches, if it is not empty."""

    options_from: str = ""
    """The resource of the plugin that lists the choices."""

    show_if: Mapping[str, Sequence[str | int | bool]] = field(default_factory=dict, hash=False)
    """Field names and the values with which this field is shown."""

    store: Literal["jsonData", "url"] = "jsonData"
    """Where the config page stores an option: in `jsonData`, or as the data source's `url`."""

    apps: Sequence[App] = field(default=(), hash=False)
    """The apps of Grafana that show this field of a query; if empty, all apps show it."""

    remember: bool = False
    """Whether a new query starts with the value that its user chose last."""
