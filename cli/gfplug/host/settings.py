"""A configured data source, and the values about it and its caller in each request."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.errors import UsageError
from gfplug.host.target import user_agent
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.host.target import Target

_TEXTS = {
    "name": "name",
    "uid": "uid",
    "url": "url",
    "user": "user",
    "database": "database",
    "basicAuthUser": "basic_auth_user",
}
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
CALLER_KEYS = ("login", "name", "email", "role")
"""The user's fields in a request."""

ROLES = ("Admin", "Editor", "Viewer", "None")
_CALLER = {"login": "admin", "name": "admin", "email": "admin@localhost", "role": "Admin"}
TOGGLES = "GF_INSTANCE_FEATURE_TOGGLES_ENABLE"
"""The key under which Grafana sends its enabled feature toggles, in each request and in a plugin's environment."""

_CONFIG = {"GF_APP_URL": "http://localhost:3000/", "GF_CONCURRENT_QUERY_COUNT": "10", "GF_SQL_ROW_LIMIT": "1000000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One configured data source, its caller, and the feature toggles of its Grafana; the repr hides secrets.

    Units: `updated_ms` is milliseconds since the epoch.
    """

    name: str = "gfplug"
    uid: str = "gfplug"
    url: str = ""
    user: str = ""
    database: str = ""
    basic_auth_enabled: bool = False
    basic_auth_user: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    updated_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    caller: Mapping[str, str] = field(default_factory=lambda: _CALLER)
    toggles: Sequence[str] = ()

    @classmethod
    def from_mapping(cls, value: Mapping[str, Any], *, source: str = "settings") -> Settings:
        """Read the keys of Grafana's provisioning files: name, uid, url, user, database, jsonData, secureJsonData, ...

        Raises: UsageError naming the key whose value has the wrong type.
        """
        texts: dict[str, Any] = {}
        for key, name in _TEXTS.items():
            content = value.get(key)
            if isinstance(content, dict | list):
                raise UsageError(f"{source}: {key!r} is not text")
            if content is not None:
                texts[name] = documents.text_of(content)
        secrets = _mapping(value, "secureJsonData", source)
        return cls(
            **texts,
            basic_auth_enabled=_switch(value.get("basicAuth"), "basicAuth", source),
            options=_mapping(value, "jsonData", source),
            secrets={key: documents.text_of(secret) for key, secret in secrets.items()},
        )


def plugin_context(target: Target, settings: Settings, *, is_alert: bool = False) -> dict[str, Any]:
    """Return the values of a request's PluginContext; an alert evaluation has no user."""
    return {
        "orgId": 1,
        "pluginId": target.plugin_id,
        "pluginVersion": target.plugin_version,
        "user": None if is_alert else dict(settings.caller),
        "userAgent": user_agent(),
        "namespace": "default",
        "grafanaConfig": {**_CONFIG, **({TOGGLES: ",".join(settings.toggles)} if settings.toggles else {})},
        "dataSourceInstanceSettings": {
            "id": 1,
            "uid": settings.uid,
            "name": settings.name,
            "url": settings.url,
            "user": settings.user,
            "database": settings.database,
            "basicAuthEnabled": settings.basic_auth_enabled,
            "basicAuthUser": settings.basic_auth_user,
            "jsonData": json.dumps(settings.options).encode(),
            "decryptedSecureJsonData": settings.secrets,
            "lastUpdatedMS": settings.updated_ms,
        },
    }


def _switch(value: Any, key: str, source: str) -> bool:  # noqa: ANN401 - YAML
    """Parse true or false as Grafana does.

    Source: grafana/grafana pkg/services/provisioning/values, BoolValue: Go's strconv.ParseBool.
    """
    text = documents.text_of(value)
    if text in ("", *_TRUE, *_FALSE):
        return text in _TRUE
    raise UsageError(f"{source}: {key!r} must be true or false, got {text!r}")


def _mapping(value: Mapping[str, Any], key: str, source: str) -> dict[str, Any]:
    mapping = value.get(key)
    if mapping is not None and not isinstance(mapping, dict):
        raise UsageError(f"{source}: {key!r} is not a mapping")
    return mapping or {}


def caller_from(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the user of a request: the given values, and the default administrator's for missing ones.

    Raises: UsageError for an unknown role.
    """
    typed = dict(pairs)
    if "role" in typed and typed["role"] not in ROLES:
        raise UsageError(f"--user role={typed['role']}: expected one of {', '.join(ROLES)}")
    if "login" in typed:
        login = typed["login"]
        typed = {"name": login, "email": f"{login}@localhost", **typed}
    return {**_CALLER, **typed}
