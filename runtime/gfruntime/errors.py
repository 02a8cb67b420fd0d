"""The errors of a data source, and how each one is reported to Grafana.

PluginError                the author raises it on purpose: the panel shows its text
├── QueryError             400  the query is wrong; the user can correct it
│   └── DecodeError        400  settings or a query model don't fit the author's dataclass
├── DownstreamError        502  the system behind the data source failed
└── FrameError             500  the answer can't become a frame that Grafana accepts

Any other exception is a mistake: the traceback is logged, and the panel shows one sentence.

An error may have the frames of a partial answer: the panel shows both. An alert rule treats every error as a failure.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from gfruntime.logs import masking, sharing

Source = Literal["plugin", "downstream"]

_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN}
_HTTP_CLIENTS = {"aiohttp", "httpcore", "httpx", "requests", "urllib3"}
_DATABASES = {"asyncpg", "clickhouse_connect", "duckdb", "elastic_transport", "elasticsearch", "pymongo", "redis"}
_NAMES_OF_STATEMENTS = {"ProgrammingError", "DataError", "IntegrityError", "NotSupportedError", "PostgresSyntaxError"}
_NAMES_OF_DATABASES = {"DatabaseError", "InterfaceError"}  # PEP 249: each database error is one of these or a subclass
_PLUGIN_ERROR_STATUSES = {405, 406, 412, 413, 414, 416, 417, 426, 431, 501}  # the upstream finds the request wrong
_MIN_STATUS, _MAX_STATUS = 100, 599
_MAX_CAUSES = 10  # exceptions of a chain, the first included, that are searched for advice
_MAX_MESSAGE_CHARACTERS = 4000  # characters of a message: gRPC sends some messages in a header, whose size is limited
_MAX_TEXT_CHARACTERS = 4 * _MAX_MESSAGE_CHARACTERS  # characters of an exception's text that are read


class PluginError(Exception):
    """A failure that the author raises on purpose; its text is shown in the panel.

    Prefer a subclass, which also sets the status.

    >>> PluginError("the table is being rebuilt", status=503).status
    503
    """

    status: int = 500
    """The HTTP status that the query or call ends with."""

    source: ClassVar[Source] = "plugin"
    """Who is to blame in Grafana's metrics: `plugin` or `downstream`."""

    frames: Any = ()
    """The frames of a partial answer: a frame or a list of frames."""

    def __init__(self, message: str, status: int | None = None, *, frames: Any = None) -> None:  # noqa: ANN401  # as above
        """Store the text for the panel and, if given, an HTTP status and the frames of a partial answer."""
        super().__init__(message)
        if status is not None:
            self.status = status
        if frames is not None:
            self.frames = frames


class QueryError(PluginError):
    """The query is wrong; the user can correct it.

    >>> QueryError("choose a table").status
    400
    """

    status = 400
    """The HTTP status; the default is 400."""


class DecodeError(QueryError):
    """Settings or a query model don't fit the author's dataclass; the message names the key, never a secret.

    >>> issubclass(DecodeError, PluginError)
    True
    """


class DownstreamError(PluginError):
    """The system behind the data source failed; the plugin is not to blame.

    >>> DownstreamError("the database is full").source
    'downstream'
    """

    status = 502
    """The HTTP status; the default is 502."""

    source = "downstream"
    """Always `downstream`."""


class FrameError(PluginError):
    """The values can't become a frame that Grafana accepts; the message names the column.

    >>> Frame.of(value=[1, "n/a"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    gfruntime.errors.FrameError: column 'value': numbers and texts in one column...
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failure as Grafana sees it.

    `is_expected` means that the author raised it on purpose, so no traceback is logged. `frames` are a partial answer.
    """

    status: int
    source: Source
    message: str
    is_expected: bool
    frames: object = field(default=(), repr=False)


def source_of_status(status: int) -> Source:
    """Return the error source of an upstream's HTTP status.

    Source: grafana-plugin-sdk-go v0.298.0, experimental/status, SourceFromHTTPStatus.
    """
    return "plugin" if status in _PLUGIN_ERROR_STATUSES else "downstream"


def failure_of(error: BaseException) -> Failure:
    """Convert any exception to a status, an error source and a sentence without secrets.

    Source: grafana-plugin-sdk-go v0.298.0, backend/error_source.go and backend/data.go: timeouts and unreachable
    upstreams are downstream errors; every other exception without a source is a plugin error.
    """
    try:
        return _failure_of(error)
    except Exception:  # noqa: BLE001  # an exception whose own attributes raise
        return Failure(status=500, source="plugin", message=sentence(error), is_expected=False)


