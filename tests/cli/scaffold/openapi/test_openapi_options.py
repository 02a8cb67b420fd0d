"""The options about a description: what is said of what was left out, and when it is an error."""

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
    """Give a description that lacks something, whatever is read."""
    lacking = replace(WEATHER, left_out=(FLAWED, CHANGING))
    monkeypatch.setattr(description, "read", lambda *_, **__: lacking)
    return lacking


def test_omitted_operations_are_listed(source: DataSource, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its place and reason, and their number."""
    assert openapi_options.read("weather.yaml", (), strict=False) == source

    assert capsys.readouterr().err.splitlines() == [
        "left out: x (/paths/~1x/get): Its schema refers to itself alone.",
        "not a query: y (/paths/~1y/post): It changes something.",
        "5 operations of 'Weather' can be queried; 1 not a query; 1 left out",
    ]


def test_strict_refuses_what_cannot_be_read(source: DataSource) -> None:
    """What changes something is no flaw."""
    with pytest.raises(ProjectError, match="1 operation can't be read") as excinfo:
        openapi_options.read("weather.yaml", (), strict=True)

    assert FLAWED.reason in str(excinfo.value.details)
    assert CHANGING.reason not in str(excinfo.value.details)
    assert source.left_out


@pytest.mark.parametrize("words", [["--operations", "a"], ["--strict"], ["--try"]])
def test_options_about_a_description_need_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In words that say which."""
    assert cli.main(["new", "x", *words, "--dry-run"]) == 2

    assert words[0] in capsys.readouterr().err


def test_a_description_is_no_example(capsys: pytest.CaptureFixture[str]) -> None:
    """Both say what the data source answers."""
    assert cli.main(["new", "x", "--openapi", "x.yaml", "--example", "http", "--dry-run"]) == 2

    assert "--openapi does not go with --example http" in capsys.readouterr().err


def test_names_are_split_at_commas() -> None:
    """Spaces beside them do not count."""
    assert openapi_options.names(" a, b ,,c") == ("a", "b", "c")
    assert openapi_options.names(None) == ()
    with pytest.raises(UsageError, match="--strict"):
        openapi_options.require_openapi(None, operations=None, strict=True)
