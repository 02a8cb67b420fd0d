"""Change many files of a project as one: whatever interrupts it, the project is as before or as after.

Everything new, and a copy of everything old, is written to `.gfplug/journal` first. The folder's appearance is the
moment of the change: from then on, moving the files into place is finished by whoever finds the folder, be it the next
command after a crash. A failure that is no crash puts the old files back.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import files, mutex
from gfplug.edits import trees
from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gfplug.edits.trees import Entry

FOLDER = ".gfplug"
_JOURNAL = "journal"
_FORWARD = "forward.json"
_BACK = "back.json"
_LOCK = "upgrade.lock"
_LATE = ".gfplug-new"
_WAIT_SECONDS = 30.0
_WRITERS = 8

_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of one file: None before means there is none yet, None after that it goes."""

    before: Entry | None
    after: Entry | None

    @property
    def what(self) -> str:
        """One word for it: `added`, `changed` or `deleted`."""
        return "added" if self.before is None else "deleted" if self.after is None else "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """An edit as the journal keeps it: `number` names its files in the folders `old` and `new`."""

    number: int
    path: str
    old: str | None
    new: str | None


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Be the only process that changes the project, for as long as the block runs.

    Raises: ProjectError if another one is at it.
    """
    with _held(root, 0.0):
        if (root / FOLDER / _JOURNAL).is_dir():
            _finish(root)
        _sweep(root / FOLDER)
        yield


def recover(root: Path) -> None:
    """Finish, or undo, the change that a process could not: a project is looked at only when it is whole."""
    if (root / FOLDER / _JOURNAL).is_dir():
        with _held(root, _WAIT_SECONDS):
            if (root / FOLDER / _JOURNAL).is_dir():
                _log.warning("An upgrade of %s was interrupted: finishing it", root)
                _finish(root)


def apply(root: Path, edits: Mapping[str, Edit]) -> None:
    """Make the edits, all or none; call it within `locked`.

    Raises: ProjectError if a file is not as the edit expects, or can't be written; then nothing has changed.
    """
    if not edits:
        return
    _require_unchanged(root, edits)
    with _explained("nothing was changed; the project's folder must be writable, and the disk not full"):
        stage = Path(tempfile.mkdtemp(dir=root / FOLDER, prefix=f"{_JOURNAL}."))
        try:
            _write(root, stage, edits)
            stage.replace(root / FOLDER / _JOURNAL)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        _finish(root)


@contextmanager
def _held(root: Path, seconds: float) -> Iterator[None]:
    with ExitStack() as stack:
        with _explained("the project's folder must be writable"):
            stack.enter_context(mutex.held(root / FOLDER / _LOCK, what="upgrade of this project", seconds=seconds))
        yield


@contextmanager
def _explained(hint: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename
        raise ProjectError(f"cannot write {where}: {error.strerror}", hint=hint) from error


def _require_unchanged(root: Path, edits: Mapping[str, Edit]) -> None:
    gone = {path.casefold() for path, edit in edits.items() if edit.after is None}
    for path, edit in edits.items():
        place = root / path
        if edit.before is None and not place.is_dir() and os.path.lexists(place) and path.casefold() not in gone:
            raise ProjectError(f"{path} is in the way", hint="nothing was changed; move it away and try again")
        if edit.before is not None and (not place.is_file() or place.read_bytes() != edit.before.content):
            raise ProjectError(f"{path} was changed meanwhile", hint="nothing was changed; run the command again")


def _write(root: Path, stage: Path, edits: Mapping[str, Edit]) -> None:
    """Write both sides of every edit, and the plan once they are on the disk: together, since each waits for it."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - every command imports this module

    steps, contents = [], []
    for side in ("old", "new"):
        (stage / side).mkdir()
    for number, (path, edit) in enumerate(sorted(edits.items())):
        mode = (root / path).stat().st_mode & 0o777 if edit.before else 0o644
        if edit.before:
            contents.append((stage / "old" / str(number), edit.before.content, mode))
        if edit.after:
            contents.append((stage / "new" / str(number), edit.after.content, _mode_after(edit, mode)))
        steps.append(_Step(number=number, path=path, old=_digest(edit.before), new=_digest(edit.after)))
    with ThreadPoolExecutor(_WRITERS) as pool:
        for written in [pool.submit(_write_durably, *content) for content in contents]:
            written.result()
    _write_durably(stage / _FORWARD, json.dumps([asdict(step) for step in steps]).encode(), 0o644)


def _mode_after(edit: Edit, mode: int) -> int:
    """Return a file's mode: as it was, with the executable bits that the edit wants for whoever may read."""
    if edit.after is None or (edit.before and edit.before.is_executable == edit.after.is_executable):
        return mode
    return (mode & 0o666) | ((mode & 0o444) >> 2 if edit.after.is_executable else 0)


def _write_durably(path: Path, content: bytes, mode: int) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    path.chmod(mode)


def _finish(root: Path) -> None:
    """Move the files into place, or back if that was begun or can't be helped."""
    journal = root / FOLDER / _JOURNAL
    if (journal / _FORWARD).exists():
        try:
            _move(root, journal, _FORWARD)
        except BaseException:
            (journal / _FORWARD).replace(journal / _BACK)
            _move(root, journal, _BACK)
            _discard(journal)
            raise
    else:
        _move(root, journal, _BACK)
    _discard(journal)


def _move(root: Path, journal: Path, plan: str) -> None:
    """Bring each file to one side; what goes, goes first, so that a folder can take the place of a file."""
    steps = [_Step(**step) for step in json.loads((journal / plan).read_bytes())]
    side = "new" if plan == _FORWARD else "old"
    if side == "old":
        steps = [replace(step, old=step.new, new=step.old) for step in steps]
    for step in steps:
        if step.new is None and _found(root, step.path) in {None, step.old}:
            _remove(root, root / step.path)
    for step in steps:
        if step.new is not None and _found(root, step.path) != step.new:
            _place(root, step, journal / side / str(step.number))


def _place(root: Path, step: _Step, source: Path) -> None:
    """Move one file into its place; what somebody wrote there meanwhile stays, with ours beside."""
    place = root / step.path
    if _found(root, step.path) not in {None, step.old}:
        _log.warning("%s was edited meanwhile and stays: see %s%s", step.path, step.path, _LATE)
        place = place.with_name(place.name + _LATE)
    place.parent.mkdir(parents=True, exist_ok=True)
    source.replace(place)


def _found(root: Path, path: str) -> str | None:
    is_file = (root / path).is_file() and not trees.is_linked(root, path)
    return _digest(trees.entry_of(root / path)) if is_file else None


def _digest(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    return files.sha256(entry.content) + ("+x" if entry.is_executable and os.name == "posix" else "")


def _remove(root: Path, place: Path) -> None:
    """Remove a file, if it is still there, and the folders that are empty without it."""
    if place.is_file() and not place.is_symlink():
        place.unlink()
    for folder in place.parents:
        if folder == root or (folder.is_dir() and any(folder.iterdir())):
            return
        if folder.is_dir():
            folder.rmdir()


def _discard(journal: Path) -> None:
    """Take the journal away; its disappearance is the end, so it goes in one step."""
    journal.replace(journal.with_name(f"{_JOURNAL}.{os.getpid()}"))
    _sweep(journal.parent)


def _sweep(folder: Path) -> None:
    """Remove what ended or never began."""
    for rest in folder.glob(f"{_JOURNAL}.*"):
        shutil.rmtree(rest, ignore_errors=True)
