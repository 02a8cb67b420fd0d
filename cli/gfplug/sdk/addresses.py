"""URLs for requests: without their credentials, which are sent separately, and with safe redirects."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from gfplug.errors import FetchError
from gfplug.sdk import trust

_SAFE = "/%:@!$&'()*+,;=~?-._"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """A URL, and the Authorization header for it; its repr shows no secrets."""

    url: str
    authorization: str | None

    @classmethod
    def of(cls, url: str) -> RequestTarget:
        """Split the credentials off a URL, or find them in netrc.

        Raises: FetchError if the text is not a complete http or https URL.
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
        """Whether requests stay on this machine."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def is_private(self) -> bool:
        """Whether nobody can read the request on the network."""
        return self.url.startswith("https:") or self.is_on_this_machine

    def follow_redirect(self, location: str) -> RequestTarget:
        """Return the target of a redirect: never from https to http; credentials go only to the same origin."""
        try:
            absolute = urljoin(self.url, location)
        except ValueError as error:
            raise FetchError(f"{redact(self.url)} redirects to an invalid URL") from error
        target = RequestTarget.of(absolute)
        if urlsplit(self.url).scheme == "https" and urlsplit(target.url).scheme != "https":
            raise FetchError(f"{redact(self.url)} redirects to an unencrypted address, which gfplug does not follow")
        same = _origin(self.url) == _origin(target.url)
        return RequestTarget(target.url, self.authorization if same else trust.read_netrc(urlsplit(target.url)))


def redact(url: str) -> str:
    """Return a URL for a message, without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an invalid address)"
    return f"{parts.scheme}://{host}{port}{parts.path}" if host else f"{parts.scheme}:{parts.path}"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
