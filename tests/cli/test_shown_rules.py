"""The marker `shows`: every rule of docs/conformance.md and every row of docs/errors.md has a test that shows it."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKER = re.compile(r"^ *@pytest\.mark\.shows(\(.*?\))\n *(?:@|def |async def )", re.MULTILINE | re.DOTALL)
NUMBERED = {"protocol": ("Protocol", 90), "frames": ("Data frames", 55)}
"""The rules that are named by their numbers: the heading, and the number of rules."""


def page(name: str) -> str:
    """Read a page of the documentation."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """Return a section of the page about conformance."""
    return page("conformance").partition(f"## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[str]:
    """List the first cells of tables of two columns."""
    lines = re.findall(r"^\| (?!---)(.+?) \|.*\|$", text, re.MULTILINE)
    return [line for line in lines if not line.startswith("What ")]


MARKERS = Counter(
    rule
    for path in (ROOT / "tests").rglob("test_*.py")
    for arguments in MARKER.findall(path.read_text(encoding="utf-8"))
    for rule in ast.literal_eval(f"({arguments[1:-1]},)")
)
ROWS = {"errors": rows(page("errors")), "faults": rows(section("Faults"))}
"""Rows that are named by their first words, after `errors: ` or `faults: `."""


@pytest.mark.parametrize("key", NUMBERED)
def test_every_rule_has_a_test(key: str) -> None:
    """The rules are numbered without a gap."""
    heading, count = NUMBERED[key]
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \| .+ \|$", section(heading), re.MULTILINE)]

    assert numbers == list(range(1, count + 1))
    assert [number for number in numbers if f"{key} {number}" not in MARKERS] == []


@pytest.mark.parametrize("key", ROWS)
def test_every_documented_error_and_fault_has_a_test(key: str) -> None:
    """The rows are about faults of user code and hosts, and about error messages."""
    words = [rule.removeprefix(f"{key}: ") for rule in MARKERS if rule.startswith(f"{key}: ")]

    assert len(ROWS[key]) > 15
    assert [row for row in ROWS[key] if not row.startswith(tuple(words))] == []


def test_a_marker_names_one_rule() -> None:
    """The rule exists, and the text matches no other."""
    rules = {f"{key} {number}" for key, (_, count) in NUMBERED.items() for number in range(1, count + 1)}
    counts = {
        rule: sum(row.startswith(words) for row in ROWS.get(key, []))
        for rule in MARKERS
        if rule not in rules
        for key, _, words in [rule.partition(": ")]
    }

    assert {rule: count for rule, count in counts.items() if count != 1} == {}
