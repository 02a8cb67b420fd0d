"""Runs of protoc: generated code, refused protos, and the same bytes for the same input."""

from __future__ import annotations

import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from commands import run

from gfplug import files, process, sdk
from gfplug.errors import IntegrityError, ToolError
from gfplug.sdk import ProtoSet, stubs

_HEAD = 'syntax = "proto3";\npackage pluginv2;\nmessage Empty {}\n'
_SERVICES = "".join(
    f"service {name} {{ rpc Ask(Empty) returns (Empty); }}\n" for name in ("Resource", "Data", "Stream")
)
_SMALL = f"{_HEAD}{_SERVICES}service Diagnostics {{ rpc Ask(Empty) returns (Empty); }}\n"


def _protos(text: str | bytes, *, descriptor: str | None = None) -> ProtoSet:
    content = text.encode() if isinstance(text, str) else text
    return ProtoSet(version=sdk.default(), text=content, source="file", descriptor=descriptor)


def _digest(text: str) -> str:
    return stubs.digest(stubs.describe(_protos(text)))


def test_the_package_is_complete(generated: stubs.Stubs) -> None:
    """It has code and types of the messages, and the proto itself."""
    names = ("__init__.py", "backend.proto", "backend_pb2.py", "backend_pb2.pyi")
    expected = {f"pluginv2/{name}" for name in names}

    assert set(generated.files) == expected
    assert generated.files["pluginv2/backend.proto"] == sdk.fetch(sdk.default(), offline=True).text


def test_the_embedded_proto_has_the_descriptor_digest_of_the_index(generated: stubs.Stubs) -> None:
    """The index has the descriptor digest of upstream's file; the embedded file compiles to the same descriptor."""
    assert generated.descriptor == sdk.fetch(sdk.default(), offline=True).descriptor


def test_generating_twice_gives_the_same_bytes(generated: stubs.Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash seed and the folder do not matter."""
    monkeypatch.setenv("PYTHONHASHSEED", "4711")

    assert stubs.generate(sdk.fetch(sdk.default(), offline=True)) == generated


def test_generated_files_contain_no_path_of_this_machine(generated: stubs.Stubs) -> None:
    """The files contain no temporary folder, no home folder, no carriage return."""
    for name, content in generated.files.items():
        assert b"gfplug-protoc-" not in content, name
        assert str(Path.home()).encode() not in content, name
        assert b"\r" not in content, name


@pytest.mark.shows('errors: protobuf: "gencode newer than runtime"')
def test_floors_are_those_in_the_generated_headers(generated: stubs.Stubs) -> None:
    """The generated code refuses older versions at import."""
    assert set(generated.floors) == {"grpcio", "protobuf"}
    assert generated.floors["grpcio"] == generated.tools["grpcio-tools"]
    major, minor, patch = generated.floors["protobuf"].split(".")
    validated = b"".join(generated.files["pluginv2/backend_pb2.py"].split())
    assert f"PUBLIC,{major},{minor},{patch},".encode() in validated


def test_tools_are_named_with_their_versions(generated: stubs.Stubs) -> None:
    """The lock compares them when the stubs are generated again."""
    assert set(generated.tools) == {"grpcio-tools", "mypy-protobuf", "gfplug-stubs"}
    assert all(version[0].isdigit() for version in generated.tools.values())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "does not declare the package pluginv2"),
        (b"<html><body>sign in</body></html>", "does not compile"),
        (_SMALL[:80].encode(), "does not compile"),
        (_SMALL.replace("Empty {}", "Empty { string a = 1; string b = 1; }").encode(), "does not compile"),
        (_SMALL.replace("Empty {}", "Empty { Nothing a = 1; }").encode(), "does not compile"),
        (_SMALL.replace("message", 'import "missing.proto";\nmessage', 1).encode(), "does not compile"),
        (_SMALL.replace("package pluginv2", "package other").encode(), "does not declare the package pluginv2"),
        (_HEAD.encode(), "lacks the services Data, Diagnostics, Resource, Stream"),
        ((_HEAD + _SERVICES).encode(), "lacks the services Diagnostics"),
        (bytes(100), "does not compile"),
    ],
)
def test_a_proto_that_is_not_the_plugin_protocol_is_refused(text: bytes, reason: str) -> None:
    """It is refused with or without an error of protoc, which accepts an empty file."""
    with pytest.raises(IntegrityError, match=reason):
        stubs.generate(_protos(text))


@pytest.mark.parametrize(
    "comment",
    [
        '// """\n// import os; os.mkdir("ran")\n// """',
        "// '''; import os; os.mkdir('ran') #",
        '/* \\"""\nimport os; os.mkdir("ran")\n""" */',
        "// \\",
    ],
)
@pytest.mark.parametrize("place", ["service Data", "rpc Ask", "message Empty", 'syntax = "proto3"'])
def test_a_comment_does_not_become_code(tmp_path: Path, comment: str, place: str) -> None:
    """Comments stay in the proto; the generated code has no comments, and its import runs none."""
    protos = _protos(_SMALL.replace(place, f"\n{comment}\n{place}", 1))
    package = stubs.generate(protos)
    files.write_tree(tmp_path, package.files)
    run(sys.executable, "-c", "import pluginv2.backend_pb2", cwd=tmp_path)

    assert not (tmp_path / "ran").exists()
    assert package.files["pluginv2/backend.proto"] == protos.text
    assert {name for name, content in package.files.items() if b"mkdir" in content} <= {"pluginv2/backend.proto"}


