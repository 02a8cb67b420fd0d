"""Read the rows of an API's answer. An answer that reports a failure is an error, with any status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError
from gfruntime.openapi.operation import Endpoint, find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfruntime.http.response import HttpResponse

Row = tuple[str, Any]
"""The key of a row, if it has one, and the row."""

NO_CONTENT = (204, 205)
MAX_TEXT_CHARACTERS = 300
"""The most characters of an API's error text."""

SUCCESS = ("ok", "success")
FAILURE = ("error", "errors")
KINDS = {"array": "a list of rows", "map": "an object of rows", "object": "an object"}


@dataclass(frozen=True)
class AnswerRows:
    """The rows of one or several answers, and notices for the panel. `is_cut`: rows are missing."""

    rows: list[Row]
    notices: tuple[str, ...] = ()
    is_cut: bool = False


def json_of(response: HttpResponse) -> Any:
    """Parse an answer as JSON; null for a status without content."""
    return None if response.status in NO_CONTENT and not response.body else response.json()


def rows_of(body: Any, endpoint: Endpoint, path: str) -> AnswerRows:
    """List the rows of one answer; `path` is the operation's path, for messages.

    Raises: DownstreamError if the answer is an error, or has another shape.
    """
    where = ".".join(endpoint.rows) or "its answer"
    value = find(body, endpoint.rows)
    has_fields = any(column.keys for column in endpoint.columns)
    rows = list_rows(value, endpoint.shape, has_fields=has_fields)
    is_described = has_path(body, endpoint.rows) and rows is not None
    is_strange = endpoint.shape == "object" and has_fields and bool(rows) and not has_any(value, endpoint)
    failure = failure_of(body, endpoint, is_described=is_described and not is_strange)
    if failure and (not rows or is_strange):
        raise DownstreamError(f"{path} returned an error: {failure}")
    if rows is None:
        raise DownstreamError(f"{path}: {where} is not {KINDS[endpoint.shape]}")
    empty_rows = sum(not isinstance(row, dict) for _, row in rows) if has_fields else 0
    sentences = {
        f"The API returned rows and an error: {failure}": bool(failure),
        f"The answer has no {where}, so there are no rows": not is_described and bool(body),
        "The answer has none of the fields that the API describes": is_strange,
        f"{empty_rows} rows are empty, because they are not objects as the API describes them": empty_rows > 0,
    }
    return AnswerRows(rows, tuple(sentence for sentence, is_so in sentences.items() if is_so), is_cut=bool(failure))


def list_rows(value: Any, shape: str, *, has_fields: bool) -> list[Row] | None:
    """List the rows of a value; None for a value of another shape. Null has no rows."""
    if value is None:
        return []
    if shape == "object":
        return [("", value)] if isinstance(value, dict) or not has_fields else None
    if shape == "map":
        return list(value.items()) if isinstance(value, dict) else None
    return [("", row) for row in value] if isinstance(value, list) else None


def has_path(body: Any, keys: Sequence[str]) -> bool:
    """Return whether a path of keys exists; a null within the path counts as existing."""
    for key in keys:
        if body is None:
            return True
        if not isinstance(body, dict) or key not in body:
            return False
        body = body[key]
    return True


def has_any(value: Any, endpoint: Endpoint) -> bool:
    """Return whether an object has any of the columns."""
    return any(find(value, column.keys) is not None for column in endpoint.columns)


def failure_of(body: Any, endpoint: Endpoint, *, is_described: bool) -> str:
    """Return the error text of an answer that failed; empty if it did not fail.

    If the answer has what the API describes, only `success: false`, `errors` and similar keys are signs of a failure;
    else also any text at the place of the API's error texts.
    """
    if not isinstance(body, dict) or (is_described and not endpoint.rows):
        return ""
    signs = [body[name] for name in FAILURE if name not in endpoint.rows[:1] and is_sign(body.get(name))]
    text = text_in(find(body, endpoint.error_keys)) if endpoint.error_keys else ""
    if signs or any(body.get(name) is False for name in SUCCESS):
        texts = (text, *map(text_in, signs), text_in(body.get("message")))
        return next(filter(None, texts), "it failed without an explanation")
    return "" if is_described else text


def is_sign(value: Any) -> bool:
    """Return whether a value of `error` or `errors` means that there is an error."""
    return value is True or (isinstance(value, str | list | dict) and bool(value))


def text_in(value: Any) -> str:
    """Find the text of an error: the value itself, the first item of a list, or an object's message."""
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("message") or value.get("detail") or value.get("title")
    return one_line(value) if isinstance(value, str) else ""


def one_line(text: str, secrets: Sequence[str] = ()) -> str:
    """Return an API's text in one line, without secrets and without control characters."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[
        :MAX_TEXT_CHARACTERS
    ]
