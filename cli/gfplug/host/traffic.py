"""The traffic of a plugin with its upstreams: requested with a header, returned in a frame as HAR.

Source: grafana-plugin-sdk-go v0.299.0, backend/har_capture_middleware.go.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import ToolError, UsageError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gfplug.host.convert import QueryAnswer
    from gfplug.host.logs import Logs

HEADERS = {"X-Grafana-HAR-Capture": "true"}
_PREFIX = "__har__"
_LOGGED = "HAR capture: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A HAR document, and the error of the whole call, if it failed."""

    document: dict[str, Any]
    counts: str
    failure: str = ""

    def write(self, path: Path) -> None:
        """Write the document to a file.

        Raises: UsageError if the file can't be written.
        """
        try:
            files.write_atomic(path, f"{files.json_text(self.document, indent=1)}\n".encode())
        except OSError as error:
            raise UsageError(f"--har {path}: {error.strerror}") from error


def require_writable(path: Path) -> None:
    """Check that a file can be written.

    Raises: UsageError if the file can't be written.
    """
    folder = path.absolute().parent
    if path.is_dir() or (folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK))):
        raise UsageError(
            f"--har {path}: this file cannot be written", hint="name a file in a folder that you can write"
        )


def remove_from(answers: dict[str, QueryAnswer], *, uid: str) -> Traffic | None:
    """Remove the traffic from the answers, and return it; None if they have none.

    Raises: ToolError if the traffic is not a HAR document.
    """
    answer = answers.pop(f"{_PREFIX}{uid}", None)
    if answer is None:
        return None
    try:
        custom = answer.frames[0]["schema"]["meta"]["custom"]
        document = documents.parse_json(custom["har"])
        counts = _count(document["log"]["entries"])
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ToolError(f"the frame {_PREFIX}{uid} is not a HAR document: {error}") from error
    return Traffic(document=document, counts=counts, failure=str(custom.get("queryError", "")))


def _count(entries: Sequence[Mapping[str, Any]]) -> str:
    """Count the exchanges and database queries; entries with SQL from macros are not counted."""
    kinds = [entry.get("_query", {}).get("kind") for entry in entries]
    exchanges, queries = kinds.count(None), len(kinds) - kinds.count(None) - kinds.count("sql.macros")
    counts = [f"{exchanges} HTTP exchange{'s' * (exchanges != 1)}"]
    if queries:
        counts.append(f"{queries} database {'query' if queries == 1 else 'queries'}")
    return " and ".join(counts)


def explain_none(logs: Logs) -> ToolError:
    """Return an error that says why a plugin returned no traffic."""
    messages = [line.message.removeprefix(_LOGGED) for line in logs.lines if line.message.startswith(_LOGGED)]
    if messages:
        return ToolError(
            f"nothing was captured: {messages[-1]}", hint="the traffic of other clients and drivers is not captured"
        )
    return ToolError(
        "nothing was captured: the plugin returned no traffic",
        hint="--har needs a newer gfruntime (`gfplug upgrade`); a Go plugin needs SDK v0.299.0 and its HTTP client",
    )
