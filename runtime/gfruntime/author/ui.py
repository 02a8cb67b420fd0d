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
    """Text that Grafana stores encrypted; it never shows itself in a repr, and so in no traceback or log of values.

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
    that every HTTP data source uses. The field itself stays empty: what was typed is in `Settings`.

    >>> @dataclass(frozen=True)
    ... class Options: http: HttpOptions = HttpOptions()
    """


@dataclass(frozen=True)
class OAuth2Options:
    """A field of this type puts OAuth2 on the config page: the grant, and what each grant needs.

    `oauth2: OAuth2Options = OAuth2Options()` is enough: `HttpClient.of(settings)` then gets its tokens so. Secrets are
    stored encrypted. The field itself stays empty, as that of `HttpOptions`.

    >>> @dataclass(frozen=True)
    ... class Options: oauth2: OAuth2Options = OAuth2Options()
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
    query's own field of that name: `options_from="tables?database={database}"`. Other texts may still be typed. A
    `code` field offers the choices while one types.

    `variables="values"` is for SQL in a `code` field: a template variable is sent as `$__text(north,south)`, its values
    percent-encoded, which `expand_sql` writes with a dialect so that no text of a variable becomes SQL.

    `show_if={"mode": ["sum"]}` shows the field only while each of the named fields has one of its values. A hidden
    field is not required, and what it holds out of bounds is read as its default.

    `apps=["explore"]` shows a field of a query only in these apps of Grafana; elsewhere it keeps its value. `remember`
    makes a new query begin with the value that the same user chose last, for this data source.

    >>> Annotated[int, Ui(label="Limit", help="Rows to read", minimum=1, maximum=1000)].__metadata__[0].maximum
    1000
    """

    label: str = ""
    """The text beside the control; without it the field's name, spaced: `max_rows` becomes `Max rows`."""

    help: str = ""
    """What the tooltip of the label says."""

    placeholder: str = ""
    """What an empty text or number shows."""

    section: str = ""
    """The heading under which the field stands; fields of one section stand together."""

    widget: Literal["", "textarea", "radio", "code", "hidden"] = ""
    """Another control than the type's own: `textarea`, `code`, `radio` or `hidden`."""

    language: str = ""
    """The language of a `code` field, such as `sql`: colours, and how variables are quoted."""

    variables: Literal["", "values"] = ""
    """What becomes of template variables in a `code` field: texts put in by Grafana, or values for `expand_sql`."""

    rows: int = 0
    """The height of a `textarea` or `code` field in lines; 0 is the control's own."""

    minimum: float | None = None
    """The smallest number allowed, of each number in a list too."""

    maximum: float | None = None
    """The largest number allowed, of each number in a list too."""

    required: bool = False
    """Refuse an empty value, unless the field is hidden."""

    pattern: str = ""
    """A regular expression that the whole text matches, if it is not empty."""

    options_from: str = ""
    """The resource of the plugin that lists the choices."""

    show_if: Mapping[str, Sequence[str | int | bool]] = field(default_factory=dict, hash=False)
    """Field names and the values with which this field is shown."""

    store: Literal["jsonData", "url"] = "jsonData"
    """Where the config page keeps an option: in `jsonData`, or as the data source's own `url`."""

    apps: Sequence[App] = field(default=(), hash=False)
    """The apps of Grafana that show this field of a query; without any, all do."""

    remember: bool = False
    """Whether a new query begins with the value that its user chose last."""
