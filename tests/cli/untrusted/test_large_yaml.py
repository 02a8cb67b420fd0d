"""Large YAML documents give the same result as small ones, several times as fast."""

from pathlib import Path
from typing import Any

import pytest

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

SAME = [
    "a: no\nb: 0123\nc: 1e5\nd: 2024-01-01\n1: x\non: y",
    "a: &x {k: 1, l: [2, ~]}\nb: {<<: *x, k: 3}\nc: *x",
    "a: |\n  no\n  1\nb: >\n  x\n  y\nc: 'it''s'\nd: \"\\u00e4\\n\"",
    "%YAML 1.1\n---\na: !!str 123\nb: !!binary aGk=",
    '{"a": [1, null, true, "x"]}',
    "",
    "ä: ö",
]
INVALID = [
    *(
        "a: .nan",
        "a: 1\nb: 2\na: 3",
        "a: {on: 1, on: 2}",
        "a: 1\n---\nb: 2",
        "? [a]\n: b",
        "a: *x",
        "a: !own b",
        "a: {<<: 3}",
    ),
    *("!!python/object/apply:os.system ['true']", "[" * 200, "- " * 200 + "x", "a: &a [*a]", "a: [", "a: \x00"),
]


def large(text: str) -> Any:
    """Read a document by the method for large ones."""
    return documents.parse_large_yaml(text, name="x.yaml")


@pytest.mark.parametrize("text", SAME)
def test_large_and_small_yaml_are_read_as_the_same_values(tmp_path: Path, text: str) -> None:
    """The spelling of numbers is kept, too."""
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    small = documents.read_yaml(tmp_path / "x.yaml")

    assert large(text) == small
    assert repr(large(text)) == repr(small)


@pytest.mark.parametrize("text", INVALID)
def test_large_yaml_refuses_the_same_documents(tmp_path: Path, text: str) -> None:
    """The errors are the same, too."""
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match="is not valid YAML"):
        documents.read_yaml(tmp_path / "x.yaml")
    with pytest.raises(ProjectError, match="is not valid YAML"):
        large(text)


def test_multiplying_aliases_are_refused() -> None:
    """One page stands for ten to the power of eleven values."""
    text = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))])
    with pytest.raises(ProjectError, match="more than 3000000 values"):
        large(text)
