"""Send a new project its first query, with a mock instead of its API."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gfplug import process
from gfplug.commands.call import call_options, query_options
from gfplug.commands.call.query import query

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gfplug.scaffold.openapi.stored_model import StoredModel


def ask_mock(project: Path, upstream: StoredModel, *, python: Path | None = None) -> None:
    """Run the mock and the plugin, send the query, and print the answer as `gfplug call query` does.

    Without `python`, the plugin runs in the project's environment, which this function creates first.

    Raises: ToolError if the mock does not start; else as `gfplug call query` does.
    """
    from gfplug.host import api_mock  # noqa: PLC0415 - a command's imports are its own

    with api_mock.running(project) as url:
        what = query_options.QueryOptions(model=[_data(upstream)["table_query"]])
        call = call_options.CallOptions(target=project, url=url, python=python)
        query(**_values(what), **_values(call))


def hints(upstream: StoredModel) -> list[str]:
    """Return the commands that run the mock and send the project's first query."""
    query_line = f"gfplug call query --url http://localhost:8000 --model {_data(upstream)['table_model']}"
    return [process.in_background("python", "src/upstream/mock.py"), query_line]


def _data(upstream: StoredModel) -> Mapping[str, str]:
    from gfplug.scaffold.openapi import upstream_files  # noqa: PLC0415 - as above

    return upstream_files.write_upstream(upstream).data


def _values(group: query_options.QueryOptions | call_options.CallOptions) -> dict[str, Any]:
    """Return the options of a group by their names."""
    return {each.name: getattr(group, each.name) for each in dataclasses.fields(group)}
