"""Describe Grafana's requests in the JSON form of the protocol's messages."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

START_MS = 1_700_000_000_000
"""The start of the time range of every query, unless a test sets another; the range ends an hour later."""

HOUR_MS = 3_600_000


def settings(
    options: Mapping[str, Any] | None = None,
    *,
    secrets: Mapping[str, str] | None = None,
    url: str = "",
    uid: str = "ds-1",
    name: str = "The data source",
    updated_ms: int = START_MS,
    number: int = 1,
) -> dict[str, Any]:
    """Describe a configured data source in the protocol's JSON form."""
    return {
        "id": number,
        "uid": uid,
        "name": name,
        "url": url,
        "jsonData": base64.b64encode(json.dumps(options or {}).encode()).decode(),
        "decryptedSecureJsonData": dict(secrets or {}),
        "lastUpdatedMS": updated_ms,
    }


def context(source: Mapping[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """Describe the plugin context: an editor named ada in organisation 1, unless `parts` has other values."""
    base = {
        "orgId": 1,
        "pluginId": "gfplug-probe-datasource",
        "pluginVersion": "1.0.0",
        "user": {"login": "ada", "name": "Ada", "email": "ada@example.com", "role": "Editor"},
        "grafanaConfig": {"GF_APP_URL": "http://localhost:3000/"},
        "userAgent": "Grafana/13.0.0 (linux; amd64)",
        "namespace": "default",
        "dataSourceInstanceSettings": source if source is not None else settings(),
    }
    return {key: value for key, value in (base | parts).items() if value is not None}


def query(ref_id: str = "A", *, start_ms: int = START_MS, span_ms: int = HOUR_MS, **model: Any) -> dict[str, Any]:
    """Describe one query; `model` is the query editor's model."""
    return {
        "refId": ref_id,
        "maxDataPoints": 100,
        "intervalMS": 60_000,
        "timeRange": {"fromEpochMS": start_ms, "toEpochMS": start_ms + span_ms},
        "json": base64.b64encode(json.dumps({"refId": ref_id, **model}).encode()).decode(),
    }


def query_request(
    *queries: Mapping[str, Any], settings: Mapping[str, Any] | None = None, **request: Any
) -> dict[str, Any]:
    """Describe a QueryData request; `request` has further fields, such as `headers` and `format`."""
    return {"pluginContext": context(settings), "queries": list(queries)} | request
