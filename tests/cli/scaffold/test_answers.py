"""The answers that a project is rendered with: valid ones, and storing them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from projects import SALES

from gfplug.errors import ProjectError, UsageError
from gfplug.scaffold import template
from gfplug.scaffold.template import Answers


def test_answers_are_read_as_they_were_stored(tmp_path: Path) -> None:
    """An upgrade renders with the answers given to `gfplug new`."""
    answers = replace(SALES, title="""R&D "<Größen>" $HOME \\ {= 7*7 =}""", author="O'Neil, Inc.")
    template.store_for_upgrades(tmp_path, answers)

    content = json.loads((tmp_path / template.ANSWERS_NAME).read_text(encoding="utf-8"))

    assert Answers.from_json(content["answers"]) == answers


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda answers: answers.pop("title"), "'title' is missing"),
        (lambda answers: answers.update(colour="red"), "'colour' is not an answer"),
        (lambda answers: answers.update(title=3), "'title' is not text"),
    ],
)
def test_damaged_answers_are_refused(change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    """The error names the key."""
    answers: dict[str, Any] = SALES.to_json()
    change(answers)

    with pytest.raises(ProjectError, match=sentence):
        Answers.from_json(answers)


@pytest.mark.parametrize(
    "change",
    [
        {"org": "Acme"},
        {"name": ""},
        {"name": "../x"},
        {"example": "csv"},
        {"title": " "},
        {"title": "two\nlines"},
        {"title": "x\ufffe"},
        {"author": "\x1b[31m"},
        {"description": "x" * 201},
        {"mode": "both"},
        {"frontend": "vue"},
        {"mode": "hybrid", "example": "signals"},
        {"mode": "hybrid", "example": "http", "frontend": "react"},
    ],
    ids=str,
)
def test_invalid_answers_are_refused(change: dict[str, str]) -> None:
    """Nothing is written; hybrid mode needs an API for the browser, and React sources send requests themselves."""
    with pytest.raises(UsageError):
        replace(SALES, **change)
