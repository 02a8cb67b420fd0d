"""Go's settings, read from Go."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gfplug.sdk.goenv import _ask_go  # the fixture that hides Go replaces this function

if TYPE_CHECKING:
    from pathlib import Path


def _install_go(folder: Path, script: str) -> None:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="the fake Go is a shell script")
@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ('echo "https://go.example,direct"', "https://go.example,direct"),
        ('echo "$1 $2 $GOTOOLCHAIN $GOWORK"', "env GOPROXY local off"),
        ("exit 1", ""),
        (None, ""),
    ],
)
def test_the_default_of_go_env_is_read_unless_go_is_broken_or_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, answer: str
) -> None:
    """Go must not download another Go for its answer."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if script is not None:
        _install_go(tmp_path, script)

    assert _ask_go.__wrapped__() == answer
