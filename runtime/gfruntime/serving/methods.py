"""The methods of pluginv2 and their kinds: bytes in, bytes out, so that the transport needs no message types.

An application maps method paths to handlers. The table exists before the author's code is loaded: early calls wait for
it. A method that the application lacks answers UNIMPLEMENTED, as with the Go SDK.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from gfruntime.request.cancellation import Cancellation


class CallKind(Enum):
    """The form of a method's answer, and its treatment at the end of the process."""

    UNARY = "one answer; the process waits for it before it exits"
    PARTS = "an answer in parts; the process waits for it before it exits"
    ENDLESS = "an endless stream; it is cut when the process exits"


METHODS: dict[str, CallKind] = {
    "/pluginv2.Diagnostics/CheckHealth": CallKind.UNARY,
    "/pluginv2.Diagnostics/CollectMetrics": CallKind.UNARY,
    "/pluginv2.Data/QueryData": CallKind.UNARY,
    "/pluginv2.Data/QueryChunkedData": CallKind.PARTS,
    "/pluginv2.Resource/CallResource": CallKind.PARTS,
    "/pluginv2.Stream/SubscribeStream": CallKind.UNARY,
    "/pluginv2.Stream/PublishStream": CallKind.UNARY,
    "/pluginv2.Stream/RunStream": CallKind.ENDLESS,
    "/pluginv2.AdmissionControl/ValidateAdmission": CallKind.UNARY,
    "/pluginv2.AdmissionControl/MutateAdmission": CallKind.UNARY,
    "/pluginv2.ResourceConversion/ConvertObjects": CallKind.UNARY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: its metadata, and an event that is set when its caller is gone."""

    metadata: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    cancel: Cancellation = field(default_factory=Cancellation)
    deadline: float | None = None
    """The monotonic time at which the caller stops waiting."""


class CallError(Exception):
    """A failure of the whole call. `details` is a serialized google.rpc.Status, for downstream errors."""

    def __init__(self, message: str, *, code: str = "UNKNOWN", details: bytes = b"") -> None:
        """Store a short text for the host and the name of a gRPC status code."""
        super().__init__(message)
        self.code = code
        self.details = details


Message = bytes | memoryview
"""The content of a message: bytes, or a view of memory that exists as long as the view."""

Unary = Callable[[bytes, Call], Awaitable[Message]]
Stream = Callable[[bytes, Call], AsyncIterator[Message]]


@dataclass(frozen=True, slots=True)
class Application:
    """The handlers of all methods."""

    unary: Mapping[str, Unary] = field(default_factory=dict)
    streams: Mapping[str, Stream] = field(default_factory=dict)
    attach: Callable[[], None] = lambda: None  # called on the control loop, before the first call
    close: Callable[[], None] = lambda: None  # disposes of the author's instances; may block
    kill: Callable[[], None] = lambda: None  # kills the child processes; called last, from any thread
