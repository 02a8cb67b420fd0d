"""The differences between two SDK protos, by their effect: they break the wire format, code with the stubs, or nothing.

Descriptors are compared, so comments, file names, options and the order of declarations do not matter.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.sdk import descriptors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    from gfplug.sdk.descriptors import Message, Protocol, ProtoField, Rpc

_ALIKE = (  # types whose bytes can be read as each other: https://protobuf.dev/programming-guides/proto3/#updating
    {"int32", "uint32", "int64", "uint64", "bool"},
    {"sint32", "sint64"},
    {"fixed32", "sfixed32"},
    {"fixed64", "sfixed64"},
    {"string", "bytes"},
)


class Level(enum.StrEnum):
    """The effect of a change, worst first: other hosts and plugins break; code breaks; nothing; only documentation."""

    WIRE = "wire"
    SOURCE = "source"
    ADDITIVE = "additive"
    DOC = "doc"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Shape: `path` is `Message.field`, `Service/Rpc`, `Enum.VALUE`, or the declaration itself; `name` is its name in
    code; `message` is a sentence without its full stop; `hint` is the probable replacement of a removed declaration.
    """

    level: Level
    kind: str
    path: str
    message: str
    hint: str = ""

    @property
    def name(self) -> str:
        """The name in code: the last part of the path."""
        return self.path.replace("/", ".").rsplit(".", 1)[-1]

    def to_json(self) -> dict[str, str]:
        """Return the change as `--json` prints it."""
        value = {"level": str(self.level), "kind": self.kind, "path": self.path, "message": self.message}
        return {**value, "hint": self.hint} if self.hint else value


def compare(old: FileDescriptorSet, new: FileDescriptorSet) -> list[Change]:
    """List the differences, the worst first, then by path."""
    before, after = descriptors.read(old), descriptors.read(new)
    types = _Types(before, after, _find_renames(before, after))
    changes = [*_messages(types), *_enums(before, after), *_services(types)]
    worst = list(Level)
    return sorted(changes, key=lambda change: (worst.index(change.level), change.path, change.kind))


def worst(changes: Iterable[Change]) -> Level | None:
    """Return the worst level of the changes; None without changes."""
    return min((change.level for change in changes), key=list(Level).index, default=None)


@dataclass(frozen=True, slots=True)
class _Types:
    """Both protocols, and the renamed messages, to compare types."""

    old: Protocol
    new: Protocol
    renamed: dict[str, str]

    def are_alike(self, before: str, after: str) -> bool:
        """Tell whether bytes of one type can be read as the other."""
        types = (self.renamed.get(before, before), after)
        names = {"int32" if name in self.old.enums or name in self.new.enums else name for name in types}
        return len(names) == 1 or any(names <= alike for alike in _ALIKE)

    def translated(self, rpc: Rpc) -> str:
        """Write an old call's signature with the messages' new names."""
        request, response = (self.renamed.get(name, name) for name in (rpc.request, rpc.response))
        return str(replace(rpc, request=request, response=response))


def _find_renames(old: Protocol, new: Protocol) -> dict[str, str]:
    """Pair each removed message with a new one that has exactly the same fields."""
    added_names = sorted(new.messages.keys() - old.messages.keys())
    gone = {name: old.messages[name] for name in old.messages.keys() - new.messages.keys()}
    twins = {
        name: next((other for other in added_names if message.fields and new.messages[other] == message), "")
        for name, message in gone.items()
    }
    return {name: twin for name, twin in twins.items() if twin}


def _messages(types: _Types) -> Iterator[Change]:
    old, new, renamed = types.old.messages, types.new.messages, types.renamed
    for name, other in renamed.items():
        yield Change(Level.SOURCE, "message-renamed", name, f"message {name} was renamed to {other}")
    staying = old.keys() - renamed.keys(), new.keys() - set(renamed.values())
    yield from _compare_names("message", *staying, removal_level=Level.SOURCE)
    for name in old.keys() & new.keys():
        yield from _fields(name, old[name], new[name], types)


def _compare_names(what: str, old: set[str], new: set[str], *, removal_level: Level) -> Iterator[Change]:
    """Yield the declarations that only one side has."""
    for name in old - new:
        yield Change(removal_level, f"{what}-removed", name, f"{what} {name} was removed")
    for name in new - old:
        yield Change(Level.ADDITIVE, f"{what}-added", name, f"{what} {name} was added")


def _fields(message: str, old: Message, new: Message, types: _Types) -> Iterator[Change]:
    for number, before in old.fields.items():
        path, after, moved = f"{message}.{before.name}", new.fields.get(number), new.field_named(before.name)
        if after is not None and after.name == before.name:
            yield from _compare_types(path, before, after, types)
        elif moved is not None:
            text = f"field {path} moved from number {number} to {moved.number}"
            yield Change(Level.WIRE, "field-moved", path, text)
            if str(moved) != str(before):
                yield from _compare_types(path, before, moved, types)
        elif after is not None:
            yield _judge_reuse(path, before, after, types, is_new=old.field_named(after.name) is None)
        else:
            note = "" if new.is_reserved(before) else "; its number is not reserved"
            yield Change(Level.SOURCE, "field-removed", path, f"field {path} (number {number}) was removed{note}")
    if (old.reserved, old.reserved_names) != (new.reserved, new.reserved_names):
        yield Change(Level.DOC, "reserved-changed", message, f"message {message} reserves other numbers or names")
    for after in new.fields.values():
        path = f"{message}.{after.name}"
        is_number_reused = after.number in old.fields  # reported above, for the field that had the number
        if old.field_named(after.name) is None and not is_number_reused and old.is_reserved(after):
            yield Change(Level.WIRE, "reserved-used", path, f"field {path} takes a reserved number or name")
        elif old.field_named(after.name) is None and not is_number_reused:
            yield Change(
                Level.ADDITIVE, "field-added", path, f"field {path} ({after}, number {after.number}) was added"
            )


