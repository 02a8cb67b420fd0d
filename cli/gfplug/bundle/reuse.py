"""The cache of builds in `artifacts/.cache`: the frozen plugin, and the inputs of the last build.

A frozen plugin is reused as long as PyInstaller's inputs have not changed. PyInstaller reads only the imports of the
author's modules, so a change inside a function needs no freeze. If in doubt, freeze: a key with too few inputs would
ship old code.
"""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.bundle.components.inventory import Inventory
from gfplug.bundle.freeze import Frozen
from gfplug.errors import ProjectError
from gfplug.untrusted import documents, paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gfplug.project.plugin_project import Project

CODE = "src/plugin"
_SKIPPED = {".git", ".venv", "venv", "dist", "artifacts", "node_modules", "build"}
_OUTPUT_FOLDERS = {("frontend", "node_modules"), ("frontend", "dist")}  # output of a frontend's build
_NOT_FROZEN = (
    *("frontend", "tests", "provisioning", ".github", ".gfplug", ".vscode"),
    *("README.md", "AGENTS.md", "CHANGELOG.md", "LICENSE", "requirements-lock.txt"),
)
_LOADING = {"import_module", "__import__", "CDLL", "LoadLibrary", "find_library", "find_spec", "WinDLL", "PyDLL"}


def input_digests(project: Project) -> dict[str, str]:
    """Map each file of a project that a build may read to its SHA-256."""
    digests = {}
    for path in files.walk(project.root):
        parts = path.relative_to(project.root).parts
        if parts[0] not in _SKIPPED and parts[:2] not in _OUTPUT_FOLDERS and not parts[0].startswith(".gfplug-"):
            digests["/".join(parts)] = files.sha256_of(path)
    return digests


def result_key(digests: Mapping[str, str], inventory: Inventory, options: Mapping[str, Any]) -> str:
    """Return the digest of all inputs of a finished build."""
    return _digest([digests, inventory.to_json(), dict(options), _own_code()])


def frozen_key(project: Project, digests: Mapping[str, str], inventory: Inventory, options: Mapping[str, Any]) -> str:
    """Return the digest of PyInstaller's inputs; the author's modules contribute only their imports."""
    spec = documents.read_text(project.root / "plugin.spec") if "plugin.spec" in digests else ""
    invisible = [name for name in _NOT_FROZEN if name not in spec]
    visible = {
        name: _imports(project.root / name) if _is_code(name) else digest
        for name, digest in digests.items()
        if not any(name == each or name.startswith(f"{each}/") for each in invisible)
    }
    visible["plugin.json"] = project.manifest.executable
    return _digest([visible, inventory.to_json(), dict(options), _own_code()])


def store_frozen(cache: Path, key: str, frozen: Frozen, inventory: Inventory) -> None:
    """Store a frozen plugin in place of the previous one."""
    folder = cache / "frozen"
    (cache / "frozen.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copytree(frozen.folder, folder, symlinks=True)
    record = {
        "key": key,
        "executable": frozen.executable,
        "platform": frozen.platform,
        "inventory": inventory.to_json(),
        "tree": digest_of_tree(folder),
    }
    files.write_atomic(cache / "frozen.json", json.dumps(record).encode())


def copy_frozen(cache: Path, key: str, place: Path) -> tuple[Frozen, Inventory] | None:
    """Copy the frozen plugin with this key to `place`; None if it is missing or incomplete."""
    record = _read(cache / "frozen.json")
    if record.get("key") != key or digest_of_tree(cache / "frozen") != record.get("tree"):
        return None
    try:
        inventory = Inventory.from_json(record["inventory"])
        frozen = Frozen(folder=place, executable=str(record["executable"]), platform=str(record["platform"]))
    except (KeyError, TypeError, AttributeError, ValueError):  # the file was edited
        return None
    shutil.copytree(cache / "frozen", place, symlinks=True)
    return frozen, inventory


def store_result(cache: Path, key: str, result: Mapping[str, Any], outputs: Iterable[Path], *, root: Path) -> None:
    """Store the inputs of a finished build, and its outputs below `root`, which may be moved later."""
    digests = {path.relative_to(root).as_posix(): digest_of_tree(path) for path in outputs}
    note = {"key": key, "result": dict(result), "outputs": digests}
    files.write_atomic(cache / "result.json", json.dumps(note, indent=2, sort_keys=True).encode())


def load_result(cache: Path, key: str, *, root: Path) -> dict[str, Any] | None:
    """Return the last result, if its inputs are the same and its outputs are unchanged."""
    record = _read(cache / "result.json")
    result, outputs = record.get("result"), record.get("outputs")
    if record.get("key") != key or not isinstance(result, dict) or not isinstance(outputs, dict):
        return None
    if not all(paths.is_inside(name) and digest_of_tree(root / name) == digest for name, digest in outputs.items()):
        return None
    return result


def last_size(cache: Path, key: str) -> int | None:
    """Return a size of the last build, even if its inputs have changed: `archive_bytes` or `bundle_bytes`."""
    result = _read(cache / "result.json").get("result")
    size = result.get(key) if isinstance(result, dict) else None
    return size if isinstance(size, int) else None


def digest_of_tree(place: Path) -> str:
    """Return the digest of a file, or of all names, modes and contents below a folder; empty if it does not exist."""
    if place.is_file():
        return files.sha256_of(place)
    paths = files.entries(place)
    return _digest([[path.relative_to(place).as_posix(), *_state(path)] for path in paths]) if paths else ""


def _state(path: Path) -> Iterable[str]:
    if path.is_symlink():
        return ("link", path.readlink().as_posix())
    return (str(path.stat().st_mode & 0o111), files.sha256_of(path))


def _is_code(name: str) -> bool:
    return name.startswith(f"{CODE}/") and name.endswith(".py") and not name.endswith("/__main__.py")


def _imports(path: Path) -> list[str]:
    """List a module's imports, and the calls that load something by name; its text if it is not valid Python."""
    text = documents.read_bytes(path).decode(errors="replace")
    try:
        nodes = list(ast.walk(ast.parse(text)))
        return [ast.dump(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) or _loads(node)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # also for deeply nested expressions
        return [text]


def _loads(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    func = node.func
    name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    return name in _LOADING


def _own_code() -> str:
    """Return the digest of gfplug's files that affect a build."""
    package = Path(__file__).parents[1]
    return _digest([files.sha256_of(path) for path in files.walk(package) if path.parent.name != "commands"])


def _digest(value: object) -> str:
    return files.sha256(json.dumps(value, sort_keys=True).encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        record = documents.read_json(path)
    except ProjectError:
        return {}
    return record if isinstance(record, dict) else {}
