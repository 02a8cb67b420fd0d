"""What a project's environment holds, and what of it a bundle holds."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import process
from gfplug.bundling import interpreters
from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Package:
    """An installed package; `record` is the SHA-256 of its list of files and their digests."""

    name: str
    version: str
    license: str
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The packages of one environment, and its Python: `build` says where it is and how it was compiled."""

    python: str
    build: tuple[str, ...]
    packages: tuple[Package, ...]
    used: tuple[Package, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored beside a frozen plugin."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Inventory:
        """Read a stored one."""
        return cls(
            python=value["python"],
            build=tuple(value["build"]),
            packages=tuple(Package(**each) for each in value["packages"]),
            used=tuple(Package(**each) for each in value["used"]),
        )


def take(python: Path, *, collected: Iterable[str] = (), note: Path | None = None) -> Inventory:
    """Ask an interpreter for its packages, and which of them the collected files are of.

    `note` is where the question can be put: there are too many files for a command line.
    """
    command: list[str | Path] = [python, "-I", "-B", Path(__file__).with_name("packages.py")]
    if note is not None:
        note.write_text(json.dumps(sorted(collected)), encoding="utf-8")
        command.append(note)
    said = process.run(command, env=interpreters.clean_environment(), what="listing the packages", timeout=_SECONDS)
    try:
        report = json.loads(said.strip().splitlines()[-1])
        listed = [(each.pop("used"), Package(**each)) for each in report["packages"]]
        return Inventory(
            python=report["python"],
            build=tuple(report["build"]),
            packages=tuple(package for _, package in listed),
            used=tuple(package for is_used, package in listed if is_used),
        )
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ToolError(f"{python} does not list its packages", details=said) from error


def collected(work: Path) -> set[str]:
    """Return the paths of all files that PyInstaller collected, from the tables it leaves in its work folder."""
    found: set[str] = set()
    for table in work.rglob("*.toc"):
        found.update(_texts(ast.literal_eval(table.read_text(encoding="utf-8"))))
    return {text for text in found if Path(text).is_absolute()}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, set)):
        for each in value:
            yield from _texts(each)
