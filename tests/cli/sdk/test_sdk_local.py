"""--from PATH: a file, a checkout, a module zip, and files that are none of these."""

from pathlib import Path

import pytest
from sdk_world import World

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import local
from gfplug.sdk.protoset import embedded


@pytest.mark.parametrize("is_zip", [False, True])
def test_a_proto_or_a_module_zip_is_read_from_a_file(tmp_path: Path, world: World, *, is_zip: bool) -> None:
    """A proto or a module zip may have any name, for machines without a network."""
    path = tmp_path / "any.txt"
    path.write_bytes(world.zip(world.indexed) if is_zip else world.proto)
    protos = local.read(path, world.indexed)

    assert (protos.text, protos.source) == (world.proto, "file")


@pytest.mark.parametrize("place", ["proto/backend.proto", "backend.proto", "pluginv2/backend.proto"])
def test_a_proto_is_found_in_a_folder(tmp_path: Path, world: World, place: str) -> None:
    """The folder is the SDK's checkout, its proto folder, or the one above a project's stubs."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_bytes(world.proto)

    assert local.read(tmp_path, world.indexed).text == world.proto


def test_the_embedded_proto_in_a_file_is_recognised(tmp_path: Path, world: World) -> None:
    """`gfplug proto show` prints it; its text differs from upstream's, its descriptor does not."""
    ours = embedded(world.default)
    assert ours is not None
    path = tmp_path / "backend.proto"
    path.write_bytes(ours.text.replace(b"\n", b"\r\n"))

    assert local.read(path, world.default) == ours
    with pytest.raises(IntegrityError, match="sha256 is"):
        local.read(path, world.indexed)


@pytest.mark.parametrize("name", ["missing", "empty-folder"])
def test_a_missing_source_is_named_in_the_error(tmp_path: Path, world: World, name: str) -> None:
    """The path does not exist, or the folder has no proto."""
    (tmp_path / "empty-folder").mkdir()

    with pytest.raises(FetchError, match=f"{name} (does not exist|has no proto/backend.proto)"):
        local.read(tmp_path / name, world.indexed)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04", bytes(20), "zip of another", "another"])
def test_a_file_without_the_requested_proto_is_refused(tmp_path: Path, world: World, content: bytes | str) -> None:
    """The zip or proto of another version is refused, too."""
    others = {"zip of another": world.zip(world.newer), "another": world.proto + b"message More {}\n"}
    problems = {"zip of another": r"not a file below .*@v0\.250\.0/", "another": r"SDK v0\.250\.0 from file: sha256 is"}
    path = tmp_path / "x"
    path.write_bytes(others[content] if isinstance(content, str) else content)

    with pytest.raises(IntegrityError, match=problems.get(str(content))):
        local.read(path, world.indexed)
