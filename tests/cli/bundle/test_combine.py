"""`gfplug merge` combines the archives of several platforms, and refuses archives that differ."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from small_bundle import MANIFEST, sign, small_bundle

from gfplug.bundle import combine, packing
from gfplug.cli import main
from gfplug.errors import IntegrityError, ProjectError, UsageError


@pytest.fixture
def archives(tmp_path: Path) -> list[Path]:
    """Make one plugin's archives for two machines."""
    return [archive(tmp_path, machine) for machine in ("amd64", "arm64")]


def archive(folder: Path, machine: str, change: Callable[[Path], object] = lambda _: None) -> Path:
    """Make an archive for one machine, changed."""
    bundle = small_bundle(folder / f"{machine}-bundle", machine=machine)
    for name in ("README.md", "module.js"):
        (bundle / name).write_bytes(b"one\ntwo\n")
    change(bundle)
    packing.pack(bundle, folder / f"{machine}.zip", seconds=1_700_000_000)
    return folder / f"{machine}.zip"


def test_two_platforms_become_one_archive(archives: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """It has both executables with their modes and shared files once, and passes `gfplug check`."""
    assert main(["merge", *map(str, archives)]) == 0

    output = archives[0].with_name("acme-sales-datasource-1.2.3.zip")
    assert capsys.readouterr().out == f"{output}\n"
    with zipfile.ZipFile(output) as contents:
        names = contents.namelist()
        assert contents.testzip() is None
    assert names == sorted(set(names))
    assert {f"{MANIFEST['id']}/gpx_sales_linux_{machine}" for machine in ("amd64", "arm64")} <= set(names)
    assert packing.digest_path(output).read_text().split()[0] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert main(["check", str(output)]) == 0


def test_the_order_of_the_archives_does_not_matter(archives: list[Path], tmp_path: Path) -> None:
    """The bytes are the same in either order."""
    one = combine.combine(archives, tmp_path / "one.zip")
    other = combine.combine(archives[::-1], tmp_path / "other.zip")

    assert one.sha256 == other.sha256
    assert one.platforms == ("linux_amd64", "linux_arm64")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda bundle: (bundle / "module.js").write_text("other"), r"differ in module\.js \(content\)"),
        (lambda bundle: (bundle / "module.js").chmod(0o755), r"differ in module\.js \(mode\)"),
        (
            lambda bundle: replace(bundle, info={**MANIFEST["info"], "updated": "2026-07-02"}),
            r"differ in plugin\.json \(date\)",
        ),
        (lambda bundle: with_crlf(bundle / "module.js"), r"differ in module\.js \(line ends\)"),
        (
            lambda bundle: replace(bundle, id="acme-other-datasource"),
            "the plugin acme-sales-datasource, .* has acme-other",
        ),
        (
            lambda bundle: replace(bundle, info={**MANIFEST["info"], "version": "2.0.0"}),
            r"version 1\.2\.3, .* has 2\.0\.0",
        ),
        (sign, "is signed"),
    ],
)
def test_archives_that_differ_in_more_than_the_platform_are_refused(
    tmp_path: Path, change: Callable[[Path], object], sentence: str
) -> None:
    """They differ in plugin, version, a shared file's content or mode, or a signature; nothing is written."""
    parts = [archive(tmp_path, "amd64"), archive(tmp_path, "arm64", change)]
    with pytest.raises(ProjectError, match=sentence):
        combine.combine(parts, tmp_path / "out.zip")

    assert not (tmp_path / "out.zip").exists()


def test_a_different_build_date_is_refused_with_a_hint(tmp_path: Path) -> None:
    """The hint shows how to give all platforms one time."""

    def at(time: int) -> Callable[[Path], object]:
        build = {"time": time, "hash": "0123"}
        return lambda bundle: replace(bundle, info={**MANIFEST["info"], "build": build})

    parts = [archive(tmp_path, "amd64", at(1)), archive(tmp_path, "arm64", at(20))]
    with pytest.raises(ProjectError, match=r"differ in plugin\.json \(date\)") as excinfo:
        combine.combine(parts, tmp_path / "out.zip")

    assert "the same SOURCE_DATE_EPOCH" in excinfo.value.hint


