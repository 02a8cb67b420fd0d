"""h2spec, an independent test suite for HTTP/2 servers, runs on the transport without grpcio."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from programs import HERE, go_tool, run

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Programs

NOT_RUN = {"Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded"}
"""h2spec skips this test if a server sets no limit, as ours."""


def test_h2spec_finds_nothing_wrong(programs: Programs, tmp_path: Path) -> None:
    """No test of h2spec fails: framing, HPACK, settings, windows, the states of a stream."""
    del programs  # this skips the test without Go
    program = tmp_path / "h2spec"
    try:
        run([go_tool(), "-C", HERE / "h2spec", "build", "-o", program, "github.com/summerwind/h2spec/cmd/h2spec"])
    except Exception as error:  # noqa: BLE001  # as for the other programs
        pytest.skip(f"the Go modules can't be had: {error}")
    report = tmp_path / "report.xml"
    command: list[str | Path] = [sys.executable, HERE / "http2server.py"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = json.loads(server.stdout.readline())
        words: list[str | Path] = [
            program,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--timeout",
            "5",
            "--junit-report",
            report,
        ]
        judged = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)
        server.stdin.close()
        assert server.wait(10) == 0
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314  # written by h2spec, a moment ago
    failed = [case.attrib for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case.get("classname") for case in cases if case.find("skipped") is not None]
    assert failed == [], judged.stdout[-4000:]
    assert len(cases) > 140
    assert set(skipped) <= NOT_RUN
