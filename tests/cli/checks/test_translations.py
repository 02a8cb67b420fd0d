"""Texts without a translation: their number for each file, and some examples."""

import json
from pathlib import Path
from typing import Any

import pytest

from gfplug.checks import translations
from gfplug.errors import ProjectError
from gfplug.project.plugin_project import Project

SCHEMA: dict[str, Any] = {
    "config": {"fields": [{"kind": "string", "label": "API URL", "help": "With https", "section": "Access"}]},
    "query": {
        "fields": [
            {
                "kind": "select",
                "label": "Mode",
                "options": [{"value": "a", "label": "all"}, {"value": 1, "label": "1"}],
            },
            {"kind": "list", "label": "Filters", "fields": [{"kind": "string", "label": "Column"}]},
            {"kind": "hidden", "label": "Version"},
        ]
    },
    "own": {"variable": {"fields": [{"kind": "string", "label": "List"}]}},
    "examples": [{"name": "Orders", "description": "By hour", "model": {}}],
}
TEXTS = {"API URL", "With https", "Access", "Mode", "all", "Filters", "Column", "List", "Orders", "By hour"}


def check(root: Path, **locales: dict[str, str]) -> list[tuple[str, str, str]]:
    """Check a project with these translations; list level, place and message."""
    (root / "frontend/locales").mkdir(parents=True, exist_ok=True)
    for language, texts in locales.items():
        (root / f"frontend/locales/{language}.json").write_text(json.dumps(texts), encoding="utf-8")
    findings = translations.check(Project(root), SCHEMA)
    return [(finding.level, finding.where, finding.message) for finding in findings]


def test_every_visible_text_needs_a_translation() -> None:
    """Such texts are labels, help, sections, choices and examples of all forms and rows.

    Numbers and hidden texts are left out.
    """
    assert translations.texts(SCHEMA) == TEXTS


def test_an_incomplete_language_is_reported_with_a_count(tmp_path: Path) -> None:
    """A complete language is not reported; at most five texts are shown."""
    findings = check(tmp_path, de=dict.fromkeys(TEXTS, "x"), fr={text: "x" for text in TEXTS if text != "Mode"}, it={})

    assert findings == [
        ("warning", "frontend/locales/fr.json", "it lacks 1 of the 10 texts of the forms: 'Mode'"),
        (
            "warning",
            "frontend/locales/it.json",
            "it lacks 10 of the 10 texts of the forms: 'API URL', 'Access', 'By hour', 'Column', 'Filters', …",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "is_known"),
    [("de", True), ("pt-BR", True), ("zh-Hans", True), ("de_DE", False), ("DE", False), ("german", False)],
)
def test_a_file_that_is_not_named_by_a_language_is_reported(tmp_path: Path, name: str, is_known: bool) -> None:  # noqa: FBT001 - a value
    """The editors look for the language of the user's settings, and would never read it."""
    findings = check(tmp_path, **{name: dict.fromkeys(TEXTS, "x")})
    message = "Grafana has no language of this name: use a name such as de or pt-BR"

    assert findings == ([] if is_known else [("warning", f"frontend/locales/{name}.json", message)])


def test_a_project_without_translations_gets_no_finding(tmp_path: Path) -> None:
    """The texts are English."""
    assert check(tmp_path) == []
    assert list(translations.check(Project(tmp_path / "none"), SCHEMA)) == []


def test_an_invalid_translation_file_is_left_to_another_check(tmp_path: Path) -> None:
    """It is an error, not a missing text."""
    with pytest.raises(ProjectError, match="is not a JSON object of texts"):
        check(tmp_path, de=["Mode"])  # type: ignore[arg-type]  # that is the mistake
