"""Which operations ask and change nothing: every GET, and a POST whose names say so and nothing against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import words
from gfplug.scaffold.openapi.nodes import NoQueryError

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.nodes import Node

_ASKS_LAST = frozenset(
    {
        *("search", "query", "lookup", "find", "count", "aggregate", "filter", "list", "timeseries", "histogram"),
        *("stats", "statistics", "msearch", "querying", "searches", "aggregates", "aggregation", "analytics"),
    }
)
"""What the path of a POST that asks ends with."""

_ASKS_FIRST = frozenset(
    {
        *("search", "query", "list", "find", "get", "lookup", "count", "aggregate", "fetch", "filter", "read"),
        *("describe", "retrieve", "scan", "select"),
    }
)
"""How the operationId of a POST that asks begins."""

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
"""Words of operations that change something, or hand out secrets."""

_MOST_WORDS_OF_SUMMARY = 3


def require_query(method: str, path: str, operation: Node) -> None:
    """Refuse an operation that changes something, or may.

    Raises: NoQueryError.
    """
    if method == "get":
        return
    if method != "post":
        raise NoQueryError(operation.place, f"{method.upper()} is for changes")
    segments = [segment for segment in path.partition("#")[0].split("/") if segment and not segment.startswith("{")]
    last = words(segments[-1].rpartition(":")[2]) if segments else []
    named = words(operation.text("operationId"))
    named = named[1:] if named[:1] == ["post"] else named[:-1] if named[-1:] == ["post"] else named
    summary = words(operation.text("summary"))[:_MOST_WORDS_OF_SUMMARY]
    asks = _ASKS_LAST.intersection(last) or _ASKS_FIRST.intersection(named[:1])
    if not asks or _CHANGES.intersection((*last, *named, *summary)):
        raise NoQueryError(operation.place, "POST is for changes, and nothing says that this one only asks")
