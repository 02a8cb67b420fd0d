"""The inputs of a project's last rendering: the answers, and the rendered files that the user may edit."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING

from gfplug.edits.trees import TreeFile
from gfplug.errors import IntegrityError, ProjectError, UsageError
from gfplug.scaffold.template import ANSWERS_NAME, BASE_NAME, Answers
from gfplug.untrusted import archives, documents, paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Migration = tuple[str, "Callable[[dict[str, str]], dict[str, str]]"]

MIGRATIONS: tuple[Migration, ...] = ()
"""Conversions of answers of older templates: the template version that changed a question, and a function.

Each function takes the stored answers and returns them for that version; they run oldest first.
"""

_FORMAT = 1
_LIMITS = archives.Limits(packed=64 << 20, unpacked=64 << 20, members=10_000)
_RESTORE = "restore it from version control"


def answers(
    root: Path,
    template_version: str,
    *,
    overrides: Mapping[str, str] | None = None,
    migrations: Sequence[Migration] | None = None,
) -> Answers:
    """Return the project's answers for this gfplug's template; new questions get overrides or defaults.

    Raises: ProjectError if no readable answers are stored, or a question has no answer; UsageError if an answer is no
    longer valid, or an override has no question.
    """
    from packaging.version import Version  # noqa: PLC0415 - heavy

    stored = _read_answers(root)
    for since, migrate in MIGRATIONS if migrations is None else migrations:
        if Version(template_version) < Version(since):
            stored = migrate(stored)
    questions = [field.name for field in fields(Answers)]
    if unknown := [key for key in overrides or {} if key not in questions]:
        raise UsageError(
            f"--data: {unknown[0]!r} is not a setting of the template",
            hint=f"the settings are: {', '.join(questions)}",
        )
    stored |= overrides or {}
    for field in fields(Answers):
        if field.name not in stored and field.default is MISSING:
            raise ProjectError(
                f"the template now needs {field.name!r}, but {ANSWERS_NAME} has no answer",
                hint=f"add it: gfplug upgrade --data {field.name}=…",
            )
        stored.setdefault(field.name, str(field.default))
    return Answers.from_json(stored)


def base(root: Path) -> dict[str, TreeFile]:
    """Return the user's files as the template last rendered them.

    Raises: ProjectError if the files are not stored; IntegrityError if they are damaged, or a path leaves the project.
    """
    _require_no_link(root, BASE_NAME)
    try:
        with archives.open_archive(root / BASE_NAME, limits=_LIMITS) as archive:
            return {
                name: TreeFile(archive.read(name), is_executable=member.is_executable)
                for name, member in archive.members.items()
            }
    except FileNotFoundError as error:
        raise ProjectError(f"{root / BASE_NAME} does not exist", hint=f"{_RESTORE}, or use --force") from error
    except IntegrityError as error:
        raise IntegrityError(error.message, hint=f"{_RESTORE}, or remove it and use --force") from error


def _require_no_link(root: Path, name: str) -> None:
    if paths.is_linked(root, name):
        raise ProjectError(f"{root / name} is not a regular file", hint=_RESTORE)


def _read_answers(root: Path) -> dict[str, str]:
    path = root / ANSWERS_NAME
    _require_no_link(root, ANSWERS_NAME)
    value = documents.read_json(path, missing=_RESTORE, broken=_RESTORE)
    if not isinstance(value, dict) or not isinstance(value.get("answers"), dict):
        raise ProjectError(f"{path} has no answers", hint=_RESTORE)
    if value.get("format") != _FORMAT:
        raise ProjectError(
            f"{path} has format {value.get('format')!r}, this gfplug reads {_FORMAT}", hint="install a newer gfplug"
        )
    return {str(key): text for key, text in value["answers"].items()}
