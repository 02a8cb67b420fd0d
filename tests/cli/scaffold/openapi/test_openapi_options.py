"""Options about a description: the list of omissions, and when an omission is an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from openapi_sources import WEATHER

from gfplug import cli
from gfplug.commands import openapi_options
from gfplug.errors import ProjectError, UsageError
from gfplug.scaffold.openapi import description
from gfplug.scaffold.openapi.model import LeftOut

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import DataSource

FLAWED = LeftOut(kind="flawed", place="/paths/~1x/get", operation="x", reason="Its schema refers to itself alone.")
CHANGING = LeftOut(kind="not_a_query", place="/paths/~1y/post", operation="y", reason="It changes something.")


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> DataSource:
    """Replace reading by a description with omissions."""
    incomplete = replace(WEATHER, left_out=(FLAWED, CHANGING))
    monkeypatch.setattr(description, "read", lambda *_, **__: incomplete)
    return incomplete


def test_omitted_operations_are_listed(source: DataSource, capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its place and reason; their number is shown."""
    assert openapi_options.read("weather.yaml", (), strict=False) == source

    assert capsys.readouterr().err.splitlines() == [
        "left out: x (/paths/~1x/get): Its schema refers to itself alone.",
        "not a query: y (/paths/~1y/post): It changes something.",
        "5 operations of 'Weather' can be queried; 1 not a query; 1 left out",
    ]


def test_strict_refuses_a_description_with_unreadable_parts(source: DataSource) -> None:
    """An operation that changes data is omitted without an error."""
    with pytest.raises(ProjectError, match="1 operation can't be read") as excinfo:
        openapi_options.read("weather.yaml", (), strict=True)

    assert FLAWED.reason in str(excinfo.value.details)
    assert CHANGING.reason not in str(excinfo.value.details)
    assert source.left_out


@pytest.mark.parametrize("words", [["--operations", "a"], ["--strict"], ["--try"]])
def test_options_about_a_description_require_a_description(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the option."""
    assert cli.main(["new", "x", *words, "--dry-run"]) == 2

    assert words[0] in capsys.readouterr().err


def test_a_description_excludes_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """Both define the data source."""
    assert cli.main(["new", "x", "--openapi", "x.yaml", "--example", "http", "--dry-run"]) == 2

    assert "--openapi can't be used with --example http" in capsys.readouterr().err


def test_names_of_operations_are_split_at_commas() -> None:
    """Spaces around a comma do not count."""
    assert openapi_options.names(" a, b ,,c") == ("a", "b", "c")
    assert openapi_options.names(None) == ()
    with pytest.raises(UsageError, match="--strict"):
        openapi_options.require_openapi(None, operations=None, strict=True)
