"""CallResource: HTTP requests to the data source's resources, answered at once or as a stream."""

from __future__ import annotations

import json
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from gfruntime.author import routes
from gfruntime.author.reserved import MIGRATE, SCHEMA
from gfruntime.calls import answers, convert, decoding, iterate, tags
from gfruntime.calls.endpoint import call_error
from gfruntime.calls.mismatches import SETTINGS
from gfruntime.errors import PluginError, QueryError
from gfruntime.request import headers
from gfruntime.request.services import Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gfruntime.calls.endpoint import ActiveCall
    from gfruntime.calls.runner import Runner

_HAS_NO_BODY = (204, 304)


class Resources:
    """Answers HTTP requests with the author's routes, then with `call_resource`."""

    def __init__(self, runner: Runner) -> None:
        """Store the runner, which calls the author's methods."""
        self._runner = runner
        self._has_fallback = "call_resource" in runner.author.methods

    async def answer(self, call: ActiveCall) -> AsyncGenerator[bytes, None]:
        """Yield the messages of an answer: the first has code and headers; a failure before it becomes JSON."""
        try:
            request = _request(call)
            parts = self._parts(await self._respond(request, call), is_bare=request.method.upper() == "HEAD")
            first = await anext(parts)
        except Exception as error:  # noqa: BLE001  # HTTP has words for failures
            failure = call.record_failure(error)
            text = failure.message if isinstance(error, PluginError) else "the plugin failed; its log says why"
            yield answers.resource_error(failure.status, text)
            return
        yield first
        async with aclosing(parts):
            try:
                async for part in parts:
                    yield part
            except Exception as error:  # too late for a status: the body ends here
                call.record_failure(error)
                raise call_error(error) from error

    async def _respond(self, request: Request, call: ActiveCall) -> Response:
        path, verb = request.path.strip("/"), request.method.upper()
        if path == SCHEMA:
            return self._schema(request) if verb in ("GET", "HEAD") else routes.not_allowed(request, ["GET"])
        if path == MIGRATE:
            return await self._migrate(request) if verb == "POST" else routes.not_allowed(request, ["POST"])
        if method := tags.method_of(self._runner.author, request.path):
            if verb != "POST":
                return routes.not_allowed(request, ["POST"])
            ask = partial(tags.call, method=method, request=request)
            return tags.response(method, await self._runner.apply(method, call.source, ask))
        match = routes.match(self._runner.author.routes, request)
        result: object
        if isinstance(match, routes.Match):
            respond = partial(routes.call, match=match, request=request)
            result = routes.response(await self._runner.apply(match.name, call.source, respond))
        elif self._has_fallback:
            result = await self._runner.call("call_resource", call.source, request)
        else:
            result = match or routes.not_found(request)
        if not isinstance(result, Response):
            raise TypeError(f"the resource returned {type(result).__name__}; expected a Response")
        return result

    def _schema(self, request: Request) -> Response:
        from gfruntime.author import controls, keys, schema  # noqa: PLC0415  # seldom needed

        make: Any = self._runner.author.make
        read = {"keys": keys.describe(self._runner.author)}
        try:
            return Response.json(schema.describe(make, plugin_id=request.context.plugin_id) | read)
        except controls.SchemaError as error:  # with a custom frontend, the dataclasses need no form
            return Response.json({"message": str(error), "isSchemaError": True, **read}, status=404)

    async def _migrate(self, request: Request) -> Response:
        """Return a saved query, or options, migrated to today's class: `{"query": {…}}` or `{"options": {…}}`."""
        author = self._runner.author
        body = decoding.json_object(request.body, "the request")
        name = "options" if "options" in body else "query"
        values = body.get(name)
        if not isinstance(values, dict):
            raise QueryError('the request needs an object "query" or "options"')
        model = author.options if name == "options" else author.model_of(values.get("queryType"))
        what, text = SETTINGS if name == "options" else convert.QUERY, json.dumps(values).encode()

        async def migrate() -> bytes:
            return convert.migrate(model, text, what)

        migrated = await self._runner.run("query" if "query" in author.methods else "query_batch", migrate)
        return Response.json({name: json.loads(migrated)})

    async def _parts(self, response: Response, *, is_bare: bool) -> AsyncGenerator[bytes, None]:
        _require_legal(response)
        head = answers.resource_head(response)
        is_empty = is_bare or response.status in _HAS_NO_BODY
        body: Any = response.body
        if isinstance(body, (bytes, bytearray, memoryview, str)):
            for part in answers.resource_body(b"" if is_empty else body):
                yield head + part
                head = b""
            return
        async with aclosing(iterate.body(body, runner=self._runner, encode=answers.resource_body)) as chunks:
            async for parts in chunks:
                if is_empty:  # the body's generator has started, so it can be closed
                    break
                for part in parts:
                    yield head + part
                    head = b""
        if head:  # an empty body still has a status
            yield head


def _require_legal(response: Response) -> None:
    """Refuse headers that would become other headers on the way: HTTP ends a header at a line break.

    Raises: ValueError naming the header.
    """
    for name, value in response.headers.items():
        for each in [value] if isinstance(value, str) else value:
            if not headers.is_legal(name, each):
                raise ValueError(f"the response has a header that HTTP does not allow: {name!r}: {each!r}")


def _request(call: ActiveCall) -> Request:
    message = call.request
    return Request(
        path=message.path,
        method=message.method or "GET",
        url=message.url,
        headers=headers.merge_names({key: item.values for key, item in message.headers.items()}),
        body=message.body,
        context=call.incoming.context,
        cancel=call.cancel,
    )
