"""The documentation of what is held: the tests that it names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "conformance.md"


def rows(heading: str) -> dict[int, str]:
    """Read the numbered rows of one section's table."""
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {int(number): text for number, text in re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)}


@pytest.mark.parametrize(("heading", "count"), [("Data frames", 55), ("Protocol", 90)])
def test_every_rule_has_its_row(heading: str, count: int) -> None:
    """The rules are numbered without a gap, each with tests or a reason."""
    rules = rows(heading)

    assert list(rules) == list(range(1, count + 1))
    assert all("`test_" in text for text in rules.values())


def test_named_tests_exist() -> None:
    """Each test that the document names is there."""
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text(encoding="utf-8")))
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^\s*(?:async )?def (test_\w+)\(", source, re.MULTILINE))

    assert named
    assert named <= there
