"""A new bundle replaces the old one in one step, or not at all."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from gfplug.bundle import exchange
from gfplug.bundle.dist import Bundle
from gfplug.errors import ToolError


def folder_of(path: Path, text: str) -> Path:
    """Make a folder that holds one file."""
    path.mkdir(parents=True)
    (path / "gpx").write_text(text)
    return path


@pytest.mark.parametrize(("has_old", "can_exchange"), [(False, True), (True, True), (True, False)])
def test_a_new_bundle_replaces_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_old: bool, can_exchange: bool
) -> None:
    """It works with the system's exchange call and without it, and if there is no old bundle."""
    if not can_exchange:
        monkeypatch.setattr(exchange, "_exchange", lambda _one, _other: False)
    new = folder_of(tmp_path / "new", "new")
    if has_old:
        folder_of(tmp_path / "dist", "old")

    bundle = exchange.install(Bundle(new, new / "gpx"), tmp_path / "dist", aside=tmp_path / "old")
    assert (bundle.folder, bundle.executable.read_text()) == (tmp_path / "dist", "new")
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["gpx"]


def test_a_failed_move_puts_the_old_bundle_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the exchange call, the old bundle is moved away before the new one is moved in."""
    monkeypatch.setattr(exchange, "_exchange", lambda _one, _other: False)
    folder_of(tmp_path / "dist", "old")
    with pytest.raises(FileNotFoundError):
        exchange.install(Bundle(tmp_path / "gone", tmp_path / "gone/gpx"), tmp_path / "dist", aside=tmp_path / "old")

    assert (tmp_path / "dist/gpx").read_text() == "old"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system has no such call")
def test_the_exchange_swaps_both_folders(tmp_path: Path) -> None:
    """Both folders exist afterwards: neither was removed to make room."""
    folder_of(tmp_path / "new", "new")
    folder_of(tmp_path / "dist", "old")
    if not exchange._exchange(tmp_path / "new", tmp_path / "dist"):
        pytest.skip("this file system cannot exchange")

    assert ((tmp_path / "new/gpx").read_text(), (tmp_path / "dist/gpx").read_text()) == ("old", "new")
    shutil.rmtree(tmp_path / "new")
    assert (tmp_path / "dist/gpx").read_text() == "new"


@pytest.mark.parametrize(
    ("in_use", "has_old", "problem", "remedy"),
    [
        ("dist", True, "dist is in use: ", "the old bundle is unchanged; stop Grafana"),
        ("new", True, "the new bundle cannot be moved to {dist}: ", "the old bundle is unchanged; try again: "),
        ("new", False, "the new bundle cannot be moved to {dist}: ", "try again: "),
    ],
)
def test_on_windows_a_bundle_in_use_is_named_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_use: str, has_old: bool, problem: str, remedy: str
) -> None:
    """Windows locks the files of a running program: nothing changes, and the error says what to do.

    The new bundle's temporary folder is not named, since the user does not know it.
    """
    rename = Path.rename

    def fail_with_lock(source: Path, target: Path) -> Path:
        if source.name == in_use:
            raise PermissionError(13, "Access is denied")
        return rename(source, target)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(exchange, "_SCAN_SECONDS", 0.1)
    monkeypatch.setattr(Path, "rename", fail_with_lock)
    if has_old:
        folder_of(tmp_path / "dist", "old")
    new = folder_of(tmp_path / "new", "new")
    with pytest.raises(ToolError, match=re.escape(problem.format(dist=tmp_path / "dist"))) as excinfo:
        exchange.install(Bundle(new, new / "gpx"), tmp_path / "dist", aside=tmp_path / "aside")
    assert excinfo.value.message.endswith("a program has one of its files open (Access is denied)")
    assert str(new) not in excinfo.value.message
    assert excinfo.value.hint.startswith(remedy)
    assert (tmp_path / "dist").exists() == has_old
    if has_old:
        assert (tmp_path / "dist/gpx").read_text() == "old"
    assert (tmp_path / "new/gpx").read_text() == "new"


def test_on_windows_a_locked_new_file_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virus scanner may still read a new file for a moment."""
    rename, refusals = Path.rename, [PermissionError(13, "Access is denied")] * 3

    def busy(source: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return rename(source, target)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(exchange, "_SCAN_SECONDS", 2.0)
    monkeypatch.setattr(Path, "rename", busy)
    folder_of(tmp_path / "dist", "old")
    new = folder_of(tmp_path / "new", "new")
    exchange.install(Bundle(new, new / "gpx"), tmp_path / "dist", aside=tmp_path / "aside")
    assert (tmp_path / "dist/gpx").read_text() == "new"
    assert not refusals