def _judge_reuse(path: str, before: ProtoField, after: ProtoField, types: _Types, *, is_new: bool) -> Change:
    """Classify a number with a new name: a renamed field, or a different field."""
    if is_new and before.label == after.label and types.are_alike(before.type, after.type):
        text = f"field {path} (number {before.number}) became {after.name}"
        return Change(Level.SOURCE, "field-renamed", path, text, hint=f"probably renamed to {after.name}")
    text = f"field {path} was removed, and its number {before.number} is now {after.name} ({before} → {after})"
    return Change(Level.WIRE, "number-reused", path, text)


def _compare_types(path: str, before: ProtoField, after: ProtoField, types: _Types) -> Iterator[Change]:
    if before.label != after.label:
        yield Change(Level.WIRE, "label-changed", path, f"field {path} changed from {before} to {after}")
    elif before.type != after.type and types.renamed.get(before.type) != after.type:
        level = Level.SOURCE if types.are_alike(before.type, after.type) else Level.WIRE
        yield Change(level, "type-changed", path, f"field {path} changed from {before} to {after}")
    if before.oneof != after.oneof:
        text = f"field {path} moved from {_oneof(before)} to {_oneof(after)}"
        yield Change(Level.SOURCE, "oneof-changed", path, text)
    if before.is_optional != after.is_optional:
        text = f"field {path} {'now' if after.is_optional else 'no longer'} distinguishes absent from empty values"
        yield Change(Level.SOURCE, "presence-changed", path, text)
    if before.json_name != after.json_name:
        text = f"field {path} is {after.json_name} in JSON, no longer {before.json_name}"
        yield Change(Level.SOURCE, "json-name-changed", path, text)
    if before.is_deprecated != after.is_deprecated:
        yield _deprecated(f"field {path}", path, is_now=after.is_deprecated)


def _deprecated(what: str, path: str, *, is_now: bool) -> Change:
    return Change(Level.DOC, "deprecation", path, f"{what} is {'now' if is_now else 'no longer'} deprecated")


def _oneof(one: ProtoField) -> str:
    return f"oneof {one.oneof}" if one.oneof else "no oneof"


def _enums(old: Protocol, new: Protocol) -> Iterator[Change]:
    yield from _compare_names("enum", {*old.enums}, {*new.enums}, removal_level=Level.SOURCE)
    for name in old.enums.keys() & new.enums.keys():
        yield from _values(name, old.enums[name], new.enums[name])


def _values(enum_name: str, old: dict[str, int], new: dict[str, int]) -> Iterator[Change]:
    names = {number: value for value, number in reversed(new.items())}  # of several aliases, the first one
    for value, number in old.items():
        path = f"{enum_name}.{value}"
        if value in new and new[value] != number:
            text = f"value {path} changed from {number} to {new[value]}"
            yield Change(Level.WIRE, "value-changed", path, text)
        elif value not in new and number in names and names[number] not in old:
            text, hint = f"value {path} ({number}) became {names[number]}", f"probably renamed to {names[number]}"
            yield Change(Level.SOURCE, "value-renamed", path, text, hint=hint)
        elif value not in new:
            yield Change(Level.SOURCE, "value-removed", path, f"value {path} ({number}) was removed")
    for value, number in new.items():
        if value not in old and number not in old.values():
            path = f"{enum_name}.{value}"
            yield Change(Level.ADDITIVE, "value-added", path, f"value {path} ({number}) was added")


def _services(types: _Types) -> Iterator[Change]:
    old, new = types.old, types.new
    everywhere = {f"{service}/{name}": rpc for service, rpcs in new.services.items() for name, rpc in rpcs.items()}
    old_paths = {f"{service}/{name}" for service, rpcs in old.services.items() for name in rpcs}
    yield from _compare_names("service", {*old.services}, {*new.services}, removal_level=Level.WIRE)
    for service, rpcs in old.services.items():
        for name, rpc in rpcs.items():
            path = f"{service}/{name}"
            if path not in everywhere:
                hint = _successor(name, rpc, {other: everywhere[other] for other in everywhere.keys() - old_paths})
                yield Change(Level.WIRE, "rpc-removed", path, f"RPC {path} was removed", hint=hint)
            elif types.translated(rpc) != str(everywhere[path]):
                text = f"RPC {path} changed from {rpc} to {everywhere[path]}"
                yield Change(Level.WIRE, "rpc-changed", path, text)
            elif rpc.is_deprecated != everywhere[path].is_deprecated:
                yield _deprecated(f"RPC {path}", path, is_now=everywhere[path].is_deprecated)
    for path in everywhere.keys() - old_paths:
        yield Change(Level.ADDITIVE, "rpc-added", path, f"RPC {path} was added")


def _successor(name: str, rpc: Rpc, new_rpcs: dict[str, Rpc]) -> str:
    """Guess which new RPC replaces a removed RPC: the same name elsewhere, its plural, or the same messages."""
    for path, other in sorted(new_rpcs.items()):
        new_name = path.split("/")[1]
        if new_name in {name, f"{name}s"} or (other.request, other.response) == (rpc.request, rpc.response):
            return f"probably replaced by {path}"
    return ""
