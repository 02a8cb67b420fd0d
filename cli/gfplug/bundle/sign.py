"""`gfplug sign` as a service: a private signature from Grafana's API, checked before it is believed.

Only names and digests of the files leave the machine, never the files.

Source: grafana/plugin-tools, @grafana/sign-plugin 3.3.3, packages/sign-plugin/src (the request's fields);
grafana/grafana v13.0.0, pkg/plugins/manager/signature/manifest.go (what the answer must hold).
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gfplug import __version__, files
from gfplug.bundle.rules.bundle_rules import SIGNATURE, signed_content
from gfplug.errors import FetchError, IntegrityError, ProjectError, UsageError
from gfplug.project.plugin_project import Manifest
from gfplug.sdk import trust

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TOKEN = "GRAFANA_ACCESS_POLICY_TOKEN"  # noqa: S105 - the variable's name
API = "GRAFANA_COM_URL"
_API = "https://grafana.com/api"
_SECONDS = 60.0
_LONGEST = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What was signed, by whom, and for which Grafanas."""

    folder: Path
    files: int
    organisation: str
    root_urls: tuple[str, ...]


def sign(folder: Path, *, root_urls: Sequence[str], variables: Mapping[str, str] | None = None) -> Signature:
    """Sign a bundle for some Grafanas: writes its MANIFEST.txt.

    Raises: UsageError without a token or a root URL; ProjectError for what can't be signed; FetchError if the API
    refuses or can't be reached; IntegrityError if what it answers is not a signature of this bundle.
    """
    environment = os.environ if variables is None else variables
    token = environment.get(TOKEN, "").strip()
    if not token:
        raise UsageError(
            f"{TOKEN} is not set", hint="make an access policy with plugins:write on grafana.com, and export its token"
        )
    urls = tuple(_root_url(url) for url in root_urls)
    if not urls:
        raise UsageError("a private signature is for named Grafanas", hint="--root-url https://grafana.example.com/")
    manifest = Manifest.read(folder / "plugin.json")
    digests = _digests(folder)
    request = {
        "plugin": manifest.id,
        "version": manifest.version,
        "files": digests,
        "signatureType": "private",
        "rootUrls": list(urls),
        "signPlugin": {"version": f"gfplug-{__version__}"},
    }
    answer = _ask(f"{environment.get(API, _API).rstrip('/')}/plugins/ci/sign", request, token)
    organisation = _verify(answer, request)
    files.write_atomic(folder / SIGNATURE, answer)
    return Signature(folder=folder, files=len(digests), organisation=organisation, root_urls=urls)


def _root_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise UsageError(f"{url!r} is not the address of a Grafana", hint="its root_url, with http:// or https://")
    return url if url.endswith("/") else f"{url}/"


def _digests(folder: Path) -> dict[str, str]:
    """Map every file to its SHA-256, as Grafana will: slashes in names, the old signature left out."""
    root, digests = folder.resolve(), {}
    for path in files.entries(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ProjectError(f"{name} is a link that leads out of the bundle", hint="build it again")
        if name != SIGNATURE:
            digests[name] = files.sha256_of(path)
    return digests


def _ask(address: str, request: Mapping[str, Any], token: str) -> bytes:
    question = urllib.request.Request(  # noqa: S310 - the user's own GRAFANA_COM_URL, or Grafana's
        address,
        data=json.dumps(request).encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": f"gfplug/{__version__}",
        },
        method="POST",
    )
    try:
        context = trust.context() if address.startswith("https") else None
        with urllib.request.urlopen(question, timeout=_SECONDS, context=context) as answer:  # noqa: S310
            return bytes(answer.read(_LONGEST))
    except urllib.error.HTTPError as error:
        reply = error.read(2000).decode(errors="replace").strip()
        raise FetchError(
            f"{urlsplit(address).netloc} answered {error.code}: {reply.replace(token, '***') or error.reason}",
            hint=_HINTS.get(error.code, "the lines above are the server's"),
        ) from None
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise FetchError(
            f"{urlsplit(address).netloc} could not be reached: {reason}",
            hint="check the address and the network; https_proxy names a proxy, GFPLUG_CA_BUNDLE your certificates",
        ) from None


_HINTS = {
    401: f"is the token in {TOKEN} current, with plugins:write?",
    403: "the plugin id must begin with the slug of the token's organisation",
    409: "this version was signed already with other files: raise the version in pyproject.toml",
}


def _verify(answer: bytes, request: Mapping[str, Any]) -> str:
    """Check that an answer signs what was asked for, and return for whom."""
    signed = signed_content(answer)
    if signed is None:
        raise IntegrityError("the API's answer is no signed manifest", details=answer[:500].decode(errors="replace"))
    for key in ("plugin", "version", "files", "signatureType"):
        if signed.get(key) != request[key]:
            raise IntegrityError(f"the signature is for another {key}: the bundle was left unsigned")
    if [url.rstrip("/") for url in signed.get("rootUrls") or []] != [url.rstrip("/") for url in request["rootUrls"]]:
        raise IntegrityError(f"the signature is for {signed.get('rootUrls')}: the bundle was left unsigned")
    return str(signed.get("signedByOrgName") or signed.get("signedByOrg") or "")
