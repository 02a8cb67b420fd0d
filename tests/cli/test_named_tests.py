"""The documents of what is held: the tests that they name exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFORMANCE, THREATS, LIMITS = (ROOT / "docs" / f"{name}.md" for name in ("conformance", "threat-model", "limits"))
HEAD = ("| threat | protection | tests |", "| --- | --- | --- |")
BOUNDARIES = [
    *("A cloned project", "An archive", "Sources of protos", "An upstream API", "A viewer's request"),
    *("Other processes on the machine and in the network", "The machine that builds, and CI", "Logs"),
]


def rows(heading: str) -> dict[int, str]:
    """Read the numbered rows of one section's table."""
    section = CONFORMANCE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return {int(number): text for number, text in re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)}


@pytest.mark.parametrize(("heading", "count"), [("Data frames", 55), ("Protocol", 90)])
def test_every_rule_has_its_row(heading: str, count: int) -> None:
    """The rules are numbered without a gap, each with tests or a reason."""
    rules = rows(heading)

    assert list(rules) == list(range(1, count + 1))
    assert all("`test_" in text for text in rules.values())


@pytest.mark.parametrize("document", [CONFORMANCE, THREATS, LIMITS], ids=lambda path: path.stem)
def test_named_tests_exist(document: Path) -> None:
    """Each test that a document names is there."""
    named = set(re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")))
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^\s*(?:async )?def (test_\w+)\(", source, re.MULTILINE))

    assert named
    assert named - there == set()


def test_every_limit_has_its_test() -> None:
    """Each row about a limit names the tests that provoke it."""
    lines = LIMITS.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ") and not line.startswith(("| ---", "| What"))]

    assert len(table) > 10
    assert all("`test_" in line.rpartition("| ")[2] for line in (row.removesuffix(" |") for row in table))


def test_every_threat_names_its_defence_and_a_test() -> None:
    """Three columns in each row: threat, protection, tests."""
    lines = [line for line in THREATS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [line.strip("|").split("|") for line in lines if line not in HEAD]

    assert len(cells) > len(BOUNDARIES)
    assert [row for row in cells if len(row) != 3 or "`test_" not in row[2] or not row[1].strip()] == []


def test_every_boundary_has_a_section() -> None:
    """In their order, each with at least one row."""
    sections = THREATS.read_text(encoding="utf-8").split("\n## ")[1:]

    assert [section.partition("\n")[0] for section in sections] == BOUNDARIES
    assert all(section.count("`test_") for section in sections)
