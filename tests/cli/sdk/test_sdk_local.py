"""--from PATH: a file, a checkout or a module zip, and everything that is none of them."""

from pathlib import Path

import pytest
from sdk_world import World

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import local
from gfplug.sdk.protoset import embedded


@pytest.mark.parametrize("is_zip", [False, True])
def test_a_file_is_read(tmp_path: Path, world: World, *, is_zip: bool) -> None:
    """A proto, or what a module proxy serves, carried over to a machine without a network; whatever its name."""
    path = tmp_path / "any.txt"
    path.write_bytes(world.zip(world.indexed) if is_zip else world.proto)
    protos = local.read(path, world.indexed)

    assert (protos.text, protos.source) == (world.proto, "file")


@pytest.mark.parametrize("place", ["proto/backend.proto", "backend.proto", "pluginv2/backend.proto"])
def test_a_folder_is_searched_where_checkouts_keep_it(tmp_path: Path, world: World, place: str) -> None:
    """The SDK's checkout, its proto folder, or the folder above a project's stubs."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_bytes(world.proto)

    assert local.read(tmp_path, world.indexed).text == world.proto


def test_the_embedded_proto_in_a_file_is_known_again(tmp_path: Path, world: World) -> None:
    """`gfplug proto show` prints it; its digest is not upstream's, its wire is."""
    ours = embedded(world.default)
    assert ours is not None
    path = tmp_path / "backend.proto"
    path.write_bytes(ours.text.replace(b"\n", b"\r\n"))

    assert local.read(path, world.default) == ours
    with pytest.raises(IntegrityError, match="sha256 is"):
        local.read(path, world.indexed)


@pytest.mark.parametrize("name", ["missing", "empty-folder"])
def test_a_missing_source_is_named_in_the_error(tmp_path: Path, world: World, name: str) -> None:
    """A path that does not exist, and a folder without a proto."""
    (tmp_path / "empty-folder").mkdir()

    with pytest.raises(FetchError, match=f"{name} (does not exist|has no proto/backend.proto)"):
        local.read(tmp_path / name, world.indexed)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04", bytes(20), "zip of another", "another"])
def test_other_files_are_refused(tmp_path: Path, world: World, content: bytes | str) -> None:
    """Whatever was picked by mistake, also the zip or the proto of another version."""
    others = {"zip of another": world.zip(world.newer), "another": world.proto + b"message More {}\n"}
    problems = {"zip of another": r"not a file below .*@v0\.250\.0/", "another": r"SDK v0\.250\.0 from file: sha256 is"}
    path = tmp_path / "x"
    path.write_bytes(others[content] if isinstance(content, str) else content)

    with pytest.raises(IntegrityError, match=problems.get(str(content))):
        local.read(path, world.indexed)
