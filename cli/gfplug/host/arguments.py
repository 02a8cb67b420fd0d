"""Command-line arguments for requests to a plugin: pairs, headers, query models, and files with any of these."""

from __future__ import annotations

import itertools
import json
import os
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.errors import UsageError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OWN_HEADERS = {"Authorization": "Authorization", "X-Id-Token": "X-ID-Token", "Cookie": "Cookie"}
_LARGEST_FILE = 1 << 28
"""The maximum size of an `@FILE`, in bytes; it may be a request's body."""


def pair(text: str, option: str, *, keys: Sequence[str] = ()) -> tuple[str, str]:
    """Split KEY=VALUE; without `keys`, any key is allowed.

    Raises: UsageError if the text has no key, or an unknown one; its message shows no secret.
    """
    key, equals, value = text.partition("=")
    if not key or not equals or (keys and key not in keys):
        choices = f", where KEY is {' or '.join(keys)}" if keys else ""
        typed = "" if option == "--secret" else f"; got {text!r}"  # the text may be the secret itself
        raise UsageError(f"{option} expects KEY=VALUE{choices}{typed}")
    return key, value


def assignments(texts: Sequence[str], *, option: str) -> dict[str, Any]:
    """Parse `key=value` pairs: a value is JSON if possible, else text; dots in a key make nested mappings.

    Raises: UsageError if a pair has no key or no `=`.
    """
    tree: dict[str, Any] = {}
    for text in texts:
        key, value = pair(text, option)
        *parents, last = key.split(".")
        place = tree
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise UsageError(f"{option} {key}: {parent} already has a value that is not an object")
        place[last] = _value(value)
    return tree


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with some values changed; a mapping in both is merged in the same way."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def ref_ids(models: Sequence[Mapping[str, Any]], *, option: str = "--model") -> list[str]:
    """Return the ref id of each model: its own, else the next one that Grafana would use.

    Raises: UsageError if a ref id is not text, is empty, or occurs twice.
    """
    own_ids = [_ref_id(model, option) for model in models]
    require_distinct([each for each in own_ids if each is not None], option=option)
    free = (name for name in map(_letters, itertools.count()) if name not in own_ids)
    return [next(free) if each is None else each for each in own_ids]


def require_distinct(names: Sequence[str], *, option: str) -> None:
    """Refuse two queries with the same ref id: a response has one answer for it.

    Raises: UsageError naming the ref id.
    """
    if twice := next((name for at, name in enumerate(names) if name in names[:at]), None):
        raise UsageError(
            f"{option}: two queries have the refId {twice!r}", hint="give each query its own refId, or omit it"
        )


def _ref_id(model: Mapping[str, Any], option: str) -> str | None:
    value = model.get("refId")
    if value is None or (isinstance(value, str) and value):
        return value
    problem = "is empty" if value == "" else f"is {json.dumps(value)[:80]}, not a text"
    raise UsageError(f"{option}: refId {problem}", hint="use a name such as A, or omit it")


def _letters(number: int) -> str:
    """Return the name of a panel's query: A to Z, AA, AB, ...

    Source: @grafana/data 13.2.2, query/refId.
    """
    head = _letters(number // 26 - 1) if number >= len(string.ascii_uppercase) else ""
    return head + string.ascii_uppercase[number % 26]


def secrets(texts: Sequence[str]) -> dict[str, str]:
    """Parse `key=value` pairs: a value may be `@FILE`, or `$NAME` or `${NAME}` for an environment variable.

    Raises: UsageError if a pair has no key, or its file or variable does not exist.
    """
    values = {}
    for text in texts:
        key, value = pair(text, "--secret")
        if value.startswith("$"):
            name = value[1:].strip("{}")
            if name not in os.environ:
                raise UsageError(f"--secret {key}: the variable {name} is not set")
            values[key] = os.environ[name]
        else:
            values[key] = content_of(value, option=f"--secret {key}").decode(errors="replace").rstrip("\r\n")
    return values


def headers(texts: Sequence[str]) -> dict[str, list[str]]:
    """Parse `Name: value` headers; a name may occur several times.

    Raises: UsageError if a header has no name or no colon.
    """
    values: dict[str, list[str]] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not name.strip() or not colon:
            raise UsageError(f"--header {name!r} is not 'Name: value'")
        values.setdefault(name.strip(), []).append(value.strip())
    return values


def model(text: str) -> dict[str, Any]:
    """Parse a query model: a JSON object, or `@FILE` with one.

    Raises: UsageError for any other text or file.
    """
    document = content_of(text, option="--model").decode(errors="replace") if text.startswith("@") else text
    try:
        content = documents.parse_json(document)
    except ValueError as error:
        raise UsageError(
            f"--model is not JSON: {error}", hint="""write it as '{"table": "sales"}' or @FILE"""
        ) from error
    if not isinstance(content, dict):
        raise UsageError("--model is not a JSON object")
    return content


def content_of(text: str, *, option: str) -> bytes:
    """Return the text, or the content of the file that `@FILE` names.

    Raises: UsageError if the file cannot be read.
    """
    if not text.startswith("@"):
        return text.encode()
    try:
        with Path(text[1:]).open("rb") as stream:  # may be a pipe: a shell turns @<(command) into one
            content = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"{option}: {text[1:]} cannot be read: {error.strerror}") from error
    if len(content) > _LARGEST_FILE:
        raise UsageError(f"{option}: {text[1:]} has more than {_LARGEST_FILE >> 20} MB")
    return content


def _value(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return documents.parse_json(text)
    except ValueError:
        return text


def request_headers(texts: Sequence[str]) -> dict[str, str]:
    """Parse `Name: value` headers into the form that Grafana forwards to a plugin; the last value of a name counts.

    Raises: UsageError if a header has no name or no colon.
    Source: grafana-plugin-sdk-go v0.298.0, backend/http_headers.go.
    """
    values = {}
    for name, several in headers(texts).items():
        canonical = "-".join(part.capitalize() for part in name.split("-"))
        own = _OWN_HEADERS.get(canonical)
        values[own or f"http_{canonical}"] = several[-1]
    return values
