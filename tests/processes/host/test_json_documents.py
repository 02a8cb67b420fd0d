"""`docs/json.md` is correct: the output of `gfplug call --json` has exactly the listed keys and types."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from host_fake import CONVERT, HEALTH, MUTATE, QUERY, RESOURCE, RUN, SUBSCRIBE, VALIDATE, a_frame

from gfplug.cli import main
from gfplug.commands.call import app

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from host_fake import Fake

PAGE = Path(__file__).parents[3] / "docs" / "json.md"
CHUNKED = "/pluginv2.Data/QueryChunkedData"
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "true or false": (bool,),
    "object": (dict,),
    "list": (list,),
    "null": (type(None),),
    "anything": (object,),
}
REFUSAL = {"status": "Failure", "message": "no table", "reason": "Invalid", "code": 422}
FAILED = {"status": 502, "error": "upstream is down", "errorSource": "downstream"}
SUCCESS = {"uid": "gfplug", "result": {"status": "Success"}}


@dataclass(frozen=True)
class Key:
    """A row of a table."""

    path: str
    types: tuple[type, ...]
    is_optional: bool

    @classmethod
    def of(cls, path: str, text: str) -> Key:
        """Read a row."""
        words = text.removesuffix(", optional")
        names = [words] if words in TYPES else re.split(r", | or ", words)
        return cls(path, tuple(kind for name in names for kind in TYPES[name]), text.endswith(", optional"))


def tables() -> dict[str, list[Key]]:
    """Read the page: a command → the rows of its table."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: [
            Key.of(*row) for row in re.findall(r"^\| `(\S+)` \| ([^|]+) \|", section, re.MULTILINE)
        ]
        for section in sections
    }


TABLES = tables()


def look(document: object, keys: Sequence[Key], path: str = "") -> Iterator[str]:
    """Yield each documented path of a document; fail if a path is missing, undocumented or of another type."""
    own = next((key for key in keys if key.path == path), None)
    if own:
        is_right = isinstance(document, own.types) and (bool in own.types or not isinstance(document, bool))
        assert is_right or object in own.types, f"{path} is {document!r}"
        yield path
    below = [key for key in keys if re.match(rf"{re.escape(path)}(\[\]|\.|$)" if path else "", key.path) and key != own]
    if not below or document is None:
        return
    if isinstance(document, list):
        for item in document:
            yield from look(item, keys, f"{path}[]")
    else:
        assert isinstance(document, dict), path
        prefix = f"{path}." if path else ""
        names = {re.split(r"[.\[]", key.path[len(prefix) :])[0] for key in below if key.path.startswith(prefix)}
        if names != {"*"}:
            assert set(document) <= names, f"{path}: {sorted(set(document) - names)} is not documented"
            required = {name for name in names if not any(k.is_optional for k in keys if k.path == prefix + name)}
            assert required <= set(document), f"{path}: {sorted(required - set(document))} is missing"
        for name, value in document.items():
            yield from look(value, keys, prefix + ("*" if names == {"*"} else name))


def documents(fake: Fake, capsys: pytest.CaptureFixture[str], words: Sequence[str], **answers: Any) -> list[Any]:
    """Call a plugin with these answers; read the output, which is one document or one in each line."""
    if not (fake.folder / "dist").exists():
        fake.dist()
    plan = {method: fake.says(method, *(values if isinstance(values, list) else [values]))[method]
            for method, values in answers.items()}  # fmt: skip
    fake.target(answers=plan)
    assert main(["call", *words, "--json"]) in (0, 6)
    out = capsys.readouterr().out
    return [json.loads(line) for line in out.splitlines()] if words[0] in ("chunked", "stream") else [json.loads(out)]


@pytest.fixture
def samples(fake: Fake, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> dict[str, list[Any]]:
    """Return outputs of each command: for successful, failed and binary answers."""
    dist, frame, binary = str(fake.folder / "dist"), a_frame(), b"\x00\xff"
    admission, conversion = tmp_path / "admission.json", tmp_path / "conversion.json"
    admission.write_text('{"object": {}}')
    conversion.write_text('{"objects": [{}, {}]}')

    def ask(*words: str, **answers: Any) -> list[Any]:
        return documents(fake, capsys, [*words, dist], **answers)

    def query(response: dict[str, Any], *words: str) -> list[Any]:
        return ask("query", *words, **{QUERY: {"responses": {"A": response}}})

    good = {"status": 200, "frames": [frame]}
    parts = [{"refId": "A", "frameId": "0", "status": 200, "frame": frame}, {"refId": "A", "frame": frame, **FAILED}]
    raw = [{"raw": content, "content_type": "application/json"} for content in (b"{}", binary)]
    return {
        "health": ask("health", **{HEALTH: {"status": 1, "message": "fine", "jsonDetails": b'{"a": [1]}'}}),
        "query": query(good) + query({**FAILED, "frames": [frame]}),
        "query --alert, query --when": [
            *query(good, "--when", "last > 5"),
            *query({"status": 200}, "--when", "last > 5"),
            *query(good, "--when", "> 5"),
        ],
        "chunked": ask("chunked", **{CHUNKED: parts}),
        "resource": [
            document
            for body in (b"[1]", b"words", binary)
            for document in ask("resource", "x", **{RESOURCE: {"code": 200, "body": body}})
        ],
        "stream": ask("stream", "x", "--count", "1", **{SUBSCRIBE: {"data": b'{"a": 1}'}, RUN: {"data": b"[1]"}}),
        "validate": [
            *ask("validate", str(admission), **{VALIDATE: {"allowed": True, "warnings": ["old"]}}),
            *ask("validate", str(admission), **{VALIDATE: {"result": REFUSAL}}),
        ],
        "mutate": [
            document
            for answer in (
                {"allowed": True, "object_bytes": b"{}"},
                {"allowed": True, "object_bytes": binary},
                {"result": REFUSAL},
            )
            for document in ask("mutate", str(admission), **{MUTATE: answer})
        ],
        "convert": [
            *ask("convert", str(conversion), **{CONVERT: {**SUCCESS, "objects": raw}}),
            *ask("convert", str(conversion), **{CONVERT: {"uid": "gfplug", "result": REFUSAL}}),
        ],
    }


def test_printed_json_matches_the_documentation(samples: dict[str, list[Any]]) -> None:
    """The page has every key with its type, and each documented key is in one of the samples."""
    assert samples.keys() == TABLES.keys()
    for command, keys in TABLES.items():
        paths = {path for document in samples[command] for path in look(document, keys)}
        documented = {key.path for key in keys}

        assert samples[command]
        assert documented == paths, command


def test_every_call_has_its_section() -> None:
    """A new command needs a table."""
    names = {each.name for each in app.registered_commands}

    assert {title.split()[0] for title in TABLES} == names


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"status": "OK", "message": ""}, "missing"),
        ({"status": "OK", "message": "", "details": {}, "more": 1}, "not documented"),
        ({"status": 1, "message": "", "details": {}}, "status is 1"),
        ({"status": "OK", "message": "", "details": []}, "details is"),
    ],
)
def test_a_difference_between_documentation_and_output_is_detected(document: object, problem: str) -> None:
    """The document lacks a key, has an extra key, or a value of another type."""
    with pytest.raises(AssertionError, match=problem):
        list(look(document, TABLES["health"]))
