"""A project whose data source returns the answers that a query names, called with `gfplug call query` as by a user."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import Ended
from projects import new_project

from gfplug.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
FOLDER = f"{HERE}{os.sep}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start plugins."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project whose query names one of the answers in `returned_values.py`."""
    folder = new_project(tmp_path_factory.mktemp("answers") / "project")
    shutil.copyfile(HERE.parent / "returned_values.py", folder / "src" / "plugin" / "datasource.py")
    return folder


@pytest.fixture
def query(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Request answers by name, with this interpreter's packages: installing the project's takes minutes."""

    def ask(*names: str, words: tuple[str, ...] = ()) -> Ended:
        models = [word for name in names for word in ("--model", json.dumps({"name": name}))]
        code = main(["call", "query", str(project), *models, *words, "--python", sys.executable])
        return Ended(code, *capsys.readouterr())

    return ask


@pytest.fixture
def columns(query: Callable[..., Ended]) -> Callable[..., dict[str, dict[str, tuple[str, list[Any]]]]]:
    """Request answers; map the names of answer and column to the column's type and values."""

    def ask(*names: str) -> dict[str, dict[str, tuple[str, list[Any]]]]:
        ended = query(*names, words=("--json",))
        assert ended.code == 0, ended.err
        results = json.loads(ended.out)["results"]
        return {name: _columns(results[ref]) for name, ref in zip(names, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=False)}

    return ask


def _columns(result: dict[str, Any]) -> dict[str, tuple[str, list[Any]]]:
    [frame] = result["frames"]
    fields, values = frame["schema"]["fields"], frame["data"]["values"]
    entities = frame["data"].get("entities") or [None] * len(fields)
    return {
        field["name"]: (field["typeInfo"]["frame"], _with_entities(column, special))
        for field, column, special in zip(fields, values, entities, strict=True)
    }


def _with_entities(values: list[Any], special: dict[str, list[int]] | None) -> list[Any]:
    whole = list(values)
    for name, rows in (special or {}).items():
        for row in rows:
            whole[row] = name
    return whole
