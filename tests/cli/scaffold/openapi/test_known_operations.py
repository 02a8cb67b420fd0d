"""The operations that a project already has, in another version of the description."""

from __future__ import annotations

import pytest
from small_descriptions import describe, get, read

from gfplug.errors import ProjectError
from gfplug.upgrades import api_description

TWICE = {path: get(operationId="list_users") for path in ("/a", "/b")}


def test_operations_outside_the_project_change_nothing() -> None:
    """They affect neither names nor remarks: `list_b` keeps its name."""
    paths = {"/a": get(operationId="list-b"), "/b": get(operationId="list_b"), "/bad": {"get": {"responses": {}}}}

    source = read(describe(paths), previous=["list_b", "gone"])

    assert [(each.path, each.identifier) for each in source.operations] == [("/b", "list_b")]
    assert source.left_out == ()


def test_a_description_without_the_projects_operations_is_refused() -> None:
    """The error lists the missing operations."""
    source = read(describe(TWICE), previous=["gone"])

    with pytest.raises(ProjectError, match="none of the project's operations: gone"):
        api_description.choose(source, ["gone"])
