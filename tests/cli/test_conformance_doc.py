"""The documentation of what is held: the tests that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "conformance.md"
LIMITS = ROOT / "docs" / "limits.md"
FRAME_RULES = 55
PROTOCOL_RULES = 90


def rows(heading: str) -> dict[int, str]:
    """Read the numbered rows of one section's table."""
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {int(number): text for number, text in re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)}


def test_every_frame_rule_has_its_row() -> None:
    """The rules on data frames are numbered without a gap, each with tests or a reason."""
    found = rows("Data frames")

    assert list(found) == list(range(1, FRAME_RULES + 1))
    assert all("`test_" in text for text in found.values())


def test_every_protocol_rule_has_its_row() -> None:
    """The rules on the process are numbered without a gap, each with tests."""
    found = rows("Protocol")

    assert list(found) == list(range(1, PROTOCOL_RULES + 1))
    assert all("`test_" in text for text in found.values())


def test_every_limit_has_its_test() -> None:
    """Each row about a limit names the tests that provoke it."""
    lines = LIMITS.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ") and not line.startswith(("| ---", "| What"))]

    assert len(table) > 10
    assert all("`test_" in line.rpartition("| ")[2] for line in (row.removesuffix(" |") for row in table))


@pytest.mark.parametrize("document", [DOCUMENT, LIMITS], ids=lambda path: path.stem)
def test_named_tests_exist(document: Path) -> None:
    """Each test that the document names is there."""
    named = set(re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")))
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^\s*(?:async )?def (test_\w+)\(", source, re.MULTILINE))

    assert named
    assert named <= there
