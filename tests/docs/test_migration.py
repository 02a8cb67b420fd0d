"""The page's example of `migrate` changes old queries and options as the page says."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from pages import python_blocks

from gfruntime.calls import convert


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the block."""
    (block,) = (block for block in python_blocks() if "def migrate" in block.text)
    module = ModuleType("page_example")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # dataclasses look up their module
    exec(compile(block.text, str(block), "exec"), module.__dict__)  # noqa: S102 - it is a page of ours
    return module


def test_the_example_migrates_old_queries_and_options_as_documented(example: ModuleType) -> None:
    """It renames a field, converts a unit under the same name, and handles an unset value; new values stay."""
    decode = convert.model_decoder(example.Model)
    today = b'{"series": "orders", "window": 10, "version": 2}'

    assert decode(b'{"table": "orders", "window": 600}') == decode(today) == example.Model("orders", 10.0)
    assert decode(b"{}") == decode(b'{"version": 2}') == example.Model()
    assert [example.Options.migrate({name: "db"}) for name in ("server", "host")] == [{"host": "db"}] * 2
