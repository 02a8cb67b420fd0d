"""The credentials that an API's operations need, from the data source's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.openapi.operation import Credential, Endpoint

if TYPE_CHECKING:
    from gfruntime.request.vocabulary import Settings

Credentials = Mapping[str, Credential]
"""All credentials of the API's description, by name."""


def credentials_for(
    endpoint: Endpoint, settings: Settings[Any], credentials: Credentials
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the headers and the parameters with credentials: the first alternative whose options all have values.

    Raises: QueryError if an alternative has only some values: the API might return less, without an error.
    """
    headers: dict[str, str] = {}
    parameters: list[tuple[str, str]] = []
    available = {name for name, credential in credentials.items() if is_filled(credential, settings)}
    whole = [names for names in endpoint.auth if available.issuperset(names)]
    optional = [name for name in endpoint.optional_auth if name in available]
    if not whole and (missing := missing_of(endpoint, available, credentials)):
        raise QueryError(f"{endpoint.path} also needs {missing}: the config page of the data source has no value")
    for name in dict.fromkeys((*(whole[0] if whole else ()), *optional)):
        add_credential(credentials[name], settings, headers, parameters)
    return headers, parameters


def missing_of(endpoint: Endpoint, available: set[str], credentials: Credentials) -> str:
    """Name the missing options of the alternative with the most values; empty if each alternative has all or none."""
    begun = [names for names in endpoint.auth if available.intersection(names)]
    best = max(begun, key=lambda names: len(available.intersection(names)), default=())
    return " and ".join(credentials[name].option or name for name in best if name not in available)


def secret_of(credential: Credential, settings: Settings[Any]) -> str:
    """Return the secret to send."""
    return str(getattr(settings.options, credential.option, "")) if credential.option else ""


def secrets_of(settings: Settings[Any], credentials: Credentials) -> list[str]:
    """List all secrets that may be sent."""
    return [secret for each in credentials.values() if (secret := secret_of(each, settings))]


def is_filled(credential: Credential, settings: Settings[Any]) -> bool:
    """Return whether the options have a credential; the HTTP client handles basic and OAuth2."""
    if credential.kind == "basic":
        return settings.basic_auth_enabled
    is_granted = credential.kind == "oauth2" and settings.json_data.get("oauth2Grant") not in (None, "", "none")
    return is_granted or bool(secret_of(credential, settings))


def add_credential(
    credential: Credential, settings: Settings[Any], headers: dict[str, str], parameters: list[tuple[str, str]]
) -> None:
    """Add one credential to the headers or the parameters."""
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
