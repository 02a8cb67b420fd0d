"""Go module proxies: the list in GOPROXY, and the three requests to a proxy.

Source: go1.26.8, cmd/go/internal/modfetch/proxy.go (proxyList, TryProxies), and the Go reference on module proxies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from gfplug.errors import FetchError, GfplugError, IntegrityError
from gfplug.sdk import local, modzip, versions, web
from gfplug.sdk.index import MODULE
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from gfplug.sdk.versions import SdkVersion
    from gfplug.sdk.web import Deadline

_TEXT_LIMIT = 4 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class ProxySource:
    """One entry of GOPROXY: a proxy's URL, `direct` or `off`.

    With `continues_after_errors`, the next entry is tried after any failure.
    """

    address: str
    continues_after_errors: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One release from a proxy; `time` and `commit` are None if the proxy does not send them."""

    content: bytes
    time: str | None
    commit: str | None


def parse(text: str) -> list[ProxySource]:
    """Parse GOPROXY: after `,` the next entry is used if a file is not found, after `|` in case of any failure.

    Entries after `off` or `direct` can never be reached, and are left out.
    Raises: FetchError if there is no entry.
    """
    sources: list[ProxySource] = []
    for entry, separator in re.findall(r"([^,|]*)([,|]|$)", text):
        if address := entry.strip():
            sources.append(ProxySource(_complete(address), continues_after_errors=separator == "|"))
            if address in {"off", "direct"}:
                break
    if not sources:
        raise FetchError("GOPROXY is set, but has no entry", hint="set it to a proxy's address, `direct` or `off`")
    return sources


def list_releases(address: str, deadline: Deadline) -> list[SdkVersion]:
    """Return the releases that a proxy lists, oldest first; the proxy may have more releases."""
    answer = _get(address, "list", deadline, _TEXT_LIMIT)
    return versions.releases(answer.decode(errors="replace").splitlines())


def download(address: str, version: SdkVersion, deadline: Deadline) -> Module:
    """Return a release's zip, with its time and commit if the proxy sends them.

    Raises: MissingError if the proxy does not have the release; FetchError; IntegrityError if the response is for
    another version.
    """
    content = _get(address, f"{version}.zip", deadline, modzip.LIMIT)
    try:
        info = documents.parse_json(_get(address, f"{version}.info", deadline, _TEXT_LIMIT))
    except (GfplugError, ValueError):
        info = {}  # the facts are optional; the zip is enough
    return describe(content, info, version)


def describe(content: bytes, info: object, version: SdkVersion) -> Module:
    """Combine a zip and its `.info` file.

    Raises: IntegrityError if the `.info` is of another version.
    """
    facts = info if isinstance(info, dict) else {}
    if facts.get("Version", str(version)) != str(version):
        raise IntegrityError(
            f"the response for SDK {version} describes {str(facts['Version'])[:40]!r}", hint="try another source"
        )
    origin = facts.get("Origin")
    commit = origin.get("Hash") if isinstance(origin, dict) else None
    time = facts.get("Time")
    return Module(
        content=content,
        time=time if isinstance(time, str) else None,
        commit=commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else None,
    )


def _complete(address: str) -> str:
    """Add `https://` to a URL without a scheme, as Go does."""
    if address in {"off", "direct"} or ":/" in address or not re.search(r"[.:/]", address):
        return address
    return f"https://{address}"


def _get(address: str, name: str, deadline: Deadline, limit: int) -> bytes:
    parts = urlsplit(address)
    path = f"{parts.path.rstrip('/')}/{MODULE}/@v/{name}"
    if parts.scheme == "file":
        return local.read_file(Path(url2pathname(path)), limit)
    return web.get(parts._replace(path=path).geturl(), deadline=deadline, limit=limit)
