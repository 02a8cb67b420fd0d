"""The network sources: module proxies in the order of GOPROXY, and GitHub for `direct` or without GOPROXY."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from gfplug.errors import FetchError, GfplugError
from gfplug.sdk import github, goenv, goproxy, modzip, web
from gfplug.sdk.protoset import ProtoSet, verify_proto

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfplug.sdk.versions import SdkVersion

_log = logging.getLogger("gfplug")
_T = TypeVar("_T")
_DIRECT = "direct"


def ask_in_turn(ask: Callable[[str], _T]) -> _T:
    """Ask the sources in the order of GOPROXY, and return the first answer; without a proxy, ask GitHub.

    Raises: the first failure after which no other source may be asked; earlier failures become its details.
    """
    failures: list[GfplugError] = []
    configured = "" if goenv.is_private() else goenv.proxy()
    for source in goproxy.parse(configured or _DIRECT):
        if source.address == "off":
            failures.append(FetchError("GOPROXY=off forbids the network", hint="use `--from PATH`, or change GOPROXY"))
            break
        try:
            return ask(source.address)
        except GfplugError as error:
            failures.append(error)
            if not (source.continues_after_errors or isinstance(error, web.MissingError)):
                break
            _log.debug("%s; asking the next source", error)
    raise _combine(failures)


def fetch(version: SdkVersion, *, seconds: float) -> ProtoSet:
    """Fetch and verify the proto of a version, within `seconds`.

    Raises: FetchError if no source has it; IntegrityError if a source sends wrong bytes.
    """
    deadline = web.Deadline(seconds)

    def ask(address: str) -> tuple[str, bytes, str | None, str | None]:
        if address == _DIRECT:
            release = github.download(version, deadline)
            return "github", release.proto, release.commit, None
        module = goproxy.download(address, version, deadline)
        archive = modzip.unpack(module.content, version)
        return "goproxy", archive.proto, module.commit, archive.h1

    try:
        source, proto, commit, h1 = ask_in_turn(ask)
    except GfplugError as error:
        raise type(error)(f"cannot fetch SDK {version}: {error}", hint=error.hint, details=error.details) from error
    return verify_proto(proto, version, source=source, commit=commit, h1=h1)


def releases(*, seconds: float = 30.0) -> list[SdkVersion]:
    """Return the releases of the first source that answers, oldest first."""
    deadline = web.Deadline(seconds)

    def ask(address: str) -> list[SdkVersion]:
        return sorted(github.tags(deadline)) if address == _DIRECT else goproxy.list_releases(address, deadline)

    return ask_in_turn(ask)


def _combine(failures: list[GfplugError]) -> GfplugError:
    """Return the last failure; earlier failures become its details."""
    last = failures[-1]
    last.details = "\n".join(
        [*(f"before: {error}" for error in failures[:-1]), *([last.details] if last.details else [])]
    )
    return last
