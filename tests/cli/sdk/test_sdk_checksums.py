"""A release outside the index is compared with Go's checksum database, by Go's settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gfplug import process
from gfplug.errors import IntegrityError, ToolError
from gfplug.sdk import checksums
from gfplug.sdk.versions import SdkVersion

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = SdkVersion.parse("v0.999.0")


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list[list[str]]]:
    """Replace Go by an answer or an error, and return the calls."""
    for name in ("GOSUMDB", "GONOSUMDB", "GOPRIVATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOENV", "off")

    def answers(answer: object) -> list[list[str]]:
        commands: list[list[str]] = []

        def run(command: list[str], **_: object) -> str:
            commands.append(command)
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, str) else json.dumps(answer)

        monkeypatch.setattr(process, "run", run)
        return commands

    return answers


def test_the_same_checksum_passes(go: Callable[[object], list[list[str]]]) -> None:
    """Go compared it with its database."""
    commands = go({"Sum": "h1:same"})

    assert checksums.compare(VERSION, "h1:same") == ""
    assert commands == [["go", "mod", "download", "-json", "github.com/grafana/grafana-plugin-sdk-go@v0.999.0"]]


@pytest.mark.parametrize(
    "answer",
    [
        {"Sum": "h1:another"},
        ToolError("go failed", details='{"Error": "verifying module: checksum mismatch"}'),
        ToolError("go failed", details="SECURITY ERROR"),
    ],
)
def test_another_checksum_is_refused(go: Callable[[object], list[list[str]]], answer: object) -> None:
    """Go reports it, or has another one."""
    go(answer)
    with pytest.raises(IntegrityError, match="checksum database"):
        checksums.compare(VERSION, "h1:same")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ToolError("go: go was not found"), "go was not found"),
        ("nonsense", "did not return a checksum"),
        ("[]", "did not return a checksum"),
        ({}, "did not return a checksum"),
    ],
)
def test_a_failed_checksum_comparison_has_a_reason(
    go: Callable[[object], list[list[str]]], answer: object, reason: str
) -> None:
    """Go is missing, or its output is unexpected."""
    go(answer)

    assert reason in checksums.compare(VERSION, "h1:same")


@pytest.mark.parametrize(
    ("name", "value"), [("GOSUMDB", "off"), ("GONOSUMDB", "github.com/grafana"), ("GOPRIVATE", "*.com,other")]
)
def test_gos_settings_can_skip_the_comparison(
    go: Callable[[object], list[list[str]]], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """If Go would not use its database, gfplug does not call Go, and says so."""
    commands = go({"Sum": "h1:another"})
    monkeypatch.setenv(name, value)

    assert "Go's settings" in checksums.compare(VERSION, "h1:same")
    assert checksums.compare(VERSION, None) == "this source has no checksum"
    assert commands == []
