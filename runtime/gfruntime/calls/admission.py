"""AdmissionControl and ResourceConversion: Kubernetes-style objects, checked and converted before Grafana stores them.

The author's methods are static, because the objects exist before any data source. A failure is in the answer's
`result`, and the call succeeds.
Source: grafana-plugin-sdk-go v0.298.0, backend/admission.go and backend/conversion.go.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gfruntime import wire
from gfruntime.calls import convert
from gfruntime.logs import masking
from gfruntime.request.vocabulary import PluginContext, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.runner import Runner

Operation = Literal["create", "update", "delete"]

_OPERATIONS: tuple[Operation, ...] = ("create", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """The group, version and kind of an object."""

    group: str = ""
    """The API group, such as `acme-sales-datasource.datasource.grafana.app`."""

    version: str = ""
    """The version in that group, such as `v0alpha1`."""

    kind: str = ""
    """The kind's name, such as `DataSource`."""


Kind = ObjectKind
"""Deprecated: the former name of `ObjectKind`, which authors' tests import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRequest:
    """An object that is about to be stored. For settings the bytes are a protobuf message, else JSON.

    `settings` are those of the data source that the call names, if any.

    >>> AdmissionRequest(operation="create", kind=kind, object=b'{"spec": {}}').json()
    {'spec': {}}
    """

    operation: Operation
    """`create`, `update` or `delete`."""

    kind: ObjectKind
    """The kind of the object."""

    object: bytes = field(repr=False)
    """The object: JSON, or a protobuf message for settings."""

    old_object: bytes = field(default=b"", repr=False)
    """The object before an update, in the same format; empty otherwise."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the request."""

    settings: Settings[dict[str, Any]] | None = None
    """The settings of the data source, if Grafana sent any."""

    def json(self) -> Any:  # noqa: ANN401  # JSON is any of its types
        """Read the object as JSON.

        Raises: ValueError if the bytes are not JSON.
        """
        return json.loads(self.object)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether an object may be stored. `object` is stored instead, for `mutate_admission`.

    >>> Admission.deny("a query needs a table").code
    422
    """

    allowed: bool
    """Whether the object may be stored."""

    message: str = ""
    """The reason of a refusal, as a sentence for the user."""

    reason: str = ""
    """The reason of a refusal, as a Kubernetes reason code, such as `Invalid`."""

    code: int = 0
    """The HTTP status if the object is refused."""

    warnings: Sequence[str] = ()
    """Warnings that the user sees although the object is stored."""

    object: bytes | None = None
    """The object to store instead, as JSON; None stores the object of the request."""

    @classmethod
    def allow(cls, *, object: bytes | None = None, warnings: Sequence[str] = ()) -> Admission:  # noqa: A002
        """Allow the object to be stored, unchanged or changed."""
        return cls(allowed=True, object=object, warnings=warnings)

    @classmethod
    def deny(cls, message: str, *, reason: str = "Invalid", code: int = 422) -> Admission:
        """Refuse the object with a message."""
        return cls(allowed=False, message=message, reason=reason, code=code)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawObject:
    """One object: input or output of a conversion.

    >>> RawObject(raw=b'{"spec": {}}').json()
    {'spec': {}}
    """

    raw: bytes = field(repr=False)
    """The object's bytes."""

    content_type: str = "application/json"
    """The media type of the bytes."""

    def json(self) -> Any:  # noqa: ANN401
        """Read the object as JSON.

        Raises: ValueError if the bytes are not JSON.
        """
        return json.loads(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionRequest:
    """Objects to convert to another version of their group.

    >>> ConversionRequest(objects=[RawObject(raw=b"{}")], group="acme", version="v1").objects[0].json()
    {}
    """

    objects: Sequence[RawObject]
    """The objects to convert."""

    group: str
    """The API group to convert to."""

    version: str
    """The version to convert to."""

    uid: str = ""
    """The request's id."""

    context: PluginContext = field(default_factory=PluginContext)
    """The plugin context of the request."""

    settings: Settings[dict[str, Any]] | None = None
    """The settings of the data source, if Grafana sent any."""


class AdmissionCalls:
    """Answers admission and conversion calls."""

    def __init__(self, runner: Runner) -> None:
        """Store the runner, which calls the author's methods."""
        self._runner = runner

    async def admit(self, method: str, call: ActiveCall) -> bytes:
        """Answer `validate_admission` or `mutate_admission`."""
        message = call.request
        try:
            request = AdmissionRequest(
                operation=_OPERATIONS[message.operation] if message.operation < len(_OPERATIONS) else "update",
                kind=ObjectKind(group=message.kind.group, version=message.kind.version, kind=message.kind.kind),
                object=message.object_bytes,
                old_object=message.old_object_bytes,
                context=call.incoming.context,
                settings=_settings(call),
            )
            result = await self._runner.call_static(method, request)
            if not isinstance(result, Admission):
                raise TypeError(f"{method} returned {type(result).__name__}; expected an Admission")  # noqa: TRY301
            answer = _admission(result)
            if method == "mutate_admission" and result.allowed:
                answer += wire.length_delimited(4, request.object if result.object is None else result.object)
        except Exception as error:  # noqa: BLE001  # the answer says so
            failure = call.record_failure(error)
            return _admission(Admission.deny(failure.message, reason="InternalError", code=failure.status))
        return answer

    async def convert(self, call: ActiveCall) -> bytes:
        """Answer `convert_objects`: return as many objects as the request has, in the same order."""
        message = call.request
        uid = wire.text(1, message.uid)
        try:
            request = ConversionRequest(
                objects=[RawObject(raw=item.raw, content_type=item.content_type) for item in message.objects],
                group=message.target_version.group,
                version=message.target_version.version,
                uid=message.uid,
                context=call.incoming.context,
                settings=_settings(call),
            )
            result = await self._runner.call_static("convert_objects", request)
            objects = [_object(item) for item in _objects(result, len(request.objects))]
        except Exception as error:  # noqa: BLE001
            failure = call.record_failure(error)
            return uid + wire.length_delimited(2, _result(failure.message, "InternalError", failure.status))
        success = wire.length_delimited(2, wire.text(1, "Success"))
        return uid + success + b"".join(wire.length_delimited(3, item) for item in objects)


def _settings(call: ActiveCall) -> Settings[dict[str, Any]] | None:
    context = call.request.pluginContext
    if not context.HasField("dataSourceInstanceSettings"):
        return None
    config = call.incoming.context.config
    return convert.settings(context.dataSourceInstanceSettings, options_type=dict[str, Any], config=config)


def _admission(admission: Admission) -> bytes:
    message = wire.integer(1, int(admission.allowed))
    if not admission.allowed:
        message += wire.length_delimited(2, _result(admission.message, admission.reason, admission.code))
    return message + b"".join(wire.text(3, masking.hide(warning)) for warning in admission.warnings)


def _result(message: str, reason: str, code: int) -> bytes:
    """Write a pluginv2.StatusResult that describes the failure."""
    return wire.text(1, "Failure") + wire.text(2, masking.hide(message)) + wire.text(3, reason) + wire.integer(4, code)


def _object(item: RawObject) -> bytes:
    return wire.length_delimited(1, item.raw) + wire.text(2, item.content_type)


def _objects(result: object, count: int) -> list[RawObject]:
    objects = list(result) if isinstance(result, (list, tuple)) else []
    if not all(isinstance(item, RawObject) for item in objects) or len(objects) != count:
        is_list = isinstance(result, (list, tuple)) and all(isinstance(item, RawObject) for item in objects)
        got = f"{len(objects)} RawObjects" if is_list else type(result).__name__
        raise TypeError(
            f"convert_objects must return a list of {count} RawObjects, in the order of the request, not {got}"
        )
    return objects