@pytest.mark.parametrize("name", ["import", "None", "class", "await"])
def test_code_that_python_cannot_import_is_refused(name: str) -> None:
    """A method or service with the name of a keyword passes protoc, but Python cannot compile its code."""
    with pytest.raises(IntegrityError, match="Python cannot import the code"):
        stubs.generate(_protos(_SMALL.replace("rpc Ask", f"rpc {name}", 1)))


def test_the_error_has_protocs_message() -> None:
    """The message has the line and the reason."""
    with pytest.raises(IntegrityError) as caught:
        stubs.generate(_protos(_SMALL.replace("Empty {}", "Empty { Nothing a = 1; }")))
    assert '"Nothing" is not defined' in caught.value.details
    assert "backend.proto:3" in caught.value.details


def test_a_descriptor_that_differs_from_the_index_is_refused() -> None:
    """The index knows the descriptor of each release."""
    with pytest.raises(IntegrityError, match="but the index has sha256:another"):
        stubs.generate(_protos(_SMALL, descriptor="sha256:another"))


def test_comments_options_and_layout_do_not_change_the_digest() -> None:
    """These are not part of the wire format."""
    commented = _SMALL.replace("message Empty {}", '// why\noption go_package = "./x";\n\nmessage Empty {\n}')

    assert _digest(commented) == _digest(_SMALL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Empty {}", "Empty { string a = 1; }"),
        ("Ask(Empty) returns (Empty)", "Ask(Empty) returns (stream Empty)"),
        ("rpc Ask", "rpc Tell"),
        ("message Empty", "message Other {}\nmessage Empty"),
    ],
)
def test_changes_of_the_wire_format_change_the_digest(old: str, new: str) -> None:
    """These are fields, streams, names and messages."""
    assert _digest(_SMALL.replace(old, new)) != _digest(_SMALL)


def test_imported_protos_do_not_change_the_digest() -> None:
    """Protobuf's files differ between its releases."""
    text = _SMALL.replace("message", 'import "google/protobuf/empty.proto";\nmessage', 1).replace(
        "Ask(Empty)", "Ask(google.protobuf.Empty)", 1
    )
    described = stubs.describe(_protos(text))

    assert [file.name for file in described.file] == ["google/protobuf/empty.proto", "pluginv2/backend.proto"]
    before = stubs.digest(described)
    described.file[0].message_type[0].name = "Changed"
    assert stubs.digest(described) == before


@pytest.mark.parametrize("name", ["a:b", "with blanks", "caf\u00e9", "a=b", "$HOME"])
def test_the_temporary_folder_may_have_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler splits its paths at colons, so it gets only relative paths."""
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    assert stubs.generate(_protos(_SMALL)).files["pluginv2/backend_pb2.py"]
    assert list(folder.iterdir()) == []


def test_line_ends_do_not_reach_the_code() -> None:
    """Carriage returns would be in docstrings; a fetched proto has none."""
    windows = sdk.normalise(b"\xef\xbb\xbf" + _SMALL.replace("\n", "\r\n").encode())

    assert stubs.generate(_protos(windows)).files == stubs.generate(_protos(_SMALL)).files


def test_a_missing_compiler_is_a_tool_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proto is not the cause, so the error is not an integrity error."""

    def no_module(*_: object, **__: object) -> str:
        raise ToolError("protoc failed with exit code 1", details="No module named grpc_tools")

    monkeypatch.setattr(process, "run", no_module)

    with pytest.raises(ToolError, match="protoc failed"):
        stubs.generate(_protos(_SMALL))


def test_a_missing_protoc_plugin_is_a_tool_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hint says what to install."""
    monkeypatch.setattr("importlib.metadata.files", lambda _: [])
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolError, match="protoc-gen-mypy was not found"):
        stubs._script("protoc-gen-mypy")


@pytest.mark.long
def test_the_stubs_pass_mypy_and_catch_wrong_types(generated: stubs.Stubs, tmp_path: Path) -> None:
    """They are strictly typed, so that a plugin's runtime is checked against the wire."""
    files.write_tree(tmp_path, generated.files)
    wrong = """
        from pluginv2 import backend_pb2

        backend_pb2.User(login=1)
    """
    (tmp_path / "wrong.py").write_text(textwrap.dedent(wrong))
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]

    clean = run(*command, "pluginv2", cwd=tmp_path)
    caught = run(*command, "wrong.py", cwd=tmp_path)

    assert "Success" in clean.out
    assert "[arg-type]" in caught.out
