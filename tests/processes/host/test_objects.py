"""`gfplug call validate`, `mutate` and `convert`, against a fake plugin in a dist folder."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from host_fake import CONVERT, MUTATE, VALIDATE

from gfplug.cli import main
from gfplug.errors import ToolError
from gfplug.host.messages import protocol

if TYPE_CHECKING:
    from pathlib import Path

    from host_fake import Fake

KIND = {"group": "acme.grafana.app", "version": "v1", "kind": "Query"}
REFUSAL = {"status": "Failure", "message": "a query needs a table", "reason": "Invalid", "code": 422}


def write(folder: Path, document: object) -> str:
    """Write a request's file."""
    path = folder / "request.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return str(path)


def test_an_object_is_sent_as_it_is_written(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plugin gets its operation, its kind, both its states, and the data source's settings."""
    dist = fake.dist(answers=fake.says(VALIDATE, {"allowed": True, "warnings": ["old field"]}))
    document = {"operation": "update", "kind": KIND, "object": {"table": "Käufe"}, "oldObject": {"table": "sales"}}

    code = main(["call", "validate", write(tmp_path, document), dist, "--option", "region=eu"])
    out, err = capsys.readouterr()
    request = fake.request(VALIDATE)

    assert (code, out) == (0, "allowed\n")
    assert "warning: old field" in err
    assert request.operation == 1
    assert (request.kind.group, request.kind.version, request.kind.kind) == tuple(KIND.values())
    assert json.loads(request.object_bytes) == {"table": "Käufe"}
    assert json.loads(request.old_object_bytes) == {"table": "sales"}
    assert json.loads(request.pluginContext.dataSourceInstanceSettings.jsonData) == {"region": "eu"}


def test_a_request_before_there_is_a_data_source_has_no_settings(fake: Fake, tmp_path: Path) -> None:
    """Grafana validates an object before the data source exists."""
    dist = fake.dist(answers=fake.says(VALIDATE, {"allowed": True}))

    assert main(["call", "validate", write(tmp_path, {"object": {}}), dist, "--no-data-source"]) == 0
    assert not fake.request(VALIDATE).pluginContext.HasField("dataSourceInstanceSettings")
    assert fake.request(VALIDATE).pluginContext.pluginId == "acme-fake-datasource"


def test_a_refusal_exits_with_6_and_says_why(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stdout has one word, or the whole answer as JSON; stderr has the reason."""
    dist, file = fake.dist(answers=fake.says(VALIDATE, {"result": REFUSAL})), write(tmp_path, {"object": {}})

    assert main(["call", "validate", file, dist]) == 6
    out, err = capsys.readouterr()
    assert out == "refused\n"
    assert "the plugin refuses the object: a query needs a table (422 Invalid)" in err
    assert main(["call", "validate", file, dist, "--json"]) == 6
    assert json.loads(capsys.readouterr().out) == {"allowed": False, "warnings": [], "result": REFUSAL}


@pytest.mark.parametrize(
    ("content", "printed", "as_json"),
    [
        (b'{"table":"sales"}', '{\n  "table": "sales"\n}\n', {"object": {"table": "sales"}}),
        (b"\x00\xff", "AP8=\n", {"objectBase64": "AP8="}),
    ],
)
def test_the_object_to_store_is_printed(  # noqa: PLR0917  # a table
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, printed: str, as_json: Any
) -> None:
    """JSON is printed readably, other bytes, such as a data source's settings, in base64."""
    dist = fake.dist(answers=fake.says(MUTATE, {"allowed": True, "object_bytes": content}))
    file = write(tmp_path, {"objectBytes": base64.b64encode(b"\x08\x01").decode()})

    assert main(["call", "mutate", file, dist]) == 0
    assert capsys.readouterr().out == printed
    assert fake.request(MUTATE).object_bytes == b"\x08\x01"
    assert main(["call", "mutate", file, dist, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"allowed": True, "warnings": [], "result": None, **as_json}


def test_converted_objects_are_printed_in_their_order(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each object was sent as JSON, with the version to convert to."""
    objects = [{"raw": b'{"n":1}', "content_type": "application/json"}, {"raw": b'{"n":2}', "content_type": "x"}]
    dist = fake.dist(answers=fake.says(CONVERT, {"uid": "u", "result": {"status": "Success"}, "objects": objects}))
    target = {"group": "acme", "version": "v2"}
    file = write(tmp_path, {"uid": "u", "targetVersion": target, "objects": [{"a": 1}, {"a": 2}]})

    assert main(["call", "convert", file, dist]) == 0
    assert capsys.readouterr().out == '{\n  "n": 1\n}\n{\n  "n": 2\n}\n'
    request = fake.request(CONVERT)
    assert (request.target_version.group, request.target_version.version) == ("acme", "v2")
    assert [(json.loads(each.raw), each.content_type) for each in request.objects] == [
        ({"a": 1}, "application/json"),
        ({"a": 2}, "application/json"),
    ]
    assert main(["call", "convert", file, dist, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "uid": "u",
        "result": {"status": "Success", "message": "", "reason": "", "code": 0},
        "objects": [
            {"contentType": "application/json", "object": {"n": 1}},
            {"contentType": "x", "object": {"n": 2}},
        ],
    }


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"uid": "gfplug", "result": REFUSAL}, "did not convert the objects: a query needs a table (422 Invalid)"),
        ({"uid": "other", "result": {"status": "Success"}}, "answered the request 'other', expected 'gfplug'"),
        ({"uid": "gfplug", "result": {"status": "Success"}}, "received 1 objects, but returned 0"),
    ],
)
def test_a_conversion_that_grafana_could_not_use_exits_with_6(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: dict[str, Any], sentence: str
) -> None:
    """The answer is a failure, has another request's id, or has too few objects."""
    dist = fake.dist(answers=fake.says(CONVERT, answer))

    assert main(["call", "convert", write(tmp_path, {"objects": [{}]}), dist]) == 6
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("command", ["validate", "mutate", "convert"])
def test_the_error_for_a_plugin_without_the_method_names_the_method(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """It is the name in the author's class."""
    document: object = {"objects": [{}]} if command == "convert" else {"object": {}}
    name = "convert_objects" if command == "convert" else f"{command}_admission"

    assert main(["call", command, write(tmp_path, document), fake.dist(answers={})]) == 6
    assert f"the data source has no method `{name}`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "document", "sentence"),
    [
        ("validate", "nope", "is not JSON"),
        ("validate", [], "is not a JSON object"),
        ("validate", {"object": {}, "objectt": {}}, "the request has no key 'objectt'"),
        ("validate", {"kind": KIND}, "the request has no object"),
        ("validate", {"object": {}, "operation": "CONNECT"}, "got 'CONNECT'"),
        ("validate", {"object": {}, "operation": 1}, "got 1"),
        ("validate", {"object": {}, "objectBytes": "AA=="}, "both object and objectBytes"),
        ("validate", {"objectBytes": "?"}, "objectBytes is not base64"),
        ("validate", {"objectBytes": 7}, "objectBytes is not base64"),
        ("validate", {"object": {}, "kind": {"kind": 7}}, "kind is not an object of texts"),
        ("validate", {"object": {}, "kind": {"name": "x"}}, "kind has no key 'name'"),
        ("convert", {"objects": []}, "objects is not a list"),
        ("convert", {"objects": [{}], "uid": 7}, "uid is 7, not a text"),
        ("convert", {"objects": [{}], "targetVersion": "v2"}, "targetVersion is not an object of texts"),
    ],
)
def test_a_request_that_can_not_be_read_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, document: Any, sentence: str
) -> None:
    """The error comes before anything is started."""
    assert main(["call", command, write(tmp_path, document), str(tmp_path / "nothing")]) == 2
    assert sentence in capsys.readouterr().err


def test_an_older_sdk_release_has_no_conversion(fake: Fake) -> None:
    """The error names the service, without a traceback."""
    older = fake.proto.replace(b"service ResourceConversion", b"service Other")
    with pytest.raises(ToolError, match=r"has no ResourceConversion\.ConvertObjects"):
        protocol(older).method("ResourceConversion", "ConvertObjects")
