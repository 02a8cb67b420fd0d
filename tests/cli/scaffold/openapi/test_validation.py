"""Violations that a validation library finds in a description, and the parts that it does not get."""

import logging
from typing import Any

import pytest
from small_descriptions import ROW, describe, get, query, read

from gfplug.scaffold.openapi import validation


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_valid_description_has_no_violations(version: str) -> None:
    """Both versions are tried."""
    value = describe({"/a": get({"$ref": "#/components/schemas/Row"})}, schemas={"Row": ROW}, openapi=version)

    assert read(value).violations == ()


def test_violations_have_a_place_and_an_operation() -> None:
    """They remove nothing from the data source."""
    value = describe({"/a": get(parameters=[query("a", explode="yes")]), "/b": get(deprecated="no")})
    source = read(value)

    assert [query.path for query in source.operations] == ["/a", "/b"]
    assert {(violation.place.split("/get")[0], violation.operation) for violation in source.violations or ()} == {
        ("/paths/~1a", "GET /a"),
        ("/paths/~1b", "GET /b"),
    }
    assert all(violation.sentence and len(violation.sentence) <= 200 for violation in source.violations or ())


def test_only_chosen_operations_and_their_components_are_validated() -> None:
    """The rest of a large description takes no time."""
    schemas = {"Good": {"properties": {"a": {"$ref": "#/components/schemas/Row"}}}, "Row": ROW, "Bad": {"type": 7}}
    value = describe(
        {"/a": get({"$ref": "#/components/schemas/Good"}), "/b": get({"$ref": "#/components/schemas/Bad"})},
        schemas=schemas,
    )

    assert read(value, operations=["GET /a"]).violations == ()
    assert [violation.place for violation in read(value).violations or ()] != []


def test_external_references_are_not_followed() -> None:
    """Neither a server nor a file is read."""
    value = describe(
        {"/a": get({"properties": {"a": {"$ref": "https://127.0.0.1:1/x.json"}, "b": {"$ref": "/etc/x"}}})}
    )
    source = read(value)

    assert source.violations == ()
    assert len(source.left_out) == 2


def test_swagger_is_validated() -> None:
    """It has its own rules."""
    node: dict[str, Any] = {"get": {"responses": {"200": {"description": "ok", "schema": ROW}}, "consumes": 7}}
    value = {"swagger": "2.0", "info": {"title": "Shop", "version": "1"}, "paths": {"/a": node}}

    assert [violation.place for violation in read(value).violations or ()] == ["/paths/~1a/get/consumes"]


def test_a_description_is_read_without_the_validation_library(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message says how to install the library."""
    monkeypatch.setattr(validation, "find_spec", lambda _name: None)
    with caplog.at_level(logging.WARNING, logger="gfplug"):
        source = read(describe({"/a": get()}))

    assert source.violations is None
    assert "pip install 'gfplug[openapi]'" in caplog.text
