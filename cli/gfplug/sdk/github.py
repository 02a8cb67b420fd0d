"""The SDK's repository on GitHub: its tags with their commits, and a file of one commit.

Tags come from git's smart HTTP protocol, which, unlike the API, has no rate limit and needs no token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import versions, web
from gfplug.sdk.index import MODULE, PROTO_PATH

if TYPE_CHECKING:
    from gfplug.sdk.versions import SdkVersion
    from gfplug.sdk.web import Deadline

REPOSITORY = f"https://{MODULE}.git"
RAW = f"https://raw.githubusercontent.com/{MODULE.removeprefix('github.com/')}"

_REFS_LIMIT = 32 << 20  # GitHub also lists the refs of every pull request
_PROTO_LIMIT = 1 << 20
_LENGTH_DIGITS = 4
_TAGS = "refs/tags/"


@dataclass(frozen=True, slots=True)
class TaggedProto:
    """The proto of a release, and the commit of its tag, if the tags could be read."""

    proto: bytes
    commit: str | None


def tags(deadline: Deadline) -> dict[SdkVersion, str]:
    """Map each release to its commit.

    Raises: FetchError; IntegrityError if the response is not of git's protocol.
    """
    commits = refs(web.get(f"{REPOSITORY}/info/refs?service=git-upload-pack", deadline=deadline, limit=_REFS_LIMIT))
    names = [name.removeprefix(_TAGS) for name in commits if name.startswith(_TAGS)]
    return {
        version: commits.get(f"{_TAGS}{version}^{{}}", commits[f"{_TAGS}{version}"])  # the commit of an annotated tag
        for version in versions.releases(names)
        if f"{_TAGS}{version}" in commits
    }


def download(version: SdkVersion, deadline: Deadline) -> TaggedProto:
    """Return the proto of a release, by commit if possible, because a tag can be moved.

    Raises: MissingError if the tag or its proto does not exist; FetchError.
    """
    try:
        commits = tags(deadline)
    except (FetchError, IntegrityError):
        commits = None  # files come from another host
    if commits is not None and version not in commits:
        raise web.MissingError(
            f"{REPOSITORY} has no tag {version}", hint="`gfplug proto list --remote` shows which exist"
        )
    commit = commits[version] if commits else None
    url = f"{RAW}/{commit or version}/{PROTO_PATH}"
    return TaggedProto(web.get(url, deadline=deadline, limit=_PROTO_LIMIT), commit)


def refs(content: bytes) -> dict[str, str]:
    """Parse the ref advertisement of git's smart HTTP protocol: ref name to object id.

    Source: git v2.39, Documentation/gitprotocol-http and gitprotocol-pack.
    Raises: IntegrityError if it is invalid.
    """
    commits: dict[str, str] = {}
    for line in _packets(content):
        head = line.split(b"\0", 1)[0].strip()
        if head.startswith(b"#") or not head:
            continue
        commit, _, name = head.decode(errors="replace").partition(" ")
        commits[name] = commit
    if not commits:
        raise IntegrityError(f"{REPOSITORY} did not answer as a git server")
    return commits


def _packets(content: bytes) -> list[bytes]:
    """Split pkt-lines: four hexadecimal digits with the length, digits included; a length of 0 to 2 is a marker."""
    packets, at = [], 0
    while at < len(content):
        try:
            length = int(content[at : at + _LENGTH_DIGITS].decode("ascii"), 16)
        except ValueError as error:
            raise IntegrityError(f"{REPOSITORY} did not answer as a git server") from error
        if length > _LENGTH_DIGITS:
            packets.append(content[at + _LENGTH_DIGITS : at + length])
        at += max(length, _LENGTH_DIGITS)
    return packets
