"""The plugin protocol as plain data: a compiled proto's declarations, without files, options, comments or order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        EnumDescriptorProto,
        FieldDescriptorProto,
        FileDescriptorSet,
        MethodDescriptorProto,
    )

_TYPES_WITH_NAMES = {11, 14}  # messages and enums
_REPEATED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtoField:
    """One field. Shape: `type` as in a proto, including `map<string, bytes>`; `label` is `repeated` or empty."""

    name: str
    number: int
    type: str
    label: str
    oneof: str
    is_optional: bool
    is_deprecated: bool
    json_name: str

    def __str__(self) -> str:
        """Write the field's type as in a proto."""
        return f"{self.label} {self.type}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. Shape: `fields` by number; numbers in `reserved` and `reserved_names` must not be used again."""

    fields: Mapping[int, ProtoField]
    reserved: tuple[range, ...]
    reserved_names: frozenset[str]

    def field_named(self, name: str) -> ProtoField | None:
        """Return the field with a name, if there is one."""
        return next((field for field in self.fields.values() if field.name == name), None)

    def is_reserved(self, one: ProtoField) -> bool:
        """Tell whether a field uses a reserved number or name."""
        return one.name in self.reserved_names or any(one.number in span for span in self.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One remote call: its messages, and which of them are streams."""

    request: str
    response: str
    is_request_stream: bool
    is_response_stream: bool
    is_deprecated: bool

    def __str__(self) -> str:
        """Write the call's signature as in a proto."""
        streams = [("stream " if stream else "") for stream in (self.is_request_stream, self.is_response_stream)]
        return f"({streams[0]}{self.request}) returns ({streams[1]}{self.response})"


@dataclass(frozen=True, slots=True)
class Protocol:
    """All declarations of a proto. Shape: keys are names within the package, `Outer.Inner` for nested declarations."""

    messages: dict[str, Message] = field(default_factory=dict)
    enums: dict[str, dict[str, int]] = field(default_factory=dict)
    services: dict[str, dict[str, Rpc]] = field(default_factory=dict)


def read(descriptor_set: FileDescriptorSet) -> Protocol:
    """Return the declarations of a descriptor set, without imported files of `google.*`."""
    protocol = Protocol()
    for file in descriptor_set.file:
        if file.package.split(".")[0] == "google":
            continue
        scope = f".{file.package}." if file.package else "."
        for name, message in _nested("", file.message_type):
            protocol.messages[name] = _message(message, scope)
            protocol.enums.update({f"{name}.{enum.name}": _values(enum) for enum in message.enum_type})
        protocol.enums.update({enum.name: _values(enum) for enum in file.enum_type})
        for service in file.service:
            protocol.services[service.name] = {rpc.name: _rpc(rpc, scope) for rpc in service.method}
    return protocol


def _nested(prefix: str, messages: object) -> Iterator[tuple[str, DescriptorProto]]:
    """Yield messages with their names, outer before inner, without map entries."""
    for message in messages:  # type: ignore[attr-defined]  # protobuf's repeated container has no public type
        if not message.options.map_entry:
            yield prefix + message.name, message
            yield from _nested(f"{prefix}{message.name}.", message.nested_type)


def _message(message: DescriptorProto, scope: str) -> Message:
    maps = {inner.name: inner for inner in message.nested_type if inner.options.map_entry}
    return Message(
        fields={one.number: _field(one, message, maps, scope) for one in message.field},
        reserved=tuple(range(span.start, span.end) for span in message.reserved_range),
        reserved_names=frozenset(message.reserved_name),
    )


def _field(
    one: FieldDescriptorProto, message: DescriptorProto, maps: Mapping[str, DescriptorProto], scope: str
) -> ProtoField:
    entry = maps.get(one.type_name.rsplit(".", 1)[-1])
    in_oneof = one.HasField("oneof_index") and not one.proto3_optional
    return ProtoField(
        name=one.name,
        number=one.number,
        type=f"map<{', '.join(_type(part, scope) for part in entry.field)}>" if entry else _type(one, scope),
        label="repeated" if one.label == _REPEATED and not entry else "",
        oneof=message.oneof_decl[one.oneof_index].name if in_oneof else "",
        is_optional=one.proto3_optional,
        is_deprecated=one.options.deprecated,
        json_name=one.json_name,
    )


def _type(one: FieldDescriptorProto, scope: str) -> str:
    if one.type not in _TYPES_WITH_NAMES:
        return one.Type.Name(one.type).removeprefix("TYPE_").lower()
    return one.type_name.removeprefix(scope).removeprefix(".")


def _values(enum: EnumDescriptorProto) -> dict[str, int]:
    return {value.name: value.number for value in enum.value}


def _rpc(rpc: MethodDescriptorProto, scope: str) -> Rpc:
    return Rpc(
        request=rpc.input_type.removeprefix(scope).removeprefix("."),
        response=rpc.output_type.removeprefix(scope).removeprefix("."),
        is_request_stream=rpc.client_streaming,
        is_response_stream=rpc.server_streaming,
        is_deprecated=rpc.options.deprecated,
    )
