"""The real releases: our restated protos compared with the originals, and every wire since the oldest supported one.

They come from Go's module cache or the configured module proxy; without either, these tests are skipped.
"""

import json
import shutil
import sys
from pathlib import Path

import pytest
import upstream
from commands import run
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from gfplug import files, process, resources, sdk
from gfplug.errors import FetchError, ToolError
from gfplug.sdk import SdkVersion, github, goenv, index, modzip, stubs, web

pytestmark = pytest.mark.network

_GO_PLUGIN = "github.com/hashicorp/go-plugin@v1.8.0"
_SERVICES = ("grpc_broker", "grpc_controller", "grpc_stdio")


def _bare(content: bytes, folder: Path, name: str) -> FileDescriptorProto:
    """Compile a proto under another name, and drop the parts that are not on the wire."""
    folder.mkdir()
    (folder / name).write_bytes(content)
    process.run([sys.executable, "-m", "grpc_tools.protoc", "-I.", "--descriptor_set_out=out", name], cwd=folder)
    (descriptor,) = FileDescriptorSet.FromString((folder / "out").read_bytes()).file
    descriptor.ClearField("options")
    descriptor.ClearField("source_code_info")
    return descriptor


def test_our_proto_compiles_to_the_originals_descriptor(tmp_path: Path) -> None:
    """Messages, fields, numbers, types and services are the same, in the same order: no byte differs."""
    original = modzip.unpack(upstream.download(sdk.default()).content, sdk.default()).proto
    ours = (resources.folder("proto") / "pluginv2" / "backend.proto").read_bytes()

    assert _bare(ours, tmp_path / "ours", "a.proto") == _bare(original, tmp_path / "original", "a.proto")
    assert ours != original


@pytest.mark.parametrize("name", _SERVICES)
def test_our_go_plugin_protos_compile_to_the_originals_descriptors(name: str, tmp_path: Path) -> None:
    """The protos have the three services beside Grafana's; Go fetches the originals."""
    if shutil.which("go") is None:
        pytest.skip("install Go 1.26: it fetches the originals")
    try:
        download = process.run(["go", "mod", "download", "-json", _GO_PLUGIN], cwd=tmp_path, timeout=120)
    except ToolError as error:
        pytest.skip(f"Go can not fetch {_GO_PLUGIN}: {error.details[-200:]}")
    original = (Path(json.loads(download)["Dir"]) / "internal" / "plugin" / f"{name}.proto").read_bytes()
    ours = (resources.folder("proto") / "goplugin" / f"{name}.proto").read_bytes()

    assert _bare(ours, tmp_path / "ours", "a.proto") == _bare(original, tmp_path / "original", "a.proto")


@pytest.mark.parametrize("version", upstream.first_of_each_wire(), ids=str)
def test_every_wire_since_the_floor_matches_the_index_and_imports(version: SdkVersion, tmp_path: Path) -> None:
    """The test goes from the real zip to stubs that import, and compares every digest and checksum."""
    archive = tmp_path / "sdk.zip"
    archive.write_bytes(upstream.download(version).content)
    generated = stubs.generate(sdk.fetch(version, source=archive))
    files.write_tree(tmp_path / "src", generated.files)

    done = run(sys.executable, "-W", "error", "-c", "from pluginv2 import backend_pb2", cwd=tmp_path / "src")

    assert done.err == ""
    assert generated.descriptor == index.load().entries[version].descriptor


def test_a_release_is_fetched_the_whole_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The release is fetched from the network into the cache, without Go's module cache."""
    version = SdkVersion(0, 250, 0)
    if goenv.proxy() in {"", "off", "direct"}:
        pytest.skip("no Go module proxy is configured")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    try:
        protos = sdk.fetch(version)
    except FetchError as error:
        pytest.skip(f"the configured source is not reachable: {error}")

    assert protos.source in {"goproxy", "github"}
    assert sdk.fetch(version, offline=True).text == protos.text


def test_githubs_tags_agree_with_the_index() -> None:
    """If GitHub is reachable, each known commit is still the commit of its tag."""
    try:
        tags = github.tags(web.Deadline(30))
    except FetchError as error:
        pytest.skip(f"GitHub is not reachable: {error}")
    entries = index.load().entries

    assert {version: entry.commit for version, entry in entries.items() if entry.commit} == {
        version: tags[version] for version, entry in entries.items() if entry.commit
    }
