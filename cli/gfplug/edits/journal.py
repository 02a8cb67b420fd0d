"""Change many files of a project atomically: after any interruption, all files are old or all are new.

All new contents, and copies of all old files, are first written to `.gfplug/journal`. Once this folder exists, the
change is final: after a crash, the next upgrade moves the remaining files into place. After an error without a crash,
the old files are restored.

A journal may also come with a cloned project, so it is not trusted: it may change only regular files inside the
project, never through a link, never in `.git`, and only in a project that belongs to the user who runs gfplug.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.edits import mutex, steps
from gfplug.edits.steps import JOURNAL, Step, digest_at, digest_of
from gfplug.errors import IntegrityError, ProjectError
from gfplug.untrusted import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gfplug.edits.trees import Edit

FOLDER = ".gfplug"
_JOURNAL = "journal"
_FORWARD = "forward.json"
_BACK = "back.json"
_LOCK = "upgrade.lock"
_NEW_FILE_SUFFIX = ".gfplug-new"
_WRITERS = 8

_log = logging.getLogger("gfplug")


@contextmanager
def lock_project(root: Path) -> Iterator[None]:
    """Lock the project against other processes during a block; first finish an interrupted change.

    Raises: ProjectError if another process changes it; IntegrityError if an interrupted change is not trusted.
    """
    _require_no_link(root)
    with ExitStack() as stack:
        with _explain_refusals("the project's folder must be writable"):
            stack.enter_context(mutex.hold(root / FOLDER / _LOCK, what=f"upgrade of {root}"))
        if is_interrupted(root):
            steps.require_own(root)
            _log.warning("An upgrade of %s was interrupted: finishing it", root)
            with _explain_refusals("restore the project from version control, and remove .gfplug/journal"):
                _finish(root)
        _sweep(root / FOLDER)
        yield


def is_interrupted(root: Path) -> bool:
    """Return whether a change of this project was interrupted."""
    return os.path.lexists(root / JOURNAL)


def require_finished(root: Path) -> None:
    """Refuse a project with an unfinished change.

    Raises: ProjectError naming the command that finishes the change.
    """
    if is_interrupted(root):
        raise ProjectError(f"an upgrade of {root} was interrupted", hint="finish it first: gfplug upgrade")


def apply(root: Path, edits: Mapping[str, Edit]) -> None:
    """Apply the edits, all or none; call it within `lock_project`.

    Raises: ProjectError if a file differs from the edit's old content, or can't be written; then nothing has changed.
    """
    if not edits:
        return
    for path in edits:
        paths.require_inside(path, source="the upgrade")
    _require_unchanged(root, edits)
    with _explain_refusals("nothing was changed; the project's folder must be writable, and the disk not full"):
        stage = Path(tempfile.mkdtemp(dir=root / FOLDER, prefix=f"{_JOURNAL}."))
        try:
            _write(root, stage, edits)
            stage.replace(root / JOURNAL)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        _finish(root)


def _require_no_link(root: Path) -> None:
    """Refuse a journal, a backup or a lock behind a link, because its files are outside the project.

    Raises: IntegrityError naming the link.
    """
    for path in (FOLDER, JOURNAL, f"{FOLDER}/{_LOCK}", f"{FOLDER}/backup"):
        place = root / path
        if paths.is_linked(root, path) or (place.exists() and not (place.is_dir() or place.is_file())):
            raise IntegrityError(
                f"{place} is a link or a special file", hint="remove it; gfplug creates it when it needs it"
            )


@contextmanager
def _explain_refusals(hint: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename or "the project's files"  # no file is named if the disk is full
        raise ProjectError(f"cannot write {where}: {error.strerror}", hint=hint) from error


def _require_unchanged(root: Path, edits: Mapping[str, Edit]) -> None:
    gone = {path.casefold() for path, edit in edits.items() if edit.after is None}
    for path, edit in edits.items():
        place = root / path
        if edit.before is None and not place.is_dir() and os.path.lexists(place) and path.casefold() not in gone:
            raise ProjectError(f"{path} already exists", hint="nothing was changed; move it away and try again")
        if edit.before is not None and (not place.is_file() or place.read_bytes() != edit.before.content):
            raise ProjectError(f"{path} was changed in the meantime", hint="nothing was changed; run the command again")


def _write(root: Path, stage: Path, edits: Mapping[str, Edit]) -> None:
    """Write both sides of every edit, sync them together, for speed, and then write the plan."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - every command imports this module

    plan, contents = [], []
    for side in ("old", "new"):
        (stage / side).mkdir()
    for number, (path, edit) in enumerate(sorted(edits.items())):
        mode = (root / path).stat().st_mode & 0o777 if edit.before else 0o644
        if edit.before:
            contents.append((stage / "old" / str(number), edit.before.content, mode))
        if edit.after:
            contents.append((stage / "new" / str(number), edit.after.content, _mode_after(edit, mode)))
        plan.append(Step(number=number, path=path, old=digest_of(edit.before), new=digest_of(edit.after)))
    with ThreadPoolExecutor(_WRITERS) as pool:
        for future in [pool.submit(_write_durably, *content) for content in contents]:
            future.result()
    _write_durably(stage / _FORWARD, json.dumps([asdict(step) for step in plan]).encode(), 0o644)
    for folder in (stage / "old", stage / "new", stage):
        _sync_folder(folder)


