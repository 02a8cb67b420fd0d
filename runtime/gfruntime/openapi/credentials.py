"""Who asks an API: the credentials that its operations need and the data source's options have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.openapi.operation import Credential, Endpoint

if TYPE_CHECKING:
    from gfruntime.request.vocabulary import Settings

Credentials = Mapping[str, Credential]
"""All that the API's description names."""


def credentials_for(
    endpoint: Endpoint, settings: Settings[Any], credentials: Credentials
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the headers and the parameters that say who asks: the first alternative that the options fill.

    Raises: QueryError where an alternative is filled in part: the API would answer less, and not say so.
    """
    headers: dict[str, str] = {}
    parameters: list[tuple[str, str]] = []
    filled = {name for name, credential in credentials.items() if is_filled(credential, settings)}
    whole = [names for names in endpoint.auth if filled.issuperset(names)]
    optional = [name for name in endpoint.optional_auth if name in filled]
    if not whole and (missing := missing_of(endpoint, filled, credentials)):
        raise QueryError(f"{endpoint.path} needs {missing}, too: the config page of the data source has no value")
    for name in dict.fromkeys((*(whole[0] if whole else ()), *optional)):
        add_credential(credentials[name], settings, headers, parameters)
    return headers, parameters


def missing_of(endpoint: Endpoint, filled: set[str], credentials: Credentials) -> str:
    """Name what is missing of the alternative that is filled the most; nothing where none is filled in part."""
    begun = [names for names in endpoint.auth if filled.intersection(names)]
    best = max(begun, key=lambda names: len(filled.intersection(names)), default=())
    return " and ".join(credentials[name].option or name for name in best if name not in filled)


def secret_of(credential: Credential, settings: Settings[Any]) -> str:
    """Return the secret that is sent."""
    return str(getattr(settings.options, credential.option, "")) if credential.option else ""


def secrets_of(settings: Settings[Any], credentials: Credentials) -> list[str]:
    """List all secrets that may be sent."""
    return [secret for each in credentials.values() if (secret := secret_of(each, settings))]


def is_filled(credential: Credential, settings: Settings[Any]) -> bool:
    """Tell whether the options have a credential; basic and OAuth2 are the HTTP client's."""
    if credential.kind == "basic":
        return settings.basic_auth_enabled
    is_granted = credential.kind == "oauth2" and settings.json_data.get("oauth2Grant") not in (None, "", "none")
    return is_granted or bool(secret_of(credential, settings))


def add_credential(
    credential: Credential, settings: Settings[Any], headers: dict[str, str], parameters: list[tuple[str, str]]
) -> None:
    """Put one credential where it is sent."""
    secret = secret_of(credential, settings)
    match credential.kind:
        case "bearer" | "oauth2" if secret:
            headers["Authorization"] = f"Bearer {secret}"
        case "header":
            headers[credential.name] = secret
        case "cookie":
            cookie = f"{credential.name}={secret}"
            headers["Cookie"] = f"{headers['Cookie']}; {cookie}" if "Cookie" in headers else cookie
        case "query":
            parameters.append((credential.name, secret))
