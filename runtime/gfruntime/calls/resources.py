"""CallResource: HTTP to the data source's own resources, answered whole or as it comes."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from gfruntime.author import routes
from gfruntime.calls import answers
from gfruntime.calls.caller import call_error
from gfruntime.errors import PluginError, failure_of
from gfruntime.request.vocabulary import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gfruntime.calls.caller import Caller
    from gfruntime.calls.observe import call as Observed  # noqa: N812  # a class that is used as a verb
    from gfruntime.calls.sources import Source
    from gfruntime.request.vocabulary import Request

SCHEMA = "gfplug/schema"
"""Where the schema of the author's dataclasses is; the one in module.js is the same, or the editors are older."""

_HAS_NO_BODY = (204, 304)


class Resources:
    """Answers HTTP requests with the author's routes, then with `call_resource`."""

    def __init__(self, caller: Caller) -> None:
        """Keep how to call."""
        self._caller = caller
        self._has_fallback = "call_resource" in caller.author.methods

    async def answer(self, request: Request, source: Source, seen: Observed) -> AsyncIterator[bytes]:
        """Give the messages of an answer: code and headers are in the first, and every failure before it is JSON."""
        parts = None
        try:
            response = await self._ask(request, source)
            parts = self._parts(response, is_bare=request.method.upper() == "HEAD")
            first = await anext(parts)
        except Exception as error:  # noqa: BLE001  # HTTP has words for failures
            failure = failure_of(error)
            seen.failed(failure, error)
            shown = failure.message if isinstance(error, PluginError) else "the plugin failed; its log says why"
            yield answers.resource_error(failure.status, shown)
            return
        yield first
        async with aclosing(parts):  # type: ignore[type-var]  # a generator
            try:
                async for part in parts:
                    yield part
            except Exception as error:  # too late for a status: the body ends here
                seen.failed(failure_of(error), error)
                raise call_error(error) from error

    async def _ask(self, request: Request, source: Source) -> Response:
        if (request.method, request.path.strip("/")) == ("GET", SCHEMA):
            return self._schema(request)
        found = routes.match(self._caller.author.routes, request)
        result: object
        if isinstance(found, routes.Match):
            result = routes.response(await self._caller.ask(found.name, source, request, **found.parts))
        elif self._has_fallback:
            result = await self._caller.ask("call_resource", source, request)
        else:
            result = found or routes.not_found(request)
        if not isinstance(result, Response):
            raise TypeError(f"the resource returned {type(result).__name__}; expected a Response")
        return result

    def _schema(self, request: Request) -> Response:
        from gfruntime.author import controls, schema  # noqa: PLC0415  # hardly ever asked for

        try:
            make: Any = self._caller.author.make
            return Response.json(schema.describe(make, plugin_id=request.context.plugin_id))
        except controls.SchemaError as error:  # a frontend of its own may have dataclasses that no form shows
            return Response.json({"message": str(error)}, status=404)

    async def _parts(self, response: Response, *, is_bare: bool) -> AsyncIterator[bytes]:
        head = answers.resource_head(response)
        body: Any = b"" if is_bare or response.status in _HAS_NO_BODY else response.body
        if isinstance(body, (bytes, bytearray, memoryview, str)):
            for part in answers.resource_body(body):
                yield head + part
                head = b""
            return
        async with aclosing(self._caller.body(body, answers.resource_body)) as chunks:  # type: ignore[type-var]
            async for parts in chunks:
                for part in parts:
                    yield head + part
                    head = b""
        if head:  # a body of nothing still has a status
            yield head
