"""The service that evaluates Grafana's feature flags; the plugin calls it with an OpenFeature provider.

Source: grafana-plugin-sdk-go v0.299.0, config/openfeature.go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = (
    "GF_INSTANCE_OPENFEATURE_PROVIDER_URL",
    "GF_INSTANCE_OPENFEATURE_PROVIDER_TYPE",
    "GF_INSTANCE_OPENFEATURE_CACHE_TTL",
    "GF_INSTANCE_OPENFEATURE_CONTEXT",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFeature:
    """The service that evaluates Grafana's feature flags, for an OpenFeature provider that the plugin creates.

    >>> OpenFeature(url="http://localhost:3000", provider_type="static").cache_ttl
    0
    """

    url: str
    """The base URL of OFREP's paths, such as `/ofrep/v1/evaluate/flags`."""

    provider_type: str
    """The kind of service: `static`, `features-service`, `ofrep`, or another value that a later Grafana sends."""

    cache_ttl: int = 0
    """Seconds for which Grafana suggests to cache an evaluation; 0 means no suggestion."""

    context: Mapping[str, str] = field(default_factory=dict)
    """Attributes for the evaluation context, to be used unchanged."""

    @classmethod
    def of(cls, config: Mapping[str, str]) -> OpenFeature:
        """Read the values that Grafana sends with a request.

        Raises: LookupError if Grafana sends no values, ValueError if a value is missing or invalid.
        """
        url, kind, ttl, text = (config.get(key, "") for key in _KEYS)
        if not url:
            raise LookupError(f"{_KEYS[0]} not set in config; a more recent version of Grafana may be required")
        if not kind:
            raise ValueError(f"{_KEYS[1]} not set in config, although there is a URL")
        if ttl and not (ttl.isascii() and ttl.isdigit()):
            raise ValueError(f"{_KEYS[2]} in config is not a number of seconds: {ttl!r}")
        try:
            context = json.loads(text or "{}")
        except ValueError:
            context = None
        if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
            raise ValueError(f"{_KEYS[3]} in config is not a JSON object of texts")
        return cls(url=url, provider_type=kind, cache_ttl=int(ttl or 0), context=context)
