"""The stored model of a description: enough to write its folder again, and checked like an untrusted file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_sources import HOSTILE, WEATHER

from gfplug.errors import ProjectError
from gfplug.scaffold.openapi import stored_model
from gfplug.scaffold.openapi.stored_model import StoredModel


@pytest.mark.parametrize("model", [StoredModel(WEATHER), StoredModel(HOSTILE, ("model",))], ids=["weather", "hostile"])
def test_a_stored_model_is_read_unchanged(model: StoredModel) -> None:
    """Each value and its type are equal."""
    assert stored_model.decode(stored_model.encode(model)) == model


def _set(value: Any, path: str, new: object) -> Any:
    *outer, last = path.split("/")
    inside = value
    for key in outer:
        inside = inside[int(key) if key.isdecimal() else key]
    inside[last] = new
    return value


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("format", 2),
        ("data_source", []),
        ("data_source/title", None),
        ("data_source/operations/0/method", "DELETE"),
        ("data_source/operations/0/unknown", 1),
        ("data_source/operations/0/parameters/0/type/kind", "date"),
        ("data_source/operations/0/parameters/0/type/is_list", 1),
        ("data_source/operations/0/response/columns", {}),
        ("data_source/operations/0/identifier", "x: import os"),
        ("data_source/operations/0/parameters/0/identifier", "class"),
        ("data_source/operations/0/pagination/parameter", "nothing"),
    ],
)
def test_a_stored_model_that_gfplug_did_not_write_is_refused(path: str, new: object) -> None:
    """A cloned project may have any file; the error names the file and the place."""
    value = _set(json.loads(stored_model.encode(StoredModel(WEATHER))), path, new)

    with pytest.raises(ProjectError, match=r"description\.json"):
        stored_model.decode(json.dumps(value).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"[" * 100_000, b"null", b'{"format": 1}', b"\xff"])
def test_a_file_that_is_not_a_stored_model_is_refused(text: bytes) -> None:
    """The error is one sentence."""
    with pytest.raises(ProjectError, match=r"description\.json"):
        stored_model.decode(text)
