"""The modules that a project's code imports, read from its text without running it.

Optional imports do not count: in `try` with an `except ImportError`, in `suppress(ImportError)`, below `if
TYPE_CHECKING`, or for some Pythons and systems only.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GENERATED = "pluginv2"
_CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_SYSTEMS = {
    ("sys", "version_info"),
    ("sys", "platform"),
    ("sys", "implementation"),
    ("os", "name"),
    ("platform", "system"),
}
"""What an `if` tests to import something only for some Pythons and systems."""

_OF_MODULES = {"import_module", "__import__"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import of a module by its dotted name; for `from a import b` it is a.b, which may not be a module."""

    module: str
    path: Path
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImports:
    """The imports of a folder of code, each module once, and the files that are not valid Python."""

    imports: tuple[Import, ...]
    broken: tuple[tuple[Path, int, str], ...] = ()


def read(folder: Path) -> SourceImports:
    """Read the code below a folder, without imports of the folder's own modules and packages."""
    own = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.glob("*/")}
    imports: dict[str, Import] = {}
    broken = []
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0] == _GENERATED or not path.resolve().is_relative_to(folder.resolve()):
            continue
        try:
            tree = _parse(path)
        except SyntaxError as error:
            broken.append((path, error.lineno or 1, error.msg))
            continue
        except (ProjectError, ValueError, RecursionError) as error:
            broken.append((path, 1, getattr(error, "message", str(error))))
            continue
        for module, line in _find_imports(tree):
            if module.partition(".")[0] not in own:
                imports.setdefault(module, Import(module=module, path=path, line=line))
    return SourceImports(imports=tuple(imports.values()), broken=tuple(broken))


def _parse(path: Path) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ignore warnings about invalid escapes
        return ast.parse(documents.read_bytes(path), filename=str(path))


def _find_imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the modules that are imported without an alternative, with their lines, in the order of the code."""
    ahead: list[ast.AST] = [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((f"{node.module}.{alias.name}".removesuffix(".*"), node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and (module := _imported_name(node)):
            yield module, node.lineno
        ahead += reversed(list(_required_nodes(node)))


def _required_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes inside a node, except optional code."""
    if isinstance(node, ast.Try) and any(_catches(handler.type) for handler in node.handlers):
        return iter((*node.orelse, *node.finalbody))
    if isinstance(node, ast.With | ast.AsyncWith) and any(_suppresses(item.context_expr) for item in node.items):
        return iter(())
    if isinstance(node, ast.If) and _is_of_systems(node.test):
        return iter(())
    if isinstance(node, ast.If) and "TYPE_CHECKING" in _names(node.test):
        return iter(node.body if isinstance(node.test, ast.UnaryOp) else node.orelse)
    return ast.iter_child_nodes(node)


def _is_of_systems(test: ast.expr) -> bool:
    """Tell whether a condition tests the version of Python or the operating system."""
    attributes = (
        node for node in ast.walk(test) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )
    return any((node.value.id, node.attr) in _SYSTEMS for node in attributes)  # type: ignore[attr-defined]  # a Name


def _catches(kind: ast.expr | None) -> bool:
    return kind is None or bool(_names(kind) & _CATCHES)


def _suppresses(context: ast.expr) -> bool:
    return isinstance(context, ast.Call) and "suppress" in _names(context.func) and bool(_names(context) & _CATCHES)


def _names(node: ast.AST) -> set[str]:
    """Name the variables and attributes in an expression."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} | {
        each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)
    }


def _imported_name(call: ast.Call) -> str:
    """Return the module of `import_module("name")`; empty for other calls, and for computed names."""
    name = next(iter(call.args), None)
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str) or name.value.startswith("."):
        return ""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name.value if function in _OF_MODULES else ""
