"""The fields of the options on the config page, from an API's base URLs and security schemes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.scaffold.openapi.class_names import camel
from gfplug.scaffold.openapi.python_text import Code, annotated, call, mapping, one_line, subscript

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.scaffold.openapi.class_names import ClassNames
    from gfplug.scaffold.openapi.model import Auth, BaseUrl, DataSource

_LONGEST_HELP = 300
_RESERVED = {"url", "http", "oauth2", "timeout", "user", "password", "database", "constructor", "prototype", "str"}
GRANTS = ("client_credentials", "client_credentials_jwt", "jwt_bearer", "password", "refresh_token")
_PLACES = {"": "header", "header": "header", "query": "query parameter", "cookie": "cookie"}


@dataclass(frozen=True, slots=True)
class OptionNames:
    """The names of the options: of URL variables by their identifiers, of secrets by the names of their schemes."""

    variables: Mapping[str, str]
    secrets: Mapping[str, str]


def option_names(source: DataSource) -> OptionNames:
    """Name the options."""
    variables = {each.identifier for base in _addresses(source) for each in base.variables}
    secrets = {each.name: each.identifier for each in source.auth if each.kind != "basic"}
    used_names = {each for each in (*variables, *secrets.values()) if each not in _RESERVED}
    return OptionNames(
        variables={each: _free(each, "variable", used_names) for each in sorted(variables)},
        secrets={name: _free(each, "secret", used_names) for name, each in secrets.items()},
    )


def option_lines(source: DataSource, options: OptionNames, types: ClassNames) -> list[str]:
    """Write the fields of the options."""
    lines = [*_url(source), *_variables(source, options, types), *_secrets(source, options)]
    oauth2 = [each for each in source.auth if each.kind == "oauth2"]
    return [*lines, "    http: HttpOptions = HttpOptions()", *(_oauth2(oauth2) if oauth2 else [])]


def _url(source: DataSource) -> list[str]:
    """Write the field of the URL, which is optional if the description has a base URL."""
    addresses = [one_line(each.url, longest=_LONGEST_HELP) for each in source.base_urls]
    suffix = one_line(source.base_path, longest=_LONGEST_HELP)
    help_text = f"Empty: {addresses[0]}" if addresses else f"It ends with {suffix}" if suffix else None
    if len(addresses) > 1:
        help_text = f"{help_text}; there are also {', '.join(addresses[1:4])}"
    others = dict.fromkeys(one_line(each.url, longest=_LONGEST_HELP) for each in _addresses(source)[1:])
    if others:
        help_text = f"{help_text}; some operations are at {', '.join(list(others)[:3])}"
    ui = {"label": "URL", "store": "url", "placeholder": addresses[0] if addresses else None, "help": help_text}
    annotation = subscript("Annotated", Code("str"), call("Ui", **ui, required=None if addresses else True))
    return annotated("url", annotation, "")


def _variables(source: DataSource, options: OptionNames, types: ClassNames) -> list[str]:
    lines: list[str] = []
    names: set[str] = set()
    for each in (variable for base in _addresses(source) for variable in base.variables):
        if each.identifier in names:
            continue
        names.add(each.identifier)
        kind = Code("str")
        if each.choices and each.default in each.choices:
            kind = types.choose(camel(each.identifier), each.choices, "Options")
        help_text = one_line(each.description, longest=_LONGEST_HELP) or None
        annotation = subscript("Annotated", kind, call("Ui", section="Address", help=help_text))
        lines += annotated(options.variables[each.identifier], annotation, each.default)
    return lines


def _secrets(source: DataSource, options: OptionNames) -> list[str]:
    lines: list[str] = []
    for each in source.auth:
        if each.name in options.secrets:
            place = {
                "bearer": "Sent as Authorization: Bearer …",
                "oauth2": "An access token, instead of OAuth2 below",
                "api_key": f"Sent as the {_PLACES[each.key_location]} {one_line(each.key_name, longest=60)}",
            }[each.kind]
            text = one_line(each.description, longest=_LONGEST_HELP)
            label = None if each.name == each.identifier else one_line(each.name, longest=60)
            ui = call("Ui", label=label, help=f"{place}. {text}" if text else place)
            annotation = subscript("Annotated", Code("Secret"), ui)
            lines += annotated(options.secrets[each.name], annotation, Code('Secret("")'))
    return lines


def _oauth2(schemes: list[Auth]) -> list[str]:
    """Write OAuth2's fields; the API's token URL and scopes are their defaults."""
    scheme = next((each for each in schemes if each.token_url), schemes[0])
    condition = mapping({"oauth2Grant": Code("GRANTS")})
    scopes = " ".join(name for name, _ in scheme.scopes)
    lines = ["    oauth2: OAuth2Options = OAuth2Options()"]
    for name, label, value in (("oauth2TokenUrl", "Token URL", scheme.token_url), ("oauth2Scopes", "Scopes", scopes)):
        if value:
            ui: dict[str, Any] = {"label": label, "section": "OAuth2", "show_if": condition}
            lines += annotated(name, subscript("Annotated", Code("str"), call("Ui", **ui)), value)
    return lines


def _addresses(source: DataSource) -> list[BaseUrl]:
    """List the base URLs in use: the API's first, and the first of each operation that defines base URLs."""
    own = [each.base_urls[0] for each in source.operations if each.base_urls]
    return [*source.base_urls[:1], *own]


def _free(name: str, suffix: str, used_names: set[str]) -> str:
    if name not in _RESERVED:
        return name
    candidates = (f"{name}_{suffix}", *(f"{name}_{suffix}_{number}" for number in range(2, 10_000)))
    free = next(candidate for candidate in candidates if candidate not in used_names)
    used_names.add(free)
    return free