def _failure_of(error: BaseException) -> Failure:
    for link in _causes(error):
        if isinstance(link, PluginError):
            status = link.status if _MIN_STATUS <= link.status <= _MAX_STATUS else 500
            frames = link.frames if link is error else ()
            return Failure(
                status=status,
                source=link.source,
                message=_sentence_with_advice(error),
                is_expected=link is error,
                frames=frames,
            )
    status, source = _status_and_source(error)
    return Failure(status=status, source=source, message=_sentence_with_advice(error), is_expected=False)


def _sentence_with_advice(error: BaseException) -> str:
    """Describe an exception in one sentence, with advice if a shared connection or client is the cause."""
    text = sentence(error)
    for link in _causes(error, with_contexts=True)[:_MAX_CAUSES]:
        if (
            not isinstance(link, PluginError)
            and not _is_from_http_client(link)
            and (hint := sharing.advice(_text(link)))
        ):
            return f"{text.rstrip('.')}; {hint}"
    return text


def _causes(error: BaseException, *, with_contexts: bool = False) -> list[BaseException]:
    """List an exception, its cause, the cause's cause and so on, each once: `raise error from error` makes a cycle.

    With `with_contexts`, an exception without a cause is followed by the one during whose handling it was raised.
    """
    links: dict[int, BaseException] = {}
    link: BaseException | None = error
    while link is not None and id(link) not in links:
        links[id(link)] = link
        link = link.__cause__ or (link.__context__ if with_contexts else None)
    return list(links.values())


def _text(error: BaseException) -> str:
    try:
        return str(error).strip()[:_MAX_TEXT_CHARACTERS]
    except BaseException as broken:  # noqa: BLE001  # the author's `__str__`
        return f"its text can't be read ({type(broken).__name__})"


def sentence(error: BaseException) -> str:
    """Describe an exception in one sentence without secrets; the class is named unless it is a PluginError."""
    text = _text(error)
    if not isinstance(error, PluginError) or not text:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    text = masking.hide(text)  # before it is cut again: a part of a secret is not recognised
    return text if len(text) <= _MAX_MESSAGE_CHARACTERS else f"{text[:_MAX_MESSAGE_CHARACTERS]} …"


def _status_and_source(error: BaseException) -> tuple[int, Source]:  # noqa: PLR0911  # a table of causes
    """Return the status and source of an exception that has no source."""
    if isinstance(error, TimeoutError):
        return 504, "downstream"
    if isinstance(error, asyncio.CancelledError):
        return 500, "downstream"
    upstream = _upstream_status(error)
    if upstream is not None:
        return upstream, source_of_status(upstream)
    if _is_from_http_client(error):
        return (504 if "Timeout" in type(error).__name__ else 502), "downstream"
    if _is_unreachable(error):
        return 502, "downstream"
    if _is_from_database(error):
        return (400 if _NAMES_OF_STATEMENTS & _names(error) else 502), "downstream"
    if isinstance(error, PermissionError):
        return 401, "plugin"
    return 500, "plugin"


def _upstream_status(error: BaseException) -> int | None:
    """Read the HTTP status that urllib (`code`), requests and httpx (`response.status_code`) errors carry."""
    status = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "code", None)
    is_http = type(error).__module__.partition(".")[0] in {*_HTTP_CLIENTS, "urllib"}
    return status if is_http and isinstance(status, int) and _MIN_STATUS <= status <= _MAX_STATUS else None


def _is_from_http_client(error: BaseException) -> bool:
    """Recognise the errors of the usual HTTP clients without importing them."""
    return any(kind.__module__.partition(".")[0] in _HTTP_CLIENTS for kind in type(error).__mro__)


def _is_from_database(error: BaseException) -> bool:
    """Recognise the errors that PEP 249 names, and those of other database clients, except misuse by the author."""
    modules = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return bool(_NAMES_OF_DATABASES & _names(error) or _DATABASES & modules) and not sharing.advice(_text(error))


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _is_unreachable(error: BaseException) -> bool:
    """Recognise refused and reset connections, unknown hosts, unreachable networks and failed certificate checks."""
    reason = getattr(error, "reason", error)  # urllib.error.URLError wraps the true cause
    if isinstance(reason, (ConnectionError, socket.gaierror, ssl.SSLCertVerificationError)):
        return True
    return isinstance(reason, OSError) and reason.errno in _UNREACHABLE
