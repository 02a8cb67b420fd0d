"""Decide which operations only read: every GET, and each POST whose path or operationId has a word for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import words
from gfplug.scaffold.openapi.nodes import NoQueryError

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.nodes import Node

_READING_PATHS = frozenset(
    {
        *("search", "query", "lookup", "find", "count", "aggregate", "filter", "list", "timeseries", "histogram"),
        *("stats", "statistics", "msearch", "querying", "searches", "aggregates", "aggregation", "analytics"),
    }
)
"""The last word of the path of a POST that reads."""

_READING_IDS = frozenset(
    {
        *("search", "query", "list", "find", "get", "lookup", "count", "aggregate", "fetch", "filter", "read"),
        *("describe", "retrieve", "scan", "select"),
    }
)
"""The first word of the operationId of a POST that reads."""

_CHANGES = frozenset(
    {
        *("create", "update", "delete", "add", "remove", "set", "start", "stop", "run", "execute", "submit", "send"),
        *("save", "upload", "import", "register", "cancel", "trigger", "generate", "put", "patch", "insert", "edit"),
        *("modify", "change", "enable", "disable", "reset", "revoke", "invite", "assign", "attach", "detach", "move"),
        *("copy", "clone", "publish", "deploy", "install", "restart", "pause", "resume", "approve", "reject", "merge"),
        *("close", "open", "lock", "unlock", "archive", "restore", "export", "build", "schedule", "subscribe", "make"),
        *("login", "logout", "token", "tokens", "auth", "authenticate", "session", "password", "credentials", "sign"),
        *("or", "pay", "charge", "order", "purchase", "transfer", "refund", "bulk", "batch", "upsert", "replace"),
        *("purge", "clear", "destroy", "drop", "kill", "terminate", "reboot", "rotate", "promote", "apply", "write"),
        *("creates", "updates", "deletes", "adds", "removes", "sets", "starts", "runs", "sends", "saves", "generates"),
        *("record", "store", "push", "post", "ack", "acknowledge", "resolve", "mark", "notify", "link", "unlink"),
    }
)
"""Words in the names of operations that change something, or that return secrets."""

_MOST_WORDS_OF_SUMMARY = 3


def require_query(method: str, path: str, operation: Node) -> None:
    """Refuse an operation that changes something, or may change something.

    Raises: NoQueryError.
    """
    if method == "get":
        return
    if method != "post":
        raise NoQueryError(operation.place, f"a {method.upper()} changes data, so it is not a query")
    segments = [segment for segment in path.partition("#")[0].split("/") if segment and not segment.startswith("{")]
    last = words(segments[-1].rpartition(":")[2]) if segments else []
    names = words(operation.text("operationId"))
    names = names[1:] if names[:1] == ["post"] else names[:-1] if names[-1:] == ["post"] else names
    summary = words(operation.text("summary"))[:_MOST_WORDS_OF_SUMMARY]
    reads = _READING_PATHS.intersection(last) or _READING_IDS.intersection(names[:1])
    if not reads or _CHANGES.intersection((*last, *names, *summary)):
        reason = "a POST can change data, and neither its path nor its operationId shows that it only reads"
        raise NoQueryError(operation.place, reason)
