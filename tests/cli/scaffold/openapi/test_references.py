"""References within a file, to files beside it, and nowhere else."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from small_descriptions import ROW, columns, describe, get, operation, query, read, reasons

from gfplug.scaffold.openapi import description, stored_model
from gfplug.scaffold.openapi.model import DataSource

LIST = {"type": "array", "items": {"$ref": "schemas/user.yaml#/User"}}


def write(folder: Path, files: dict[str, Any]) -> str:
    """Write files, values as JSON, and return the path of the first."""
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(folder / next(iter(files)))


def test_references_to_every_kind_of_part_are_read() -> None:
    """These are a path, a parameter, a response, a schema, a body and an example."""
    value = describe({"/a": {"$ref": "#/components/pathItems/a"}})
    value["components"] = {
        "pathItems": {
            "a": {"get": {"parameters": [{"$ref": "#/components/parameters/p"}], "responses": {"200": {"$ref": "#/x"}}}}
        },
        "parameters": {"p": query("p", {"$ref": "#/components/schemas/n"})},
        "schemas": {"n": {"$ref": "#/components/schemas/m"}, "m": {"type": "integer"}, "row": ROW},
    }
    value["x"] = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/row"}}}}
    endpoint = operation(value)

    assert [(parameter.name, parameter.type.kind) for parameter in endpoint.parameters] == [("p", "integer")]
    assert columns(endpoint) == {"id": ("integer", ""), "name": ("string", "")}


def test_pointers_are_unescaped() -> None:
    """They have slashes, tildes and percent signs."""
    value = describe({"/a/{id}": get(), "/b": {"$ref": "#/paths/~1a~1%7Bid%7D"}})

    assert [query.path for query in read(value).operations] == ["/a/{id}", "/b"]


def test_files_beside_a_description_are_read(tmp_path: Path) -> None:
    """A reference is relative to the file that it is in."""
    main = write(
        tmp_path,
        {
            "api.json": describe({"/users": get(LIST)}),
            "schemas/user.yaml": "User: {properties: {id: {$ref: 'ids.json#/Id'}, main: {$ref: '../api.json#/info'}}}",
            "schemas/ids.json": {"Id": {"type": "integer"}},
        },
    )
    (endpoint,) = description.read(main).operations

    assert columns(endpoint) == {"id": ("integer", ""), "main": ("json", "")}


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("../outside.json", "leaves the description's folder"),
        ("/etc/hostname", "leaves the description's folder"),
        ("link.json", "leaves the description's folder"),
        ("file:///etc/hostname", "is not to a .json, .yaml or .yml file"),
        (".docker/config.json", "is not to a .json, .yaml or .yml file"),
        ("notes.txt", "is not to a .json, .yaml or .yml file"),
        ("https://other.example/a.json", "is a URL, but the description is a file"),
        ("gone.json", "does not exist"),
        ("broken.json", "is not valid JSON"),
        (".", "is not to a .json, .yaml or .yml file"),
        ("a\0b", "leaves the description's folder"),
        ("#/gone", "has no target"),
        ("#gone", "is not a JSON pointer"),
        ("#/%ff", "is not a JSON pointer"),
        ("#/x/a", "is circular"),
    ],
)
def test_a_broken_reference_omits_only_its_operation(tmp_path: Path, reference: str, reason: str) -> None:
    """The omission has a place and a reason."""
    inside = tmp_path / "inside"
    circle = {"a": {"$ref": "#/x/b"}, "b": {"$ref": "#/x/a"}}
    bad = {"get": {"responses": {"200": {"$ref": reference}}}}
    main = write(inside, {"api.json": describe({"/bad": bad, "/good": get()}, x=circle), "broken.json": "{]"})
    (tmp_path / "outside.json").write_text("{}", encoding="utf-8")
    (inside / "link.json").symlink_to(tmp_path / "outside.json")
    source = description.read(main)

    assert [query.path for query in source.operations] == ["/good"]
    assert [omission.kind for omission in source.left_out] == ["flawed"]
    assert reason in source.left_out[0].reason
    assert source.left_out[0].place in ("/paths/~1bad/get/responses/200", "/x/a", "/x/b")


def test_a_cycle_of_schemas_is_read() -> None:
    """A schema of only references allows anything."""
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    value = describe({"/a": get({"$ref": "#/components/schemas/A"})}, schemas=schemas)

    assert columns(operation(value)) == {"value": ("json", "")}
    assert reasons(value) == []


@contextmanager
def serve(files: dict[str, Any], credentials: list[str] | None = None) -> Iterator[str]:
    """Serve files on this machine."""
    texts = {f"/{name}": json.dumps(value).encode() for name, value in files.items()}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if credentials is not None:
                credentials.append(self.headers.get("Authorization", ""))
            self.send_response(200 if self.path in texts else 404)
            self.end_headers()
            self.wfile.write(texts.get(self.path, b""))

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def of_server(main: Any, **files: Any) -> DataSource:
    """Read a description from a server."""
    with serve({"v1/api.json": main, **{f"v1/{name}.json": value for name, value in files.items()}}) as address:
        return description.read(f"{address}/v1/api.json")


def test_a_description_is_read_from_a_server() -> None:
    """It may have files of the same server, and servers relative to it."""
    main = describe({"/a": get({"$ref": "row.json"})}, servers=[{"url": "../v2"}])
    source = of_server(main, row=ROW)

    assert columns(source.operations[0]) == {"id": ("integer", ""), "name": ("string", "")}
    assert source.base_urls[0].url.endswith("/v2")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("https://other.example/a.json", "is to another server"),
        ("//other.example/a.json", "is to another server"),
        ("file:///etc/hostname", "is to another server"),
        ("gone.json", "answered 404"),
        ("http://[", "leaves the description's folder"),
    ],
)
def test_a_reference_to_another_server_is_not_followed(reference: str, reason: str) -> None:
    """An untrusted description sends no request elsewhere."""
    source = of_server(describe({"/bad": {"get": {"responses": {"200": {"$ref": reference}}}}, "/good": get()}))

    assert [query.path for query in source.operations] == ["/good"]
    assert reason in source.left_out[0].reason


def test_credentials_of_an_address_are_sent_only_to_its_server(caplog: pytest.LogCaptureFixture) -> None:
    """Each request has them; the stored model and the log do not."""
    credentials: list[str] = []
    main = describe(
        {"/a": get({"$ref": "row.json"}), "/b": {"$ref": "paths/b.json"}, "/c": get({"$ref": "gone.json"})},
        servers=[{"url": "../v2"}, {"url": "//{x}"}],
    )
    files = {"v1/api.json": main, "v1/row.json": ROW, "v1/paths/b.json": get()}
    with serve(files, credentials) as address, caplog.at_level("DEBUG"):
        source = description.read(address.replace("//", "//me:s3cret@") + "/v1/api.json")

    content = stored_model.encode(stored_model.StoredModel(source)).decode()
    assert len(credentials) == 4
    assert set(credentials) == {"Basic " + base64.b64encode(b"me:s3cret").decode()}
    assert [query.path for query in source.operations] == ["/a", "/b"]
    assert source.base_urls[0].url == f"{address}/v2"
    assert "paths/b.json" in content
    assert "s3cret" not in content + repr(source) + caplog.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{%s, "paths": {"/a": {"get": OP}, "/b": {"get": OP}, "/a": {"post": {}}}}', "the key '/a' appears twice"),
        (
            "{%s, paths: {\n/a: {get: OP},\n/b: {get: OP},\n/a: {post: {}}}}",
            "the key '/a' of line 2 appears again at line 4",
        ),
    ],
)
def test_the_first_of_two_equal_keys_counts(tmp_path: Path, text: str, sentence: str) -> None:
    """A remark says so, for JSON and YAML."""
    operation = json.dumps(get()["get"])
    top = '"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}'
    path = tmp_path / "api.yaml"
    path.write_text(text.replace("OP", operation) % top, encoding="utf-8")

    source = description.read(str(path))

    assert [query.path for query in source.operations] == ["/a", "/b"]
    assert [(omission.kind, omission.reason) for omission in source.left_out] == [
        ("flawed", f"{path}: {sentence}: the first value is used")
    ]
