"""The imports of a project's code, read from its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gfplug.checks import source_imports

if TYPE_CHECKING:
    from pathlib import Path


def modules(folder: Path, text: str) -> list[str]:
    """Return the imports of a project with this module."""
    (folder / "plugin").mkdir(exist_ok=True)
    (folder / "plugin" / "datasource.py").write_text(text, encoding="utf-8")
    return [each.module for each in source_imports.read(folder).imports]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import pandas as pd", ["pandas"]),
        ("import a.b, c", ["a.b", "c"]),
        ("from google.cloud import bigquery", ["google.cloud.bigquery"]),
        ("from numpy import *", ["numpy"]),
        ("def f():\n    import pandas", ["pandas"]),
        ("class A:\n    def f(self):\n        if x:\n            import pandas", ["pandas"]),
        ("import importlib\nimportlib.import_module('pandas')", ["importlib", "pandas"]),
        ("__import__('pandas')", ["pandas"]),
        ("try:\n    import pandas\nexcept ValueError:\n    pass", ["pandas"]),
        ("try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import pandas", ["pandas"]),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import pandas",
            ["typing.TYPE_CHECKING", "pandas"],
        ),
        ("if not TYPE_CHECKING:\n    import pandas", ["pandas"]),
        ("if settings.name:\n    import pandas", ["pandas"]),
    ],
)
def test_imports_in_functions_texts_and_try_blocks_are_found(tmp_path: Path, text: str, expected: list[str]) -> None:
    """They are in a function, a text with a module's name, or a try block without a handler for ImportError."""
    assert modules(tmp_path, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import polars\nexcept ImportError:\n    polars = None",
        "try:\n    import polars\nexcept (ModuleNotFoundError, AttributeError):\n    import tomli",
        "try:\n    import polars\nexcept Exception:\n    pass",
        "try:\n    import polars\nexcept:\n    pass",
        "with suppress(ImportError):\n    import polars",
        "with contextlib.suppress(ModuleNotFoundError):\n    import polars",
        "if TYPE_CHECKING:\n    import polars",
        "if typing.TYPE_CHECKING:\n    from polars import DataFrame",
        "if sys.version_info < (3, 11):\n    import tomli",
        "if sys.platform == 'win32':\n    import win32api\nelse:\n    import other",
        "if os.name == 'nt':\n    import win32api",
        "from . import other\nfrom .other import x",
        "from plugin import other\nimport plugin.other\nimport mine\nimport lib.x",
        "name = 'x'\nimport_module(name)\nimport_module('.x', 'plugin')",
    ],
)
def test_optional_imports_are_not_listed(tmp_path: Path, text: str) -> None:
    """These are optional packages, imports for type checkers or other systems, and the project's modules."""
    (tmp_path / "mine.py").write_text("")
    (tmp_path / "lib").mkdir()

    assert modules(tmp_path, text) == []


def test_a_syntax_error_is_reported_with_its_line(tmp_path: Path) -> None:
    """Other files are read; generated stubs are skipped."""
    (tmp_path / "pluginv2").mkdir()
    (tmp_path / "pluginv2" / "x.py").write_text("import strange")
    (tmp_path / "bad.py").write_text("import a\nx = (\n")
    (tmp_path / "worse.py").write_bytes(b"\xff\xfe")

    assert modules(tmp_path, "import pandas") == ["pandas"]
    errors = source_imports.read(tmp_path).broken
    assert [(path.name, line) for path, line, _ in errors] == [("bad.py", 2), ("worse.py", 1)]
