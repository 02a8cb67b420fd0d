"""Redact captured requests and responses: the values of secret headers, parameters and cookies.

All texts are also masked for the secrets that `masking` knows.
Source: grafana-plugin-sdk-go v0.299.0, backend/harcapture/harcapture.go, which does not change addresses.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from gfruntime.logs import masking

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Pairs = list[tuple[str, str]]

_REDACTED = "REDACTED"
_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"}
_SECRET_PARAMETERS = {
    *("api_key", "apikey", "api-key", "access_token", "token", "sig", "signature", "x-amz-signature", "key"),
}
_ADDRESSES = {"location", "content-location", "referer"}
_PARAMETER = re.compile("([?&#])([^?=&#]*)=([^&#]*)")


def hide(text: str) -> str:
    """Mask the known secrets in a text, and make it valid UTF-8."""
    return masking.hide(text).encode("utf-8", "replace").decode()


def hide_all(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Mask the known secrets in all texts of a document, except times, which a secret of digits would break."""
    if isinstance(value, dict):
        return {key: item if key == "startedDateTime" else hide_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hide_all(item) for item in value]
    return hide(value) if isinstance(value, str) else value


def address(url: str) -> str:
    """Redact the values of an address's secret parameters."""

    def redact(match: re.Match[str]) -> str:
        is_secret = unquote_plus(match[2]).lower() in _SECRET_PARAMETERS
        return f"{match[1]}{match[2]}={_REDACTED}" if is_secret else match[0]

    return hide(_PARAMETER.sub(redact, url))


def parameters(pairs: Pairs) -> list[dict[str, str]]:
    """List the parameters of an address."""
    return [_item(name, _REDACTED if name.lower() in _SECRET_PARAMETERS else hide(value)) for name, value in pairs]


def headers(pairs: Pairs) -> list[dict[str, str]]:
    """List headers, one item for each line."""
    return [_item(name, _header(name.lower(), value)) for name, value in pairs]


def cookies(values: Iterable[str]) -> list[dict[str, str]]:
    """List the names of cookies; their values are mostly secret."""
    names = (part.partition("=")[0].strip() for value in values for part in value.split(";"))
    return [_item(name, _REDACTED) for name in names if name]


def body(content: bytes, most: int) -> Mapping[str, str]:
    """Write the first `most` bytes of a body as a text; a body that is not UTF-8 is written in base64."""
    hidden = masking.hide(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")[:most]
    try:
        return {"text": hidden.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(hidden).decode(), "encoding": "base64"}


def _header(name: str, value: str) -> str:
    if name in _SECRET_HEADERS:
        return _REDACTED
    return address(value) if name in _ADDRESSES else hide(value)


def _item(name: str, value: str) -> dict[str, str]:
    return {"name": hide(name), "value": value}
