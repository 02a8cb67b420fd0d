"""Untrusted documents: regular files of limited size, as bytes, text, JSON, YAML and TOML.

A FIFO or a device would block a reader or fill its memory; a deeply nested document would crash it.
"""

from __future__ import annotations

import functools
import json
import math
import os
import stat
import tomllib
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gfplug.untrusted.yaml_loader import Loader

MAX_BYTES = 16 << 20
"""The maximum size of a document, in bytes."""

_MOST_YAML = 1 << 20  # YAML is slow to read
_MAX_DEPTH = 100
_MOST_ITEMS = 1_000_000  # items of a YAML document: aliases can multiply values
_MOST_ITEMS_OF_LARGE = 3_000_000


def open_file(path: Path, *, most: int = MAX_BYTES, name: str = "") -> IO[bytes]:
    """Open a regular file of at most `most` bytes; `name` is its name in errors.

    Raises: ProjectError if the path is not a regular file, or larger; FileNotFoundError if it does not exist.
    """
    name = name or str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ProjectError(f"{name} cannot be read: {error.strerror}") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size <= most:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ProjectError(f"{name} is not a regular file", hint="replace it with a regular file")
    raise ProjectError(f"{name} has {status.st_size:,} bytes; gfplug reads at most {most:,}")


def read_bytes(path: Path, *, most: int = MAX_BYTES) -> bytes:
    """Return the bytes of a regular file.

    Raises: ProjectError if the path is not a regular file, or larger; FileNotFoundError if it does not exist.
    """
    with open_file(path, most=most) as stream:
        size = os.fstat(stream.fileno()).st_size
        content = stream.read(size + 1)  # Python allocates all bytes at once, and Windows counts them as used
        if len(content) > size:  # the file has grown meanwhile
            content += stream.read(most + 1 - len(content))
    if len(content) > most:
        raise ProjectError(f"{path} has more than {most:,} bytes")
    return content


def read_text(path: Path, *, most: int = MAX_BYTES) -> str:
    """Return the text of a regular file in UTF-8.

    Raises: ProjectError if it is not a regular file, larger, or not UTF-8; FileNotFoundError if it does not exist.
    """
    try:
        return read_bytes(path, most=most).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error


def read_json(path: Path, *, missing: str = "", broken: str = "fix that line") -> Any:  # noqa: ANN401 - JSON
    """Read a JSON file; `missing` and `broken` are the hints of the errors.

    Raises: ProjectError naming the file.
    """
    try:
        return parse_json(read_text(path))
    except FileNotFoundError as error:
        raise ProjectError(f"{path} does not exist", hint=missing) from error
    except ValueError as error:
        raise ProjectError(f"{path} is not valid JSON: {error}", hint=broken) from error


def parse_json(text: str | bytes, *, repeated: list[str] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Read a JSON document with at most a hundred levels; NaN and infinities are not JSON.

    If a key appears twice, the last one counts; with `repeated`, the first one counts, and `repeated` gets a message.
    Raises: ValueError that says what is wrong.
    """

    def keep_first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(reversed(pairs))
        if repeated is not None and len(value) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.extend(f"the key {key[:40]!r} appears twice" for key, count in counts.items() if count > 1)
        return {key: value[key] for key, _ in pairs}

    hook = None if repeated is None else keep_first
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=hook)
    except RecursionError:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep") from None
    _check_depth(value)
    return value


def _refuse_constant(word: str) -> None:
    raise ValueError(f"it contains {word}, which is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it contains the number {text[:40]}, which is too large for JSON")
    return number


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises: ProjectError naming the file; FileNotFoundError if it does not exist.
    """
    text = read_text(path)
    try:
        return parse_toml(text)
    except ValueError as error:
        raise ProjectError(f"{path} is not valid TOML: {error}", hint="fix that line") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Read a TOML document with at most a hundred levels.

    Raises: ValueError that says what is wrong.
    """
    try:
        value = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep") from None
    _check_depth(value)
    return value


def read_yaml(path: Path, *, most: int = _MOST_YAML) -> Any:  # noqa: ANN401 - YAML
    """Read a YAML file as JSON values, as Grafana does; for the rules see `yaml_loader`.

    Raises: ProjectError naming the file; FileNotFoundError if it does not exist.
    """
    from gfplug.untrusted import yaml_loader  # noqa: PLC0415 - few commands read it

    return _parse_yaml(read_text(path, most=most), yaml_loader.Loader, name=str(path), most_items=_MOST_ITEMS)


def parse_large_yaml(text: str, *, name: str, repeated: list[str] | None = None) -> Any:  # noqa: ANN401 - YAML
    """Read a YAML document of some megabytes as `read_yaml` does; `name` is its name in errors.

    A key that appears twice is refused; with `repeated`, the first one counts, and `repeated` gets a message.

    Raises: ProjectError naming the document.
    """
    from gfplug.untrusted import yaml_loader  # noqa: PLC0415 - as above

    loader = functools.partial(yaml_loader.LargeLoader, repeated=repeated)
    return _parse_yaml(text, loader, name=name, most_items=_MOST_ITEMS_OF_LARGE)


def _parse_yaml(text: str, loader: Callable[[str], Loader], *, name: str, most_items: int) -> Any:  # noqa: ANN401 - YAML
    import yaml  # noqa: PLC0415 - as above

    from gfplug.untrusted import yaml_loader  # noqa: PLC0415 - as above

    try:
        value = yaml_loader.load(text, loader=loader)
        _check_depth(value, most_items=most_items)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = (
            f"it is nested more than {_MAX_DEPTH} levels deep"
            if isinstance(error, RecursionError)
            else _sentence(error)
        )
        raise ProjectError(f"{name} is not valid YAML: {why}", hint="fix that line") from error
    return value


def text_of(value: Any) -> str:  # noqa: ANN401 - YAML
    """Return the text of a scalar: a number as the YAML file writes it, and an empty text for null."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(getattr(value, "source_text", value))


def _sentence(error: Exception) -> str:
    """Describe in one line the error in a YAML document, and its place."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if not problem or mark is None:
        return " ".join(str(error).split())
    return f"{problem} at line {mark.line + 1}"


def _check_depth(value: object, *, most_items: float = math.inf) -> None:
    """Refuse a deeply nested document, or one that aliases make large: other code walks it recursively.

    Raises: ValueError.
    """
    level, depth, items = [value], 0, 0
    while level:
        parents, level, depth = level, [], depth + 1
        for parent in parents:
            if isinstance(parent, (dict, list)):
                items += len(parent)
                children = parent.values() if isinstance(parent, dict) else parent
                level.extend(child for child in children if isinstance(child, (dict, list)))
            if items > most_items:
                raise ValueError(f"it has more than {most_items} values")
        if depth > _MAX_DEPTH:
            raise ValueError(f"it is nested more than {_MAX_DEPTH} levels deep")
