"""`gfplug call health`."""

from __future__ import annotations

import json

from gfplug import console
from gfplug.commands.call import call_options
from gfplug.errors import ToolError


@call_options.takes_call_options
def health(*, call: call_options.CallOptions) -> None:
    """Check the data source's health, as "Save & test" does."""
    from gfplug.host import failures  # noqa: PLC0415 - `--help` need not wait for it

    with call.running() as (plugin, settings):
        reply = plugin.check_health(settings, timeout=call.timeout)
    if call.as_json:
        console.result_json({"status": reply.status, "message": reply.message, "details": reply.details})
    else:
        console.result(f"{reply.status}: {reply.message}" if reply.message else reply.status)
        for key, value in reply.details.items():
            console.result(f"{key}: {value if isinstance(value, str) else json.dumps(value)}")
    if reply.status != "OK":
        text = "\n".join([reply.message, *map(str, reply.details.values())])
        raise ToolError(
            f"the data source is not healthy: {reply.status}", hint=failures.remedy(text) or plugin.logs.hint()
        )
