"""Find texts of the forms that a language in `frontend/locales` lacks: the editors show these untranslated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend import linker
from gfplug.bundle.rules.finding import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gfplug.project.plugin_project import Project

_MOST_TEXTS = 5
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?")


def check(project: Project, schema: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare the texts of a project's forms with its translations.

    Raises: ProjectError if a file of translations can't be read.
    """
    form_texts = sorted(texts(schema))
    for language, translations in linker.read_locales(project.root / "frontend" / "locales").items():
        where = f"frontend/locales/{language}.json"
        if not _LANGUAGE.fullmatch(language):
            unknown = "Grafana has no language of this name: use a name such as de or pt-BR"
            yield warning("translations", where, unknown, "rename it")
        missing = [text for text in form_texts if text not in translations]
        if missing:
            some = ", ".join(map(repr, missing[:_MOST_TEXTS])) + (", …" if len(missing) > _MOST_TEXTS else "")
            lacks = f"it lacks {len(missing)} of the {len(form_texts)} texts of the forms: {some}"
            yield warning("translations", where, lacks, "add them, or they are shown untranslated")


def texts(schema: Mapping[str, Any]) -> set[str]:
    """List the texts of all forms that can be translated; a text without a letter needs no translation."""
    own = schema.get("own", {}).values()
    forms = [schema["config"], schema["query"], *own]
    result = {text for form in forms for field in form["fields"] if field["kind"] != "hidden" for text in _texts(field)}
    result |= {text for each in schema.get("examples", []) for text in (each["name"], each.get("description", ""))}
    return {text for text in result if any(character.isalpha() for character in text)}


def _texts(field: Mapping[str, Any]) -> Iterator[str]:
    yield from (field[key] for key in ("label", "help", "section") if field.get(key))
    yield from (option["label"] for option in field.get("options", []))
    for inner in field.get("fields", []):
        yield from _texts(inner)
