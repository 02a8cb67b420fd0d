"""Golden files in the Go SDK's format; `tests/conformance/test_sdk_frames.py` lets the SDK read and write them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from calls import Plain
from framesamples import all_types, frames
from hypothesis import HealthCheck, given, settings

from gfruntime import Field, Frame
from gfruntime.errors import QueryError
from gfruntime.frames import arrow
from gfruntime.request.vocabulary import Query, Settings
from gfruntime.testing import START, ask, check_golden, golden, query

if TYPE_CHECKING:
    from pathlib import Path

CPU = Frame.of(time=[START], v=[1.5], labels={"host": "a"}, name="cpu").with_notice("cut")
MARK = "//  🌟 This was machine generated.  Do not edit. 🌟\n"


@pytest.mark.parametrize("name", ["x.jsonc", "x.json"])
def test_golden_files_are_written_on_request_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A file is written if the test, or the person who runs it, requests it; never in CI."""
    path = tmp_path / "golden" / name
    for ci, update, is_written in (("", "", False), ("1", "1", False), ("", "1", True)):
        monkeypatch.setenv("CI", ci)
        monkeypatch.setenv("GFRUNTIME_UPDATE_GOLDEN", update)
        if is_written:
            check_golden([CPU], path)
        else:
            with pytest.raises(AssertionError, match="does not exist"):
                check_golden([CPU], path)
    monkeypatch.delenv("GFRUNTIME_UPDATE_GOLDEN")
    path.unlink()
    check_golden([CPU], path, update=True)

    check_golden([CPU], path)
    with pytest.raises(AssertionError, match=r"(?m)^-\s+1\.5$"):
        check_golden([Frame.of(time=[START], v=[2.5], labels={"host": "a"}, name="cpu").with_notice("cut")], path)


def test_golden_files_begin_with_a_readable_table(tmp_path: Path) -> None:
    """A file begins with a comment of names, dimensions and at most ten rows; JSON follows the second mark."""
    path = tmp_path / "x.jsonc"
    golden.write(path, [Frame.of(name="many", v=list(range(30)), s=["a\nb"] * 30)])
    text = path.read_text(encoding="utf-8")
    head, body = text.split(MARK)[1:]

    assert text.startswith(MARK)
    assert all(line.startswith("//  ") for line in head.splitlines())
    assert "Dimensions: 2 Fields by 30 Rows" in head
    assert "| Type: []*int64 | Type: []*string |" in head
    assert "| 9              | a b             |" in head
    assert "| ...            | ...             |" in head
    assert json.loads(body)["frames"][0]["data"]["values"][0] == list(range(30))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frame=frames)
def test_any_frame_is_equal_to_its_golden_file(tmp_path: Path, frame: Frame) -> None:
    """Any frame that is written and read again is equal."""
    golden.write(tmp_path / "x.jsonc", [frame])

    check_golden([frame], tmp_path / "x.jsonc")


def test_golden_files_ignore_keys_that_go_adds(tmp_path: Path) -> None:
    """The order of keys, a typeVersion of zeros and empty texts make no difference; another value does."""
    response = {
        "frames": [{"data": {"values": [[1]]}, "schema": {"fields": [
            {"typeInfo": {"frame": "int64", "nullable": True}, "type": "number", "name": "v", "labels": {}}
        ], "name": "", "meta": {"typeVersion": [0, 0], "path": "p"}}}],
        "status": 200,
    }  # fmt: skip
    path = tmp_path / "x.jsonc"
    path.write_text(f"{MARK}{MARK}{json.dumps(response)}", encoding="utf-8")

    check_golden([Frame(fields=[Field("v", [1])], meta={"path": "p"})], path)
    with pytest.raises(AssertionError):
        check_golden([Frame(fields=[Field("v", [2])], meta={"path": "p"})], path)


def test_golden_files_in_arrow_are_read(tmp_path: Path) -> None:
    """A .txt file has one Arrow frame per line."""
    path, frame = tmp_path / "x.txt", all_types()
    line = base64.b64encode(b"".join(arrow.encode(frame))).decode()
    path.write_text(f"some words\n====== TEST DATA RESPONSE (arrow base64) ======\nFRAME={line}\n", encoding="utf-8")

    check_golden([frame], path)


@pytest.mark.parametrize(("name", "text"), [("x.jsonc", "{}"), ("x.txt", "words"), ("x.txt", "{mark}\nERROR=no")])
def test_files_without_golden_data_are_refused(tmp_path: Path, name: str, text: str) -> None:
    """A file without golden data is an error, not an empty answer."""
    path = tmp_path / name
    path.write_text(text.replace("{mark}", "====== TEST DATA RESPONSE (arrow base64) ======"), encoding="utf-8")

    with pytest.raises(ValueError, match=r"no golden data|no saved result|unknown saved key"):
        golden.read(path)


class _Logs(Plain):
    """A data source with log lines."""

    def query(self, query: Query[str]) -> Frame:  # type: ignore[override]  # another model
        return Frame.of(timestamp=[START], body=[query.model]).with_meta(preferredVisualisationType="logs")


def test_asking_as_an_alert_rule_checks_the_answer() -> None:
    """In an author's test a query from an alert rule is checked as in Grafana."""
    source = _Logs(Settings(options={}))

    assert len(ask(source, query("x"))) == 1
    with pytest.raises(QueryError, match="gives logs"):
        ask(source, query("x", from_alert=True))
