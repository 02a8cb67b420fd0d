"""gfplug.lock: reading gives the written values, and errors name the broken part."""

from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from small_project import LOCK

from gfplug import __version__
from gfplug.errors import ProjectError
from gfplug.project import lock


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The loaded lock equals the stored one."""
    path = tmp_path / lock.LOCK_NAME
    lock.write(path, LOCK)

    assert lock.read(path) == LOCK


def test_equal_locks_are_equal_bytes(tmp_path: Path) -> None:
    """Keys are sorted, so their order in a mapping does not matter; the file ends with a newline."""
    one, two = tmp_path / "one", tmp_path / "two"
    lock.write(one, LOCK)
    lock.write(two, lock.Lock.from_json(dict(reversed(LOCK.to_json().items()))))

    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes().endswith(b"}\n")


def _without(dotted: str) -> dict[str, Any]:
    lock_json = LOCK.to_json()
    *folders, last = dotted.split(".")
    del reduce(dict.__getitem__, folders, lock_json)[last]
    return lock_json


KEYS = "format sdk.version sdk.source proto.sha256 proto.descriptor tools floors owned template.version"


@pytest.mark.parametrize("key", KEYS.split())
def test_a_missing_key_is_named(key: str) -> None:
    """The error names the missing key."""
    with pytest.raises(ProjectError, match=key):
        lock.Lock.from_json(_without(key))


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        *(("owned", {"a": 1}, "owned"), ("tools", [], "tools"), ("format", "1", "format")),
        *(
            ("floors", floors, "is not a package and its version")
            for floors in ({"x; y": "1"}, {"grpcio": "1.0\n"}, {"grpcio": "\x1b[31m"}, {"": "1"}, {"grpcio": "new"})
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named(key: str, value: object, sentence: str) -> None:
    """The error names the key; floors are checked because they go into pyproject.toml."""
    with pytest.raises(ProjectError, match=sentence):
        lock.Lock.from_json({**LOCK.to_json(), key: value})


def test_a_lock_of_a_newer_gfplug_is_refused() -> None:
    """Its format or template is newer; the error has the required version."""
    for change in ({"format": 99}, {"template": {"version": "9.8.7"}}):
        with pytest.raises(ProjectError) as excinfo:
            lock.Lock.from_json({**LOCK.to_json(), "template": {"version": "9.8.7"}, **change})

        assert excinfo.value.message == f"this project needs gfplug 9.8.7 or newer, this is gfplug {__version__}"
        assert "README" in excinfo.value.hint
    with pytest.raises(ProjectError) as excinfo:
        lock.Lock.from_json({**LOCK.to_json(), "template": {"version": "9.8.7", "gfplug": "./vendor/gfplug-*.whl"}})
    assert excinfo.value.hint.endswith("in the project's folder, pip install ./vendor/gfplug-*.whl")


@pytest.mark.parametrize("text", ["", "<html>", "[]", '"text"', "[" * 100_000], ids=[*"abcd", "deeply nested"])
def test_a_broken_lock_is_a_project_error(tmp_path: Path, text: str) -> None:
    """The error names the problem with the file."""
    path = tmp_path / lock.LOCK_NAME
    path.write_text(text)

    with pytest.raises(ProjectError, match=lock.LOCK_NAME) as excinfo:
        lock.read(path)
    assert excinfo.value.hint == "restore it from version control"


def test_a_missing_lock_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """The hint names the command that creates a project."""
    with pytest.raises(ProjectError) as excinfo:
        lock.read(tmp_path / lock.LOCK_NAME)

    assert "gfplug new" in excinfo.value.hint
