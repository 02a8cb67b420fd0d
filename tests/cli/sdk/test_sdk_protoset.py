"""A text becomes a ProtoSet only if it is a valid proto of the right version."""

import logging

import pytest
from sdk_world import World

from gfplug import files
from gfplug.errors import IntegrityError
from gfplug.sdk.protoset import embedded, normalise, require_proto, verify_proto


def test_line_ends_and_a_byte_order_mark_do_not_change_a_proto(world: World) -> None:
    """A Windows checkout gives the same proto; its digest is that of the text written to disk."""
    windows = b"\xef\xbb\xbf" + world.proto.replace(b"\n", b"\r\n")

    assert verify_proto(windows, world.indexed, source="file").text == world.proto
    assert normalise(world.proto) == world.proto


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"<!DOCTYPE html><html>sign in</html>", "is a web page"),
        (b"\n<HTML>", "is a web page"),
        (b'syntax = "proto3";\npackage pluginv2;\n// caf\xe9', "is not UTF-8"),
        (b"package pluginv2;", "is not a proto3 file"),
        (b'syntax = "proto2";\npackage pluginv2;', "is not a proto3 file"),
        (b'syntax = "proto3";\npackage other;', "does not declare the package"),
        (b'syntax = "proto3";\n// package pluginv2;', "does not declare the package"),
        (b"404: Not Found", "is not a proto3 file"),
    ],
)
def test_bytes_that_are_not_a_proto_are_refused(content: bytes, sentence: str) -> None:
    """The error describes the bytes."""
    with pytest.raises(IntegrityError, match=sentence):
        require_proto(content, "the proto")


@pytest.mark.parametrize(
    ("more", "facts", "sentence"),
    [
        (b"// more\n", {}, r"proto of SDK v0\.250\.0 from goproxy: sha256 is"),
        (b"", {"h1": "h1:other"}, "checksum is h1:other"),
        (b"", {"commit": "d" * 40}, f"commit is {'d' * 40}"),
    ],
    ids=["one more comment", "an honest proto in a changed zip", "a tag that moved"],
)
def test_a_proto_that_differs_from_the_index_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, more: bytes, facts: dict[str, str], sentence: str
) -> None:
    """The index has its digest, its checksum and the tag's commit."""
    world.learn(monkeypatch, world.entry(world.indexed, commit="c" * 40))

    with pytest.raises(IntegrityError, match=sentence):
        verify_proto(world.proto + more, world.indexed, source="goproxy", **facts)


def test_a_known_release_has_the_facts_of_the_index(world: World) -> None:
    """Its descriptor digest is for comparing a compiled proto."""
    protos = verify_proto(world.proto, world.indexed, source="cache", commit=world.commit)

    assert (protos.descriptor, protos.commit, protos.sha256) == (
        "sha256:of-proto",
        world.commit,
        files.sha256(world.proto),
    )


def test_an_unknown_release_is_trusted_on_first_use(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A message says so, and the lock pins its digest."""
    with caplog.at_level(logging.WARNING, logger="gfplug"):
        protos = verify_proto(world.proto, world.newer, source="goproxy")

    assert protos.descriptor is None
    assert "v0.299.0 is not in this gfplug's index" in caplog.text
    assert "(this source has no checksum): gfplug trusts it on first use" in caplog.text


def test_the_embedded_proto_is_used_only_for_its_releases(world: World) -> None:
    """Another or an unknown release is not guessed."""
    protos = embedded(world.default)

    assert protos is not None
    assert (protos.source, protos.descriptor) == ("embedded", "sha256:embedded")
    assert embedded(world.indexed) is None
    assert embedded(world.newer) is None
