"""Where a request may go, and what it may show there: URLs without their credentials, and redirects."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from gfplug.errors import FetchError
from gfplug.sdk import trust

_SAFE = "/%:@!$&'()*+,;=~?-._"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, and the Authorization header that may go there; its repr never shows either's secrets."""

    url: str
    authorization: str | None

    @classmethod
    def of(cls, url: str) -> Target:
        """Split the credentials off a URL, or find them in netrc.

        Raises: FetchError for what is not a whole http or https URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise FetchError("a source's address is not a valid URL", hint="check GOPROXY") from error
        if parts.scheme not in _DEFAULT_PORTS or not host:
            raise FetchError(f"{redact(url)} is not an http or https address", hint="check GOPROXY")
        netloc = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        bare = urlunsplit((parts.scheme, netloc, quote(parts.path, _SAFE), quote(parts.query, _SAFE), ""))
        return cls(bare, trust.authorization(parts))

    @property
    def is_on_this_machine(self) -> bool:
        """Whether nothing that is sent there leaves the machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read what is sent there."""
        return self.url.startswith("https:") or self.is_on_this_machine

    def redirected(self, location: str) -> Target:
        """Return where a redirect leads: never from https to http; the credentials go to the same origin only."""
        try:
            joined = urljoin(self.url, location)
        except ValueError as error:
            raise FetchError(f"{redact(self.url)} redirects to what is not a valid URL") from error
        target = Target.of(joined)
        if urlsplit(self.url).scheme == "https" and urlsplit(target.url).scheme != "https":
            raise FetchError(f"{redact(self.url)} redirects to an unencrypted address: not followed")
        same = _origin(self.url) == _origin(target.url)
        return Target(target.url, self.authorization if same else trust.read_netrc(urlsplit(target.url)))


def redact(url: str) -> str:
    """Return a URL without user, password, query and fragment: fit for a message."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an address that is not valid)"
    return f"{parts.scheme}://{host}{port}{parts.path}" if host else f"{parts.scheme}:{parts.path}"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