def test_archives_with_and_without_a_commit_are_refused_with_a_hint(tmp_path: Path) -> None:
    """The error differs from that for another commit, and the hint says that all platforms need git, or none."""

    def with_build(**build: object) -> Callable[[Path], object]:
        return lambda bundle: replace(bundle, info={**MANIFEST["info"], "build": {"time": 1, **build}})

    archives = [archive(tmp_path, "amd64", with_build(hash="0123")), archive(tmp_path, "arm64", with_build())]
    with pytest.raises(ProjectError, match=r"differ in plugin\.json \(commit\)") as caught:
        combine.combine(archives, tmp_path / "out.zip")

    assert "or all without git" in caught.value.hint


@pytest.mark.parametrize("text", ["[]", '{"info": 5}', '{"info": {"build": [1]}}', "{ %s", ' {"info": {}}'])
def test_a_plugin_json_with_another_spelling_counts_as_other_content(tmp_path: Path, text: str) -> None:
    """The other file may also be invalid."""
    with packing.EarlierArchive(tmp_path / "none") as old:
        entries = [packing.entry("x/plugin.json", each.encode(), 0o644, old) for each in ('{"info": {}}', text)]

    assert combine._difference(*entries) == "content"


def replace(bundle: Path, **keys: object) -> None:
    """Change plugin.json."""
    (bundle / "plugin.json").write_text(json.dumps({**MANIFEST, **keys}))


def with_crlf(path: Path) -> None:
    """End a text's lines as Windows does."""
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ([with_crlf], "so that git writes LF as gfplug does"),
        ([with_crlf, lambda path: path.write_text("other")], "from one commit"),
    ],
)
def test_the_hint_depends_on_the_difference(tmp_path: Path, changes: list[Callable[[Path], object]], hint: str) -> None:
    """Line ends come from git's settings, other differences from another commit."""

    def change(bundle: Path) -> None:
        for name, edit in zip(("README.md", "module.js"), changes, strict=False):
            edit(bundle / name)

    both = [archive(tmp_path, "amd64"), archive(tmp_path, "arm64", change)]
    with pytest.raises(ProjectError) as excinfo:
        combine.combine(both, tmp_path / "out.zip")
    assert hint in excinfo.value.hint


def test_merging_one_archive_is_refused(archives: list[Path]) -> None:
    """The error says that two archives are required."""
    with pytest.raises(UsageError, match="two archives"):
        combine.combine(archives[:1])


@pytest.mark.parametrize("content", ["not a zip", "another zip", "half a download"])
def test_a_file_that_is_not_a_plugin_archive_is_refused(archives: list[Path], content: str) -> None:
    """The files are a broken one and a zip file of something else."""
    if content == "another zip":
        with zipfile.ZipFile(archives[1], "w") as other:
            other.writestr("hello/there.txt", "")
    else:
        archives[1].write_bytes(archives[1].read_bytes()[:-40] if content == "half a download" else b"not a zip")
    with pytest.raises(IntegrityError):
        combine.combine(archives)


def test_the_output_folder_is_created(archives: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The output file gets the given name."""
    output = archives[0].parent / "new/folder/x.zip"

    assert main(["merge", *map(str, archives), "-o", str(output)]) == 0
    assert capsys.readouterr().out == f"{output}\n"
    assert zipfile.is_zipfile(output)


@pytest.mark.parametrize("output", [".", "", "/"])
def test_an_output_that_is_a_folder_is_refused(archives: list[Path], output: str) -> None:
    """A folder does not name the archive."""
    with pytest.raises(UsageError, match="is a folder"):
        combine.combine(archives, Path(output))
