"""`gfplug sign` as a service: a private signature from Grafana's API, which is verified before it is used.

Only names and digests of the files are sent, never the files.

Source: grafana/plugin-tools, @grafana/sign-plugin 3.3.3, packages/sign-plugin/src (the request's fields);
grafana/grafana v13.0.0, pkg/plugins/manager/signature/manifest.go (the required parts of the answer).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gfplug import __version__, files
from gfplug.bundle.rules.bundle_rules import SIGNATURE, signed_content
from gfplug.errors import FetchError, IntegrityError, ProjectError, UsageError
from gfplug.project.plugin_project import Manifest
from gfplug.sdk import web
from gfplug.sdk.addresses import redact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TOKEN = "GRAFANA_ACCESS_POLICY_TOKEN"  # noqa: S105 - the variable's name
API = "GRAFANA_COM_URL"
_API = "https://grafana.com/api"
_TIMEOUT_SECONDS = 60.0
_MAX_ANSWER_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The signed plugin, the signer, and the URLs of the Grafanas."""

    folder: Path
    files: int
    organisation: str
    root_urls: tuple[str, ...]


def sign(folder: Path, *, root_urls: Sequence[str], variables: Mapping[str, str] | None = None) -> Signature:
    """Sign a bundle for the Grafanas at `root_urls`, and write its MANIFEST.txt.

    Raises: UsageError without a token or a root URL; ProjectError if a file can't be signed; FetchError if the API
    refuses or can't be reached; IntegrityError if its response is not a signature of this bundle.
    """
    environment = os.environ if variables is None else variables
    token = environment.get(TOKEN, "").strip()
    if not token:
        raise UsageError(
            f"{TOKEN} is not set",
            hint="create an access policy with plugins:write on grafana.com, and export its token",
        )
    urls = tuple(_root_url(url) for url in root_urls)
    if not urls:
        raise UsageError(
            "a private signature needs the URL of each Grafana", hint="--root-url https://grafana.example.com/"
        )
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
    files.write_atomic(folder / SIGNATURE, answer, for_grafana=True)
    return Signature(folder=folder, files=len(digests), organisation=organisation, root_urls=urls)


def _root_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(f"{url!r} is not the address of a Grafana", hint="its root_url, with http:// or https://")
    return url if url.endswith("/") else f"{url}/"


def _digests(folder: Path) -> dict[str, str]:
    """Map every file to its SHA-256, as Grafana does: with slashes in names, without the old signature."""
    root, digests = folder.resolve(), {}
    for path in files.entries(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ProjectError(f"{name} is a link that leads out of the bundle", hint="build it again")
        if name != SIGNATURE:
            digests[name] = files.sha256_of(path)
    return digests


def _ask(address: str, request: Mapping[str, Any], token: str) -> bytes:
    body = json.dumps(request).encode()
    try:
        return web.post(address, body, token=token, deadline=web.Deadline(_TIMEOUT_SECONDS), limit=_MAX_ANSWER_BYTES)
    except web.RefusedError as error:
        raise FetchError(
            f"{redact(address)} answered {error.status}: {error.text.replace(token, '***')}",
            hint=_HINTS.get(error.status, "this text comes from the server"),
        ) from None


_HINTS = {
    401: f"check that the token in {TOKEN} has not expired and has plugins:write",
    403: "the plugin id must begin with the slug of the token's organisation",
    409: "this version was signed already with other files: raise the version in pyproject.toml",
}


def _verify(answer: bytes, request: Mapping[str, Any]) -> str:
    """Check that a response signs the requested files, and return the signer."""
    signed = signed_content(answer)
    if signed is None:
        raise IntegrityError(
            "the API's response is not a signed manifest", details=answer[:500].decode(errors="replace")
        )
    for key in ("plugin", "version", "files", "signatureType"):
        if signed.get(key) != request[key]:
            raise IntegrityError(f"the signature is for another {key}: the bundle was left unsigned")
    urls, expected_urls = signed.get("rootUrls"), [url.rstrip("/") for url in request["rootUrls"]]
    if not isinstance(urls, list) or [str(url).rstrip("/") for url in urls] != expected_urls:
        raise IntegrityError(f"the signature is for {urls}: the bundle was left unsigned")
    return str(signed.get("signedByOrgName") or signed.get("signedByOrg") or "")
