"""Labels: what they become, and their text."""

from __future__ import annotations

from gfruntime import Field
from gfruntime.frames import labels


def test_labels_are_text_and_sorted() -> None:
    """Labels are text to text: other values are written as text, and the keys are sorted."""
    found = Field("v", [1], labels={"b": 2, "a": True, "c": None, 3: 1.5}).labels  # type: ignore[dict-item]  # on purpose

    assert found is not None
    assert list(found.items()) == [("3", "1.5"), ("a", "true"), ("b", "2"), ("c", "")]


def test_text_form_is_sorted() -> None:
    """Labels are written for people as k=v, k2=v2."""
    assert labels.text({"b": "2", "a": "1"}) == "a=1, b=2"
    assert labels.text({}) == ""
