"""A whole description: title and version, formats, servers, and limits of its texts."""

from pathlib import Path
from typing import Any

import pytest
from small_descriptions import answer, describe, get, operation, query, read

from gfplug.errors import FetchError, ProjectError
from gfplug.scaffold.openapi import description
from gfplug.scaffold.openapi.model import BaseUrl, UrlVariable


def test_the_description_has_title_version_and_text() -> None:
    """They are the API's title, version and description."""
    source = read(describe({"/a": get()}, info={"title": "Shop", "version": "2", "description": " All of it. "}))

    assert (source.title, source.version, source.description) == ("Shop", "2", "All of it.")
    assert read(describe({"/a": get()})) == read(describe({"/a": get()}))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "is not an API description"),
        ([], "is not an API description"),
        ("hello", "is not an API description"),
        (describe({"/a": get()}, openapi="2.0"), "is OpenAPI '2.0'"),
        ({"swagger": "1.2", "paths": {}}, "is Swagger '1.2'"),
        ({"openapi": ["3.0.0"]}, "is OpenAPI a list"),
        (describe({}), "has no operation that can be a query"),
        (describe({"/a": {"post": answer()}}), "has no operation that can be a query"),
        ("{", "is not valid"),
        ("a: [", "is not valid YAML"),
        ("a: &a [*a]", "is nested more than"),
    ],
)
def test_an_invalid_description_is_refused(value: Any, sentence: str) -> None:
    """The error is one sentence, also for a description without operations."""
    with pytest.raises(ProjectError, match=sentence):
        read(value)


def test_a_missing_or_too_large_file_is_an_error(tmp_path: Path) -> None:
    """A path that is not a file is an error, too."""
    with pytest.raises(FetchError, match="does not exist"):
        description.read(str(tmp_path / "api.yaml"))
    with pytest.raises(ProjectError, match="not a regular file"):
        description.read(str(tmp_path))
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(33 << 20)
    with pytest.raises(ProjectError, match="at most"):
        description.read(str(tmp_path / "large"))


def test_yaml_is_read_with_the_types_of_json(tmp_path: Path) -> None:
    """Keys may be numbers, times are texts, and aliases work."""
    (tmp_path / "api.yaml").write_text(
        """
openapi: 3.0.0
info: {title: Shop, version: 2024-01-01}
paths:
  /a:
    get:
      parameters:
        - {name: state, in: query, schema: {type: string, enum: [on, off, 01]}}
      responses:
        200: &ok
          description: ok
          content: {application/json: {schema: {type: array, items: {type: string}}}}
  /b: {get: {responses: {200: *ok}}}
""",
        encoding="utf-8",
    )
    source = description.read(str(tmp_path / "api.yaml"))

    assert (source.version, len(source.operations)) == ("2024-01-01", 2)
    assert source.operations[0].parameters[0].type.choices == ("on", "off", "01")


@pytest.mark.parametrize("version", ["openapi: 3.0", "openapi: 3.1", "swagger: 2.0", 'openapi: "3.1.0"'])
def test_numbers_of_yaml_are_plain_numbers(tmp_path: Path, version: str) -> None:
    """They are in versions, which should be texts, in limits and in defaults."""
    schema = "type: integer, default: 1_0, minimum: 01, maximum: 0x1F"
    (tmp_path / "api.yaml").write_text(
        f"""
{version}
info: {{title: 404, version: 1.10}}
paths:
  /a:
    get:
      operationId: 7
      parameters: [{{name: n, in: query, {schema}, schema: {{{schema}}}}}]
      responses:
        200: {{description: ok, schema: {{type: number}}, content: {{application/json: {{schema: {{type: number}}}}}}}}
""",
        encoding="utf-8",
    )
    source = description.read(str(tmp_path / "api.yaml"))
    (query,) = source.operations
    (parameter,) = query.parameters
    numbers = [parameter.default, parameter.type.minimum, parameter.type.maximum]

    assert (source.title, source.version, query.name, query.identifier) == ("404", "1.10", "7", "operation_7")
    assert numbers == [10, 1, 31]
    assert [type(number) for number in numbers] == [int, int, int]


def test_servers_are_base_urls() -> None:
    """Variables are filled in; an address that is not http is left out."""
    servers = [
        {"url": "https://{region}.shop.example/v1/", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}},
        {"url": "wss://shop.example"},
        {"url": "https://user:secret@shop.example"},
        {"url": "https://{gone}.shop.example"},
        {"url": "javascript:alert(1)"},
    ]
    source = read(describe({"/a": get()}, servers=servers))

    assert source.base_urls == (
        BaseUrl(
            template="https://{region}.shop.example/v1",
            url="https://eu.shop.example/v1",
            variables=(UrlVariable(name="region", identifier="region", default="eu", choices=("eu", "us")),),
        ),
    )
    assert [omission.place for omission in source.left_out] == [f"/servers/{number}" for number in range(1, 5)]


def test_a_relative_server_is_appended_to_the_url_of_the_user() -> None:
    """A description in a file has no address."""
    source = read(describe({"/a": get()}, servers=[{"url": "/api/v3"}]))

    assert (source.base_urls, source.base_path) == ((), "/api/v3")


def test_an_operation_can_have_its_own_servers() -> None:
    """They are given by the operation or its path."""
    own = [{"url": "https://search.example"}]
    source = read(describe({"/a": get(servers=own), "/b": {**get(), "servers": own}, "/c": get()}))

    assert [[url.url for url in query.base_urls] for query in source.operations] == [
        ["https://search.example"],
        ["https://search.example"],
        [],
    ]


def test_texts_of_a_description_are_limited() -> None:
    """They may have any length."""
    node = get(summary="s" * 9999, description="d" * 9999, operationId="o" * 9999, parameters=[query("p" * 150)])
    endpoint = operation(describe({"/a": node}))

    assert (len(endpoint.summary), len(endpoint.description), len(endpoint.name)) == (200, 2000, 200)
    assert len(endpoint.identifier) <= 60
    assert len(endpoint.parameters[0].identifier) <= 60