def _mode_after(edit: Edit, mode: int) -> int:
    """Return a file's mode: its old mode; if the edit says so, also executable for everybody who may read it."""
    if edit.after is None or (edit.before and edit.before.is_executable == edit.after.is_executable):
        return mode
    return (mode & 0o666) | ((mode & 0o444) >> 2 if edit.after.is_executable else 0)


def _write_durably(path: Path, content: bytes, mode: int) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        path.chmod(mode)
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder to the disk; Windows has no call for this."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _finish(root: Path) -> None:
    """Move the new files into place; move the old files back after an error, or if an earlier run began to."""
    journal = root / JOURNAL
    if (journal / _FORWARD).exists():
        try:
            _sync_folder(root / FOLDER)
            _move(root, journal, _FORWARD)
        except IntegrityError:  # raised before the first step
            raise
        except BaseException:
            (journal / _FORWARD).replace(journal / _BACK)
            _move(root, journal, _BACK)
            _discard(journal)
            raise
    else:
        _move(root, journal, _BACK)
    _discard(journal)


def _move(root: Path, journal: Path, name: str) -> None:
    """Give each file its new or its old content; removals come first, so that a folder can replace a file."""
    plan = steps.read(journal / name)
    side = "new" if name == _FORWARD else "old"
    if side == "old":
        plan = [replace(step, old=step.new, new=step.old) for step in plan]
    steps.require_usable(root, plan, journal / side)
    for step in plan:
        if step.new is None and digest_at(root, step.path) in {None, step.old}:
            _remove(root, root / step.path)
    for step in plan:
        if step.new is not None and digest_at(root, step.path) != step.new:
            _place(root, step, journal / side / str(step.number))


def _place(root: Path, step: Step, source: Path) -> None:
    """Move one file into its place; if somebody wrote a file there, it stays, and the new file is put beside it."""
    place = root / step.path
    if digest_at(root, step.path) not in {None, step.old}:
        _log.warning(
            "%s was edited in the meantime and is kept; the new file is %s%s", step.path, step.path, _NEW_FILE_SUFFIX
        )
        place = place.with_name(place.name + _NEW_FILE_SUFFIX)
    place.parent.mkdir(parents=True, exist_ok=True)
    source.replace(place)


def _remove(root: Path, place: Path) -> None:
    """Remove a file, if it exists, and then folders that are empty except for Python's cache."""
    if place.is_file() and not place.is_symlink():
        place.unlink()
    for folder in place.parents:
        if folder == root or (folder.is_dir() and any(path.name != "__pycache__" for path in folder.iterdir())):
            return
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        if folder.is_dir() and not any(folder.iterdir()):  # a cache that is a link stays
            folder.rmdir()


def _discard(journal: Path) -> None:
    """Remove the journal in one step, because its disappearance marks the end."""
    journal.replace(journal.with_name(f"{_JOURNAL}.{os.getpid()}"))
    _sweep(journal.parent)


def _sweep(folder: Path) -> None:
    """Remove the leftovers of finished and unfinished changes."""
    for rest in folder.glob(f"{_JOURNAL}.*"):
        shutil.rmtree(rest, ignore_errors=True)
