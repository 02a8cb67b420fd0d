"""Parts of `gfruntime.dev`: changed files, the imports of a spare process, notices in frames."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import py_compile
import threading
import time
from typing import TYPE_CHECKING

import pytest
from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, wire
from gfruntime.dev import notices, spare, supervisor, watch
from gfruntime.frames import arrow
from gfruntime.logs import log

if TYPE_CHECKING:
    from pathlib import Path


def test_changes_are_edits_additions_and_removals(tmp_path: Path) -> None:
    """Each change is listed once, in a stable order; an edit may leave the size unchanged."""
    for name in ("edited.py", "removed.py", "resaved.py", "same.py"):
        (tmp_path / name).write_text("1")
    before = watch.snapshot(tmp_path)
    (tmp_path / "edited.py").write_text("22")
    (tmp_path / "removed.py").unlink()
    os.utime(tmp_path / "resaved.py", ns=(1, 1))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "added.sql").write_text("3")

    expected = ["edited.py", "folder/added.sql", "removed.py", "resaved.py"]
    assert watch.changes(before, watch.snapshot(tmp_path)) == [str(tmp_path / name) for name in expected]


def test_caches_and_editors_files_are_ignored(tmp_path: Path) -> None:
    """Otherwise an import or a keystroke would reload; a missing folder is no change, as it may come back."""
    (tmp_path / "__pycache__").mkdir()
    for name in ("__pycache__/a.pyc", "a.py~", ".a.py.swp", ".#a.py"):
        (tmp_path / name).write_text("1")

    assert watch.snapshot(tmp_path) == watch.snapshot(tmp_path / "gone") == {}


def test_bytecode_of_changed_files_is_removed(tmp_path: Path) -> None:
    """Python uses old bytecode if its source has the same size and second."""
    file = tmp_path / "a.py"
    file.write_text("x = 1")
    bytecode = importlib.util.cache_from_source(str(file))
    py_compile.compile(str(file), bytecode)
    watch.forget([str(file), str(tmp_path / "not.there.py"), str(tmp_path / "a.sql")])

    assert not os.path.exists(bytecode)  # noqa: PTH110 - it is text


def test_a_spare_process_imports_the_authors_libraries(tmp_path: Path) -> None:
    """No modules of the project are imported, no imports inside functions, and none of unfinished files."""
    plugin = tmp_path / "plugin"
    (plugin / "parts").mkdir(parents=True)
    (tmp_path / "gfruntime").mkdir()
    source = "from __future__ import annotations\nimport json, os.path as p\nfrom gfruntime import Frame\n"
    (plugin / "datasource.py").write_text(source + "from . import parts\ndef f():\n    import late\n")
    (plugin / "parts" / "one.py").write_text("from urllib import request\nfrom plugin import datasource\n")
    (plugin / "unfinished.py").write_text("def (")

    assert list(spare.libraries(tmp_path)) == ["json", "os.path", "urllib"]


def _response(*frames: Frame) -> bytes:
    parts = [arrow.encode(frame) for frame in frames]
    return wire.query_data_response([("A", wire.data_response(parts))])


def _request(**headers: str) -> bytes:
    return pb.QueryDataRequest(headers=headers).SerializeToString()


def test_a_notice_is_added_and_nothing_else_changes() -> None:
    """The first frame has the notice; values, types and the rest of the metadata are unchanged."""
    frame = Frame.of(time=[dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], value=[1.0])
    response = pb.QueryDataResponse.FromString(notices.add(_response(frame, frame), _request(), "look: ü"))
    first, second = map(arrow.decode, response.responses["A"].frames)
    before = arrow.decode(b"".join(arrow.encode(frame)))

    assert first.meta is not None
    assert first.meta["notices"] == [{"severity": "warning", "text": "look: ü"}]
    assert second == before
    assert first.fields == before.fields


def test_an_alert_rules_answer_gets_no_notice() -> None:
    """Only panels show notices, so the bytes of the answer do not change."""
    frame = Frame.of(time=[dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], value=[1.0])
    response = _response(frame)

    assert notices.add(response, _request(FromAlert="true"), "text") == response
    assert notices.add(response, _request(), "text") != response
    assert b"text" in notices.add(response, _request(), "text")


@pytest.mark.shows("errors: code that ends")
def test_a_process_that_cannot_be_started_does_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next save tries again; meanwhile every call is answered with the reason."""
    (tmp_path / "plugin").mkdir()
    tries: list[int] = []

    def fail(*_: object) -> None:
        tries.append(1)
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(supervisor, "Child", fail)
    monkeypatch.setattr(log, "writer", lambda: log.Writer(2))
    watcher = supervisor.Supervisor(tmp_path)
    watcher._reload([])
    thread = threading.Thread(target=watcher._watch)
    thread.start()
    (tmp_path / "plugin" / "a.py").write_text("x = 1")
    end = time.monotonic() + 10
    while len(tries) < 2 and time.monotonic() < end:
        time.sleep(0.02)

    assert len(tries) >= 2
    assert thread.is_alive()
    watcher._ending.set()
    thread.join(5)
    assert "no process could be started: [Errno 12]" in str(watcher._problem)
    assert watcher._lost is not None


def test_a_folder_that_cannot_be_read_does_not_end_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is read again later."""
    looks: list[int] = []
    watcher = supervisor.Supervisor(tmp_path)

    def fail(_: Path) -> watch.Snapshot:
        looks.append(1)
        if len(looks) > 1:
            watcher._ending.set()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(watch, "snapshot", fail)
    monkeypatch.setattr(supervisor, "_RESTART_DELAY", 0.01)
    watcher._watch()

    assert len(looks) == 2
