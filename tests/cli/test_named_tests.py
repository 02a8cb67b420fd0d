"""Documents about limits and threats name tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THREATS, LIMITS = (ROOT / "docs" / f"{name}.md" for name in ("threat-model", "limits"))
HEAD = ("| threat | protection | tests |", "| --- | --- | --- |")
BOUNDARIES = [
    *("A cloned project", "An archive", "Sources of protos", "An upstream API", "A viewer's request"),
    *("Other processes on the machine and in the network", "The machine that builds, and CI", "Logs"),
]


@pytest.mark.parametrize("document", [THREATS, LIMITS], ids=lambda path: path.stem)
def test_tests_named_in_documents_exist(document: Path) -> None:
    """Each test name in a document is defined."""
    names = set(re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")))
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    all_names = set(re.findall(r"^\s*(?:async )?def (test_\w+)\(", source, re.MULTILINE))

    assert names
    assert names - all_names == set()


def test_every_limit_has_a_test() -> None:
    """Each row about a limit names the tests that exceed it."""
    lines = LIMITS.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ") and not line.startswith(("| ---", "| What"))]

    assert len(table) > 10
    assert all("`test_" in line.rpartition("| ")[2] for line in (row.removesuffix(" |") for row in table))


def test_every_threat_names_its_defence_and_a_test() -> None:
    """Each row has three columns: threat, protection, tests."""
    lines = [line for line in THREATS.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [line.strip("|").split("|") for line in lines if line not in HEAD]

    assert len(cells) > len(BOUNDARIES)
    assert [row for row in cells if len(row) != 3 or "`test_" not in row[2] or not row[1].strip()] == []


def test_every_trust_boundary_has_a_section() -> None:
    """They have the same order, and each has a row."""
    sections = THREATS.read_text(encoding="utf-8").split("\n## ")[1:]

    assert [section.partition("\n")[0] for section in sections] == BOUNDARIES
    assert all(section.count("`test_") for section in sections)
