"""Every release since the oldest supported one, and the changes of each wire, compared with the history and buf.

`python tests/network/test_history.py` records the history again; look at the difference before you commit it.
"""

import itertools
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import upstream
from commands import run
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gfplug import files, sdk
from gfplug.sdk import SdkVersion, compat, index, modzip, stubs
from gfplug.sdk.compat import Level

pytestmark = [pytest.mark.network]

GOLDEN = Path(__file__).parents[1] / "golden" / "sdk-history.json"
BEFORE_THE_FLOOR = [
    *("v0.5.0", "v0.6.0", "v0.13.0", "v0.14.0", "v0.15.0", "v0.17.0", "v0.18.0", "v0.19.0", "v0.20.0", "v0.30.0"),
    *("v0.35.0", "v0.60.0", "v0.80.0", "v0.88.0", "v0.89.0", "v0.90.0", "v0.91.0"),
]
"""Releases that gfplug refuses, but whose changes are of every kind; some in between are no longer available."""

BUF_DIFFERS = {
    "v0.88.0..v0.89.0": "buf counts another go_package as breaking",
}
"""Pairs about which gfplug and `buf breaking` disagree, and why."""


def pairs() -> list[tuple[str, str]]:
    """List the releases to compare, each with its predecessor."""
    versions = [*BEFORE_THE_FLOOR, *map(str, upstream.first_of_each_wire())]
    return list(itertools.pairwise(versions))


def described(version: str) -> FileDescriptorSet:
    """Compile a release's proto."""
    return stubs.describe(upstream.proto(SdkVersion.parse(version)))


def changes(old: str, new: str) -> list[dict[str, str]]:
    """Compare two releases."""
    return [change.to_json() for change in compat.compare(described(old), described(new))]


def recorded() -> dict[str, Any]:
    """Read the recorded history."""
    history: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return history


@pytest.mark.parametrize(("old", "new"), pairs())
def test_the_changes_of_a_release_match_the_history(old: str, new: str) -> None:
    """From each wire to the next the changes and their levels are the recorded ones."""
    assert changes(old, new) == recorded()[f"{old}..{new}"]


def test_from_the_floor_on_only_the_conversion_service_broke() -> None:
    """This is why the oldest supported release was chosen."""
    pair = "v0.232.0..v0.243.0"
    since = {f"{old}..{new}" for old, new in pairs() if SdkVersion.parse(old) >= sdk.FLOOR}
    breaking = {
        name: [change for change in is_breaking if change["level"] != Level.ADDITIVE]
        for name, is_breaking in recorded().items()
        if name in since
    }

    assert {name for name, is_breaking in breaking.items() if is_breaking} == {pair}
    assert [change["level"] for change in breaking[pair]] == ["wire"] * 6
    assert all("Conver" in change["path"] for change in breaking[pair])


@pytest.mark.parametrize("version", sorted(index.load().entries), ids=str)
def test_a_release_matches_the_index(version: SdkVersion) -> None:
    """Each known release's module zip has the recorded checksum, proto and descriptor."""
    entry = index.load().entries[version]
    archive = upstream.download(version)
    unpacked = modzip.unpack(archive.content, version)
    text = sdk.normalise(unpacked.proto)

    assert unpacked.h1 == entry.h1
    assert files.sha256(text) == entry.sha256


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder where mypy caches the libraries that all stubs import."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.long
@pytest.mark.parametrize("version", upstream.first_of_each_wire(), ids=str)
def test_the_stubs_of_a_release_are_typed(version: SdkVersion, mypy_cache: Path, tmp_path: Path) -> None:
    """Mypy --strict finds no error in the generated code of each wire."""
    files.write_tree(tmp_path / "src", stubs.generate(upstream.proto(version)).files)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={mypy_cache}", "src"]
    done = run(*command, cwd=tmp_path)

    assert done.code == 0, done.out


@pytest.mark.parametrize(("old", "new"), pairs())
def test_buf_agrees_about_what_breaks(old: str, new: str, tmp_path: Path) -> None:
    """`buf breaking`, with the rules for files, reports a break if, and only if, gfplug does."""
    beside = shutil.which("buf", path=str(Path(sys.executable).parent))
    if not (buf := shutil.which("buf") or beside):
        pytest.skip("install gfplug's extra `dev`: buf is missing")
    for name, version in (("old", old), ("new", new)):
        (tmp_path / f"{name}.binpb").write_bytes(described(version).SerializeToString())
    rules = '{"version": "v2", "breaking": {"use": ["FILE"]}}'
    command = [buf, "breaking", "new.binpb", "--against", "old.binpb", "--config", rules, "--error-format", "json"]
    done = run(*command, cwd=tmp_path)
    ours = any(change["level"] in {Level.WIRE, Level.SOURCE} for change in recorded()[f"{old}..{new}"])

    assert done.code in {0, 100}, done.err
    assert (done.code == 100) == (ours or f"{old}..{new}" in BUF_DIFFERS), done.out


if __name__ == "__main__":
    history = {f"{old}..{new}": changes(old, new) for old, new in pairs()}
    GOLDEN.write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
