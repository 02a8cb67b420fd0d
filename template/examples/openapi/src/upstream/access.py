"""Where the API is, and who asks it: what the options say, for each request."""

import dataclasses

from gfruntime import QueryError, Settings
from upstream.endpoint import Credential, Endpoint
from upstream.options import ADDRESS, CREDENTIALS, Options

UNSUITABLE = frozenset("\\?#@ ")
OAUTH2 = ("oauth2TokenUrl", "oauth2Scopes")  # options that have the API's own values as defaults


def prepare(settings: Settings[Options]) -> Settings[Options]:
    """Return the settings with what the API's description says of OAuth2, where the config page says nothing."""
    own = {name: getattr(settings.options, name, "") for name in OAUTH2}
    return dataclasses.replace(settings, json_data={**settings.json_data, **{k: v for k, v in own.items() if v}})


def url_of(endpoint: Endpoint, settings: Settings[Options]) -> str:
    """Return the address below which an operation is: the data source's, else its own, else the API's."""
    address = endpoint.address or ADDRESS
    if settings.url.strip() or address is None:
        if not settings.url.strip():
            raise QueryError("the data source has no URL")
        return settings.url.strip()
    url = address.template
    for name, option in address.variables:
        value = str(getattr(settings.options, option))
        if not UNSUITABLE.isdisjoint(value):
            raise QueryError(f"{option} is {value!r}, which can't be a part of the address {address.template}")
        url = url.replace("{" + name + "}", value)
    return url


def credentials_for(endpoint: Endpoint, settings: Settings[Options]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the headers and the parameters that say who asks: the first alternative that the options fill."""
    for names in endpoint.auth:
        headers: dict[str, str] = {}
        parameters: list[tuple[str, str]] = []
        if all(add(CREDENTIALS[name], settings, headers, parameters) for name in names):
            return headers, parameters
    return {}, []


def add(
    credential: Credential, settings: Settings[Options], headers: dict[str, str], parameters: list[tuple[str, str]]
) -> bool:
    """Add one credential, and tell whether the options have it; basic and OAuth2 are the HTTP client's."""
    secret = str(getattr(settings.options, credential.option, ""))
    match credential.kind:
        case "basic":
            return settings.basic_auth_enabled
        case "oauth2" if not secret:
            return settings.json_data.get("oauth2Grant") not in (None, "", "none")
        case "bearer" | "oauth2" if secret:
            headers["Authorization"] = f"Bearer {secret}"
        case "header" if secret:
            headers[credential.name] = secret
        case "cookie" if secret:
            cookie = f"{credential.name}={secret}"
            headers["Cookie"] = f"{headers['Cookie']}; {cookie}" if "Cookie" in headers else cookie
        case "query" if secret:
            parameters.append((credential.name, secret))
    return bool(secret)
