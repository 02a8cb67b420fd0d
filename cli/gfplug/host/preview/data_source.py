"""The data source as the config page saves it, in memory; the page never receives its secrets.

Source: grafana v13.0.0, pkg/api/dtos/datasource.go; pkg/api/datasources.go, UpdateDataSourceByUID; its frontend
settings: pkg/api/frontendsettings.go.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gfplug.errors import UsageError
from gfplug.host.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ID = 1
TEXTS = ("name", "url", "user", "database", "basicAuthUser")
"""Keys of a data source whose values are texts."""

SWITCHES = ("basicAuth", "withCredentials", "isDefault")
"""Keys whose values are true or false."""

_MAPPINGS = ("jsonData", "secureJsonData")
_SHORTEST_MASKED = 4
_MASK = "***"
_ACCESS = {
    f"datasources:{verb}": True
    for verb in ("read", "write", "delete", "query", "create", "id:read", "caching:read", "permissions:read")
}


class DataSource:
    """One configured data source; any thread may read and change it."""

    def __init__(self, provisioned: Mapping[str, Any], *, plugin_id: str, plugin_name: str, logo: str) -> None:
        """Start with the provisioned data source, with its variables replaced.

        Raises: UsageError that names a key whose value has the wrong type.
        """
        Settings.from_mapping(provisioned, source="the provisioned data source")
        self._lock = threading.Lock()
        self._plugin_id = plugin_id
        self._plugin_name = plugin_name
        self._logo = logo
        self._value = self.with_defaults(provisioned)
        self._past_secrets: set[str] = set()  # an older instance of the plugin may still log them
        self._version = 0
        self._updated_ms = 0
        self._count_change()

    @property
    def uid(self) -> str:
        """The uid by which requests name the data source."""
        return self.settings().uid

    def settings(self) -> Settings:
        """Return the settings that the plugin gets."""
        with self._lock:
            return replace(Settings.from_mapping(self._value), updated_ms=self._updated_ms)

    def value(self) -> dict[str, Any]:
        """Return the data source with the keys of a provisioning file, including its secrets."""
        with self._lock:
            return dict(self._value)

    def with_defaults(self, provisioned: Mapping[str, Any]) -> dict[str, Any]:
        """Return the provisioned values, with defaults for missing ones."""
        return {"name": self._plugin_name, "uid": "gfplug", "isDefault": True, **provisioned}

    def merge(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Apply the changes between two states of a provisioning file; a secret whose variable is not set stays.

        Raises: UsageError as the constructor does.
        """
        Settings.from_mapping(now, source="the provisioned data source")
        with self._lock:
            left_out_keys = before.keys() - now.keys() - {*_MAPPINGS}
            stay = {key: item for key, item in self._value.items() if key not in left_out_keys}
            self._value = self.with_defaults(stay | _changes(before, now))
            for key in _MAPPINGS:
                old, new = before.get(key) or {}, now.get(key) or {}
                left_out = (old.keys() - new.keys()) if key == "jsonData" else set()
                rest = {name: item for name, item in (self._value.get(key) or {}).items() if name not in left_out}
                edits = _changes(old, new)
                self._value[key] = rest | (edits if key == "jsonData" else {k: v for k, v in edits.items() if v})
            self._count_change()

    def update(self, body: Mapping[str, Any]) -> None:
        """Apply the values that the config page saves; a missing secret stays, an empty one is removed.

        Raises: UsageError that names a key whose value has the wrong type.
        """
        changes: dict[str, Any] = {key: _text(body, key) for key in TEXTS if body.get(key) is not None}
        changes |= {key: _switch(body, key) for key in SWITCHES if body.get(key) is not None}
        if body.get("jsonData") is not None:
            changes["jsonData"] = _object(body, "jsonData")
        secrets = _object(body, "secureJsonData") if body.get("secureJsonData") is not None else {}
        if wrong := next((key for key, secret in secrets.items() if not isinstance(secret, str)), None):
            raise UsageError(f"secureJsonData: {wrong!r} is not text")
        with self._lock:
            secrets = {**(self._value.get("secureJsonData") or {}), **secrets}
            self._value |= {**changes, "secureJsonData": {key: secret for key, secret in secrets.items() if secret}}
            self._count_change()

    def for_page(self) -> dict[str, Any]:
        """Return the data source as Grafana's API shows it: without secrets, but with the names of stored ones."""
        settings = self.settings()
        with self._lock:
            value, version = dict(self._value), self._version
        return {
            "id": ID,
            "uid": settings.uid,
            "orgId": 1,
            "name": settings.name,
            "type": self._plugin_id,
            "typeName": self._plugin_name,
            "typeLogoUrl": self._logo,
            "access": "proxy",
            "url": settings.url,
            "user": settings.user,
            "database": settings.database,
            "basicAuth": settings.basic_auth_enabled,
            "basicAuthUser": settings.basic_auth_user,
            "withCredentials": bool(value.get("withCredentials")),
            "isDefault": bool(value.get("isDefault")),
            "jsonData": dict(settings.options),
            "secureJsonFields": {key: True for key, secret in settings.secrets.items() if secret},
            "version": version,
            "readOnly": False,
            "accessControl": _ACCESS,
            "apiVersion": "",
        }

    def for_plugin(self, meta: Mapping[str, Any]) -> dict[str, Any]:
        """Return the instance settings for the plugin's code in the browser."""
        value = self.for_page()
        keys = ("id", "uid", "type", "name", "access", "jsonData", "isDefault", "readOnly")
        required = {key: value[key] for key in keys}
        optional = {key: value[key] for key in ("database", "withCredentials") if value[key]}
        return {**required, **optional, "url": f"/api/datasources/proxy/uid/{value['uid']}", "meta": dict(meta)}

    def mask(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a JSON value with the secrets in its texts masked."""
        texts = {text for secret in self._past_secrets.copy() for text in _spellings(secret)}
        return _mask_texts(
            value, sorted((text for text in texts if len(text) >= _SHORTEST_MASKED), key=len, reverse=True)
        )

    def hide(self, secret: str) -> None:
        """Mask a text from now on, such as a token that was fetched with a secret."""
        self._past_secrets.add(secret)

    def _count_change(self) -> None:
        self._past_secrets |= {str(secret) for secret in (self._value.get("secureJsonData") or {}).values()}
        self._version += 1
        self._updated_ms = max(_now(), self._updated_ms + 1)  # so that the plugin creates a new instance


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ, except options and secrets, which are compared key by key."""
    return {key: item for key, item in now.items() if key not in _MAPPINGS and before.get(key) != item}


def _spellings(secret: str) -> set[str]:
    """Return the forms of a secret in error texts: in quotes, in JSON, in an address, without its line break."""
    plain = {secret, secret.strip()}
    in_an_address = {
        quote(text, safe="", errors="replace") for text in plain
    }  # a variable may contain bytes that are not text
    return plain | in_an_address | {each for text in plain for each in (repr(text)[1:-1], json.dumps(text)[1:-1])}


def _mask_texts(value: Any, secrets: list[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, _MASK)
        return value
    if isinstance(value, dict):
        return {key: _mask_texts(item, secrets) for key, item in value.items()}
    return [_mask_texts(item, secrets) for item in value] if isinstance(value, list) else value


def _text(body: Mapping[str, Any], key: str) -> str:
    if not isinstance(body[key], str):
        raise UsageError(f"{key!r} is not text")
    return str(body[key])


def _switch(body: Mapping[str, Any], key: str) -> bool:
    if not isinstance(body[key], bool):
        raise UsageError(f"{key!r} is not true or false")
    return bool(body[key])


def _object(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    if not isinstance(body[key], dict):
        raise UsageError(f"{key!r} is not an object")
    return dict(body[key])


def _now() -> int:
    return int(time.time() * 1000)
