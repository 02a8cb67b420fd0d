"""GitHub: tags from git's protocol, and files by commit."""

import pytest
from sdk_world import Server, World

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import github
from gfplug.sdk.index import PROTO_PATH
from gfplug.sdk.web import Deadline, MissingError

_REFS = "/sdk.git/info/refs"


def _advertise(*refs: tuple[str, str]) -> bytes:
    lines = [b"# service=git-upload-pack\n", b""]
    lines += [f"{commit} {name}\0caps agent=git/2\n".encode() for name, commit in refs[:1]]
    lines += [f"{commit} {name}\n".encode() for name, commit in refs[1:]]
    return b"".join(f"{len(line) + 4:04x}".encode() + line if line else b"0000" for line in lines) + b"0000"


@pytest.fixture
def hub(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Let the local server replace GitHub."""
    monkeypatch.setattr(github, "REPOSITORY", f"{server.url}/sdk.git")
    monkeypatch.setattr(github, "RAW", f"{server.url}/raw")
    return server


def test_tags_are_mapped_to_commits(hub: Server) -> None:
    """An annotated tag has its peeled commit; branches, pull requests and pre-releases are skipped."""
    hub.serve_body(
        _REFS,
        _advertise(
            ("HEAD", "1" * 40),
            ("refs/heads/v0.99.0", "2" * 40),
            ("refs/pull/1/head", "3" * 40),
            ("refs/tags/v0.250.0", "4" * 40),
            ("refs/tags/v0.250.0^{}", "5" * 40),
            ("refs/tags/v0.251.0", "6" * 40),
            ("refs/tags/v0.252.0-rc1", "7" * 40),
        ),
    )

    tags = github.tags(Deadline(5))

    assert {str(version): commit for version, commit in tags.items()} == {"v0.250.0": "5" * 40, "v0.251.0": "6" * 40}


@pytest.mark.parametrize("content", [b"", b"<html>", b"zzzz", b"0000", b"001e# service=git-upload-pack\n0000"])
def test_a_response_that_is_not_git_is_refused(hub: Server, content: bytes) -> None:
    """A captive portal sends HTML."""
    hub.serve_body(_REFS, content)

    with pytest.raises(IntegrityError, match="did not answer as a git server"):
        github.tags(Deadline(5))


def test_a_file_is_fetched_by_commit(hub: Server, world: World) -> None:
    """A tag may move between two requests."""
    hub.serve_body(_REFS, _advertise(("refs/tags/v0.250.0", world.commit)))
    hub.serve_body(f"/raw/{world.commit}/{PROTO_PATH}", world.proto)

    assert github.download(world.indexed, Deadline(5)) == github.TaggedProto(world.proto, world.commit)


def test_without_tags_a_file_is_fetched_by_tag(hub: Server, world: World) -> None:
    """Files come from another host, which may be the only reachable one."""
    hub.serve_body(f"/raw/v0.250.0/{PROTO_PATH}", world.proto)

    assert github.download(world.indexed, Deadline(5)) == github.TaggedProto(world.proto, None)


def test_a_missing_tag_is_named(hub: Server, world: World) -> None:
    """No file is requested."""
    hub.serve_body(_REFS, _advertise(("refs/tags/v0.250.0", world.commit)))

    with pytest.raises(MissingError, match=r"has no tag v0\.299\.0"):
        github.download(world.newer, Deadline(5))
    assert len(hub.requests) == 1


def test_an_unreachable_github_is_a_fetch_error(world: World) -> None:
    """Both hosts are tried."""
    with pytest.raises(FetchError, match=r"cannot reach http://127\.0\.0\.1:1/raw"):
        github.download(world.indexed, Deadline(5))
