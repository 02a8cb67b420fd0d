"""The generated code of a description equals the reviewed code."""

from __future__ import annotations

import pytest
from openapi_golden import FOLDER, GOLDEN_NAMES, generate

from gfplug.scaffold.openapi import description


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Generate the code once."""
    return generate()


@pytest.mark.parametrize("name", GOLDEN_NAMES.values())
def test_the_generated_code_equals_the_golden_code(files: dict[str, str], name: str) -> None:
    """`python tests/cli/openapi_golden.py --update` accepts new code."""
    assert files[name] == (FOLDER / name).read_text(encoding="utf-8")


def test_omitted_operations_of_the_golden_description_are_listed() -> None:
    """There is one, with its reason."""
    left_out = description.read(str(FOLDER / "shop.yaml")).left_out

    assert [(each.operation, each.reason) for each in left_out] == [
        ("queryPrices", "it is at prices.example, not at eu.shop.example: gfplug sends no credentials there")
    ]
