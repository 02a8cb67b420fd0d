"""Files on disk: digests, atomic writes, and folders that appear complete or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_IGNORED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
_SURROGATE = re.compile("[\\ud800-\\udfff]")


def sha256(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def json_text(value: Any, *, indent: int | None = None) -> str:  # noqa: ANN401 - JSON
    """Return a JSON document that UTF-8 can encode: a lone surrogate, which JSON allows, is written as an escape."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return json.dumps(value, indent=indent) if _SURROGATE.search(text) else text


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file, read in pieces.

    Raises: ProjectError if the path is not a regular file: reading a FIFO would never end.
    """
    if path.exists() and not path.is_file():
        raise ProjectError(f"{path} is not a regular file", hint="replace it with a regular file")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def entries(root: Path) -> list[Path]:
    """List all files and links below a folder, in the order of their POSIX paths."""
    paths = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(paths, key=lambda path: path.relative_to(root).as_posix())


def walk(root: Path) -> list[Path]:
    """List a folder's regular files in a stable order, without the caches that Python tools leave."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file()
        and not _IGNORED.intersection(path.relative_to(root).parts)
        and path.suffix not in {".pyc", ".pyo"}
    )


def write_atomic(path: Path, content: bytes, *, for_grafana: bool = False) -> None:
    """Write a file so that readers see the old bytes or the new ones, never a part.

    The file keeps its mode; a new file gets what the umask permits; with `for_grafana`, 0644: see `let_grafana_read`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        mode = path.stat().st_mode & 0o777 if path.exists() else permitted_mode(0o666)
        Path(name).chmod(0o644 if for_grafana else mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def permitted_mode(mode: int) -> int:
    """Return a mode without the bits in this process's umask."""
    mask = os.umask(0o077)  # a process can read its umask only by setting it
    os.umask(mask)
    return mode & ~mask


def let_grafana_read(*places: Path) -> None:
    """Make files 0644 and folders 0755, despite the umask: Grafana runs as another user than the build."""
    for path in places:
        path.chmod(0o755 if path.is_dir() else 0o644)


def write_tree(root: Path, tree: Mapping[str, bytes]) -> None:
    """Write a map of relative POSIX paths to bytes below a folder."""
    for name, content in sorted(tree.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def require_free(destination: Path) -> None:
    """Refuse a path where no folder can be created: something exists there, or the parent can't be written.

    Raises: ProjectError that names the reason.
    """
    if os.path.lexists(destination) and not destination.is_dir():
        raise ProjectError(f"{destination} exists and is not a folder", hint="choose another folder")
    existing = next(folder for folder in (destination, *destination.absolute().parents) if os.path.lexists(folder))
    if not existing.is_dir() or not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
        reason = "permission denied" if existing.is_dir() else "it is not a folder"
        raise ProjectError(f"cannot write to {existing}: {reason}", hint="choose a folder you may write to")
    if destination.is_dir() and any(destination.iterdir()):
        raise ProjectError(f"{destination} exists and is not empty", hint="choose another folder")


@contextmanager
def staging(destination: Path) -> Iterator[Path]:
    """Yield a folder that becomes `destination` when the block succeeds, and is removed when the block fails.

    The folder is next to the destination. If the destination exists, and is empty, the folder is inside it, so that a
    shell whose current folder is the destination stays in it.

    Raises: ProjectError if the destination exists and is not empty, or can't be written.
    """
    require_free(destination)
    is_there = destination.is_dir()
    parent = destination if is_there else destination.parent
    created = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=parent, prefix=f".{destination.name}."))
    except OSError as error:
        _remove_empty(created)
        raise ProjectError(
            f"cannot write to {parent}: {error.strerror}", hint="choose a folder you may write to"
        ) from error
    try:
        stage.chmod(permitted_mode(0o777))
        yield stage
        if is_there:
            _move_up(stage)
        else:
            stage.replace(destination)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(created)
        raise


def _move_up(stage: Path) -> None:
    """Move all contents of a folder to its parent, or nothing, and remove the folder."""
    moved: list[Path] = []
    try:
        moved.extend(path.replace(stage.parent / path.name) for path in sorted(stage.iterdir()))
        stage.rmdir()
    except BaseException:
        for path in moved:
            path.replace(stage / path.name)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders that are empty, innermost first."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
