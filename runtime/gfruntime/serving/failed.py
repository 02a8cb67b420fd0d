"""The application of a plugin that could not be loaded: Grafana shows the reason, not only "plugin failed".

It uses neither the generated code nor pyarrow, because they may be the cause.
"""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING

from gfruntime import wire
from gfruntime.errors import sentence
from gfruntime.logs import masking
from gfruntime.serving.methods import Application, Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ERROR = 2  # pluginv2.CheckHealthResponse.HealthStatus


def application(error: BaseException) -> Application:
    """Log a load error once, and answer every call with it."""
    logging.getLogger("gfruntime").error(
        "The plugin could not be loaded", exc_info=(type(error), error, error.__traceback__)
    )
    message, details = sentence(error), details_of(error)

    async def check_health(_message: bytes, _call: Call) -> bytes:
        return wire.health_response(status=_ERROR, message=message, details=details)

    async def query_data(request: bytes, _call: Call) -> bytes:
        response = wire.data_response(error=message, status=500, source="plugin")
        return wire.query_data_response((ref_id, response) for ref_id in dict.fromkeys(wire.ref_ids(request)))

    async def collect_metrics(_message: bytes, _call: Call) -> bytes:
        return b""

    async def call_resource(_message: bytes, _call: Call) -> AsyncIterator[bytes]:
        body = json.dumps({"message": message}, ensure_ascii=False).encode("utf-8", "replace")
        yield wire.resource_response(code=500, content_type="application/json", body=body)

    return Application(
        unary={
            "/pluginv2.Diagnostics/CheckHealth": check_health,
            "/pluginv2.Diagnostics/CollectMetrics": collect_metrics,
            "/pluginv2.Data/QueryData": query_data,
        },
        streams={"/pluginv2.Resource/CallResource": call_resource},
    )


def details_of(error: BaseException) -> bytes:
    """Return the details of a load error for the health response: JSON."""
    stack = masking.hide("".join(traceback.format_exception(error)))
    text = json.dumps({"loadError": sentence(error), "verboseMessage": stack}, ensure_ascii=False)
    return text.encode("utf-8", "replace")
