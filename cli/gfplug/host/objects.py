"""Admission and conversion: requests from JSON documents, sent as Grafana sends them, and the plugin's answers.

A request's keys are those of the proto's messages, in JSON spelling; an object in it is written as JSON.
Source: grafana-plugin-sdk-go v0.299.0, backend/admission.go and backend/conversion.go.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError, UsageError
from gfplug.host.settings import Settings, plugin_context
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from gfplug.host.client import RunningPlugin

OPERATIONS = ("create", "update", "delete")
_ADMISSION = ("operation", "kind", "object", "objectBytes", "oldObject", "oldObjectBytes")
_CONVERSION = ("uid", "targetVersion", "objects")
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of admission or conversion; `code` is an HTTP status, 0 if the plugin sent none."""

    status: str
    message: str
    reason: str
    code: int

    def __str__(self) -> str:
        """Write the result in one line."""
        details = " ".join(filter(None, [str(self.code) if self.code else "", self.reason]))
        return f"{self.message or 'no message'}{f' ({details})' if details else ''}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a StatusResult."""
        return {"status": self.status, "message": self.message, "reason": self.reason, "code": self.code}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionAnswer:
    """The answer whether an object may be stored; for `mutate`, `content` is the object to store."""

    allowed: bool
    result: Result | None
    warnings: tuple[str, ...]
    content: bytes | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as `gfplug call validate --json` and `gfplug call mutate --json` print it."""
        own = {} if self.content is None else object_json(self.content)
        result = self.result.to_json() if self.result else None
        return {"allowed": self.allowed, "warnings": list(self.warnings), "result": result, **own}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionAnswer:
    """The converted objects, each with its media type, or the reason why there are none."""

    uid: str
    result: Result
    objects: tuple[tuple[str, bytes], ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the answer as `gfplug call convert --json` prints it."""
        objects = [{"contentType": kind, **object_json(content)} for kind, content in self.objects]
        return {"uid": self.uid, "result": self.result.to_json(), "objects": objects}


def read_request(path: Path) -> dict[str, Any]:
    """Read a request's document.

    Raises: UsageError if the document is not a JSON object.
    """
    from gfplug.host import arguments  # noqa: PLC0415 - it reads pipes, too

    content = arguments.content_of(f"@{path}", option="FILE").decode(errors="replace")
    try:
        document = documents.parse_json(content)
    except ValueError as error:
        raise UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path} is not a JSON object")
    return document


def admission_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an AdmissionRequest without its context.

    Raises: UsageError for an unknown key, a value of another type, or a request without an object.
    """
    _require_keys(document, _ADMISSION)
    operation = document.get("operation", "create")
    if not isinstance(operation, str) or operation.lower() not in OPERATIONS:
        raise UsageError(f"operation must be {', '.join(OPERATIONS[:-1])} or {OPERATIONS[-1]}, got {operation!r}")
    content, old = _content(document, "object"), _content(document, "oldObject")
    if content is None and old is None:
        raise UsageError("the request has no object", hint='write it as {"object": {...}}')
    return {
        "operation": operation.upper(),
        "kind": _texts(document, "kind", ("group", "version", "kind")),
        "object_bytes": content or b"",
        "old_object_bytes": old or b"",
    }


def conversion_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a ConversionRequest without its context; each object is sent as JSON.

    Raises: UsageError for an unknown key, or a value of another type.
    """
    _require_keys(document, _CONVERSION)
    objects, uid = document.get("objects"), document.get("uid", "gfplug")
    if not isinstance(objects, list) or not objects:
        raise UsageError("objects is not a list of objects to convert")
    if not isinstance(uid, str):
        raise UsageError(f"uid is {json.dumps(uid)[:80]}, not a text")
    return {
        "uid": uid,
        "target_version": _texts(document, "targetVersion", ("group", "version")),
        "objects": [{"raw": _bytes(each), "content_type": _JSON} for each in objects],
    }


def admit(
    plugin: RunningPlugin, values: Mapping[str, Any], settings: Settings | None, *, mutates: bool, timeout: float
) -> AdmissionAnswer:
    """Ask whether an object may be stored, or what to store instead; `settings` is None without a data source.

    Raises: ToolError if the call fails.
    """
    method = "MutateAdmission" if mutates else "ValidateAdmission"
    reply = plugin.unary("AdmissionControl", method, {**values, **_context(plugin, settings)}, timeout=timeout)
    return AdmissionAnswer(
        allowed=reply.allowed,
        result=_result(reply.result) if reply.HasField("result") else None,
        warnings=tuple(reply.warnings),
        content=reply.object_bytes if mutates and reply.allowed else None,
    )


def convert(
    plugin: RunningPlugin, values: Mapping[str, Any], settings: Settings | None, *, timeout: float
) -> ConversionAnswer:
    """Request the conversion of objects.

    Raises: ToolError if the call fails, or the answer has another request id or number of objects.
    """
    request = {**values, **_context(plugin, settings)}
    reply = plugin.unary("ResourceConversion", "ConvertObjects", request, timeout=timeout)
    answer = ConversionAnswer(
        uid=reply.uid,
        result=_result(reply.result),
        objects=tuple((each.content_type, each.raw) for each in reply.objects),
    )
    if reply.uid != values["uid"]:
        raise ToolError(f"the plugin answered the request {reply.uid!r}, expected {values['uid']!r}")
    if has_succeeded(answer.result) and len(answer.objects) != len(values["objects"]):
        raise ToolError(f"the plugin received {len(values['objects'])} objects, but returned {len(answer.objects)}")
    return answer


def has_succeeded(result: Result) -> bool:
    """Tell whether a conversion succeeded, by Kubernetes's rule."""
    return result.status == "Success"


def object_json(content: bytes) -> dict[str, Any]:
    """Return an object as `object` if it is JSON, else as `objectBase64`."""
    try:
        return {"object": documents.parse_json(content.decode())}
    except ValueError:  # includes UnicodeDecodeError
        return {"objectBase64": base64.b64encode(content).decode()}


def _context(plugin: RunningPlugin, settings: Settings | None) -> dict[str, Any]:
    context = plugin_context(plugin.target, settings or Settings())
    if settings is None:
        del context["dataSourceInstanceSettings"]
    return {"pluginContext": context}


def _result(message: Any) -> Result:  # noqa: ANN401 - a dynamic message
    return Result(status=message.status, message=message.message, reason=message.reason, code=message.code)


def _require_keys(document: Mapping[str, Any], allowed: Collection[str], *, place: str = "the request") -> None:
    if unknown := [key for key in document if key not in allowed]:
        raise UsageError(f"{place} has no key {unknown[0]!r}", hint=f"its keys: {', '.join(allowed)}")


def _content(document: Mapping[str, Any], key: str) -> bytes | None:
    """Return an object's bytes: written as JSON, or decoded from base64."""
    packed = document.get(f"{key}Bytes")
    if packed is None:
        return _bytes(document[key]) if document.get(key) is not None else None
    if document.get(key) is not None:
        raise UsageError(f"the request has both {key} and {key}Bytes", hint="omit one")
    try:
        return base64.b64decode(packed, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise UsageError(f"{key}Bytes is not base64: {error}") from error


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _texts(document: Mapping[str, Any], key: str, names: Collection[str]) -> dict[str, str]:
    value = document.get(key, {})
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise UsageError(f"{key} is not an object of texts", hint=f"its keys: {', '.join(names)}")
    _require_keys(value, names, place=key)
    return value
