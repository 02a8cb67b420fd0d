"""Messages of one proto, created at run time: gfplug uses the version of each plugin.

The messages are in a private descriptor pool, so that several versions can exist in one process.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gfplug import sdk
from gfplug.errors import ToolError, UsageError
from gfplug.sdk import stubs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from google.protobuf.descriptor import MethodDescriptor
    from google.protobuf.message import Message


@lru_cache(maxsize=8)
def protocol(text: bytes) -> MessageFactory:
    """Return the protocol of a proto text, compiled once.

    Raises: IntegrityError if it is not a pluginv2 proto; ToolError if protoc fails.
    """
    return MessageFactory(text)


class MessageFactory:
    """The `pluginv2` services of one proto text."""

    def __init__(self, text: bytes) -> None:
        """Compile the text; see `protocol`."""
        from google.protobuf import descriptor_pool  # noqa: PLC0415 - heavy

        any_version = sdk.FLOOR  # any version works: only the text matters
        descriptor_set = stubs.describe(sdk.ProtoSet(version=any_version, text=text, source="file"))
        stubs.check(descriptor_set)
        self._pool = descriptor_pool.DescriptorPool()
        for file in descriptor_set.file:
            self._pool.Add(file)

    def method(self, service: str, method: str) -> MethodDescriptor:
        """Return a method.

        Raises: ToolError if this proto does not have it yet.
        """
        try:
            return self._pool.FindServiceByName(f"pluginv2.{service}").methods_by_name[method]
        except KeyError:
            problem = f"the SDK release of this project has no {service}.{method}"
            raise ToolError(problem, hint="`gfplug proto upgrade` moves the project to a newer one") from None

    def request(
        self, service: str, method: str, values: Mapping[str, Any]
    ) -> tuple[Message, Callable[[Message], bytes], Callable[[bytes], Message]]:
        """Make a method's request from plain values; return it with its serializer and its response's parser.

        Fields that this version does not have are left out.
        """
        from google.protobuf import message_factory  # noqa: PLC0415 - heavy

        descriptor = self.method(service, method)
        request = message_factory.GetMessageClass(descriptor.input_type)
        response = message_factory.GetMessageClass(descriptor.output_type)
        return fill(request(), values), request.SerializeToString, response.FromString


def fill(message: Message, values: Mapping[str, Any]) -> Message:
    """Set a message's fields from plain values: mappings for messages and maps, sequences for repeated fields.

    Raises: UsageError for a text that is not Unicode, or a number that does not fit.
    """
    from google.protobuf import json_format  # noqa: PLC0415 - heavy

    try:
        return json_format.ParseDict(_to_json(values), message, ignore_unknown_fields=True)
    except json_format.ParseError as error:
        problem = str(error).rpartition(": ")[2]  # keep only the field's name: the value may be a secret
        raise UsageError(
            f"the request cannot be sent: {problem}", hint="text must be Unicode, and numbers must fit 64 bits"
        ) from error


def _to_json(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value in protobuf's JSON form, in which bytes are base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    return [_to_json(item) for item in value] if isinstance(value, list) else value
