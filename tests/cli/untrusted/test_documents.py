"""Untrusted documents are read with limits, or refused with one error."""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Callable

READERS: dict[str, Callable[[Path], object]] = {
    "bytes": documents.read_bytes,
    "text": documents.read_text,
    "json": documents.read_json,
    "toml": documents.read_toml,
    "yaml": documents.read_yaml,
}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Callable[[Path], object]:
    """Return each way to read a document."""
    return READERS[request.param]


def test_documents_of_each_format_are_read(tmp_path: Path) -> None:
    """Each has its format, with the line ends of any system."""
    path = tmp_path / "x"
    path.write_bytes(b'{"a": [1,\r\n 2]}')

    assert documents.read_text(path) == '{"a": [1,\n 2]}'
    assert documents.read_json(path) == documents.read_yaml(path) == {"a": [1, 2]}
    path.write_bytes(b"[a]\r\nb = 1\r\n")
    assert documents.read_toml(path) == {"a": {"b": 1}}


def test_a_large_document_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """Its size is checked before it is read."""
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(documents.MAX_BYTES + 1)

    with pytest.raises(ProjectError, match="16,777,217 bytes; gfplug reads at most 1"):
        read(path)


def test_a_high_limit_reserves_no_memory(tmp_path: Path) -> None:
    """A small file with a limit of 4 GB takes kilobytes; on Windows, reserved memory is lost to other programs."""
    path = tmp_path / "small"
    path.write_bytes(b"x" * 1000)
    tracemalloc.start()
    try:
        content = documents.read_bytes(path, most=0xFFFFFFFF)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(content) == 1000
    assert peak < 1 << 20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a file that has more than it says")
def test_a_file_of_unknown_size_is_read_whole() -> None:
    """Its size is 0 although it has content; the limit still holds."""
    assert b"\nThreads:" in documents.read_bytes(Path("/proc/self/status"))
    with pytest.raises(ProjectError, match="has more than 100 bytes"):
        documents.read_bytes(Path("/proc/self/status"), most=100)


@pytest.mark.shows("errors: a FIFO")
@pytest.mark.skipif(os.name != "posix", reason="FIFOs and devices of POSIX")
@pytest.mark.parametrize("kind", ["fifo", "device", "endless device", "folder", "link to a device"])
def test_a_path_that_is_not_a_regular_file_is_refused(
    tmp_path: Path, read: Callable[[Path], object], kind: str
) -> None:
    """A FIFO, an endless device and a folder fill no memory."""
    path = tmp_path / "x"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"device": "/dev/null"}.get(kind, "/dev/zero"))
    began = time.monotonic()

    with pytest.raises(ProjectError, match="not a regular file"):
        read(path)
    assert time.monotonic() - began < 1


def test_a_missing_document_has_its_own_error(tmp_path: Path) -> None:
    """The caller decides what it means; the JSON reader has a hint."""
    with pytest.raises(FileNotFoundError):
        documents.read_text(tmp_path / "none")
    with pytest.raises(ProjectError, match="does not exist"):
        documents.read_json(tmp_path / "none")


def test_text_must_be_utf_8(tmp_path: Path) -> None:
    """The error has the place of other bytes."""
    (tmp_path / "x").write_bytes(b"ab\xff")

    with pytest.raises(ProjectError, match="not UTF-8: invalid start byte at byte 2"):
        documents.read_text(tmp_path / "x")


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[" * 101 + "]" * 101, '{"a":' * 100_000, '{"a":' * 101 + "1" + "}" * 101, "1" * 5000, "{", "[1,]"],
)
def test_invalid_and_deep_json_is_one_error(tmp_path: Path, text: str) -> None:
    """It may have any depth, and numbers of any length."""
    (tmp_path / "x").write_text(text)

    with pytest.raises(ProjectError, match="is not valid JSON"):
        documents.read_json(tmp_path / "x")


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 101 + "]" * 101,
        "a = " + "{b=" * 5_000,
        ".".join("a" * 3_000) + " = 1",
        "[" + ".".join("a" * 200) + "]",
        "a = " + "1" * 5000,
        "a",
    ],
)
def test_invalid_and_deep_toml_is_one_error(tmp_path: Path, text: str) -> None:
    """Arrays, inline tables, dotted keys and headers are tried."""
    (tmp_path / "x").write_text(text)

    with pytest.raises(ProjectError, match="is not valid TOML"):
        documents.read_toml(tmp_path / "x")


@pytest.mark.parametrize("text", ["NaN", '{"a": NaN}', "[-Infinity]", "[1e999]", "Infinity"])
def test_a_number_outside_json_is_refused(tmp_path: Path, text: str) -> None:
    """Python would read it, and write it in a form that Go refuses."""
    (tmp_path / "x").write_text(text)

    with pytest.raises(ProjectError, match="is not valid JSON: it contains"):
        documents.read_json(tmp_path / "x")


def test_a_long_json_document_is_read(tmp_path: Path) -> None:
    """Only its depth is limited, since a frame may have many rows."""
    (tmp_path / "x").write_text(f"[{'1,' * 1_000_001}1]")

    assert len(documents.read_json(tmp_path / "x")) == 1_000_002


def test_yaml_has_the_types_of_json(tmp_path: Path) -> None:
    """A date is a text."""
    path = tmp_path / "x"
    path.write_text("a: 2026-01-31\nb: 2026-01-31 12:00:00\nc: [1, 1.5, yes, null, x]\n2026-01-31: {}\n")

    assert documents.read_yaml(path) == {
        "a": "2026-01-31",
        "b": "2026-01-31 12:00:00",
        "c": [1, 1.5, "yes", None, "x"],
        "2026-01-31": {},
    }


@pytest.mark.parametrize(
    "text", ["a: !!binary '!'", "a: !!binary /w==", "a: .nan", "a: -.inf", "a: !own b", "a: !!python/tuple [b]"]
)
def test_yaml_outside_json_is_refused(tmp_path: Path, text: str) -> None:
    """The error is one line with the file's name."""
    (tmp_path / "x").write_text(text)

    with pytest.raises(ProjectError, match="is not valid YAML") as excinfo:
        documents.read_yaml(tmp_path / "x")
    assert excinfo.value.message.isprintable()


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 5_000, marks=pytest.mark.slow),
        "[" * 101 + "]" * 101,
        "&a [*a]",
        "&a {b: *a}",
        LAUGHS,
        "a: !!python/object/apply:os.system [x]",
        "{",
    ],
    ids=["deep", "a hundred and one", "a list in itself", "a mapping in itself", "aliases", "an object", "cut"],
)
def test_invalid_and_deep_yaml_is_one_error(tmp_path: Path, text: str) -> None:
    """It has depth, cycles, multiplying aliases, or tags that run code."""
    (tmp_path / "x").write_text(text)
    began = time.process_time()

    with pytest.raises(ProjectError, match="is not valid YAML"):
        documents.read_yaml(tmp_path / "x")
    assert time.process_time() - began < 5
