"""The options of a query, for `gfplug call query` and `gfplug call chunked`, and the queries that they define."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug.commands.call.call_options import QueryModel
from gfplug.host import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.host.call import QueryRange
    from gfplug.host.convert import Query
    from gfplug.host.variable_formats import Variable

_Texts = list[str] | None
_START, _END, _MAX_DATA_POINTS = "now-1h", "now", 100


@dataclass(frozen=True, kw_only=True)
class QueryOptions:
    """The queries, their range and their headers; typer reads the fields."""

    start: Annotated[
        str, typer.Option("--from", help="Start of the range: now-6h, milliseconds since 1970, or ISO 8601.")
    ] = _START
    end: Annotated[str, typer.Option("--to", help="End of the range, written as --from.")] = _END
    interval: Annotated[
        str | None, typer.Option(help="Time between points: 30s, 5m; default: computed from the range.")
    ] = None
    max_data_points: Annotated[int, typer.Option(min=1, help="The highest number of points that a panel can show.")] = (
        _MAX_DATA_POINTS
    )
    model: Annotated[
        _Texts,
        typer.Option(
            metavar="JSON|@FILE", help="A query; repeat it for queries A, B, ...; default: the plugin's defaults."
        ),
    ] = None
    assign: Annotated[_Texts, typer.Option("--set", metavar="KEY=VALUE", help="Set one field of every query.")] = None
    var: Annotated[
        _Texts,
        typer.Option(
            metavar="NAME=VALUE", help="A dashboard variable, which replaces $NAME; repeat it for more values."
        ),
    ] = None
    header: Annotated[_Texts, typer.Option(metavar="'NAME: VALUE'", help="A header that Grafana forwards.")] = None

    @property
    def option_names(self) -> set[str]:
        """The names of the options that the user set."""
        is_set = {
            "--from": self.start != _START,
            "--to": self.end != _END,
            "--interval": self.interval is not None,
            "--max-data-points": self.max_data_points != _MAX_DATA_POINTS,
            "--model": bool(self.model),
            "--set": bool(self.assign),
            "--var": bool(self.var),
            "--header": bool(self.header),
        }
        return {name for name, value in is_set.items() if value}

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers as a plugin receives them."""
        return arguments.request_headers(self.header or [])

    @cached_property
    def models(self) -> list[dict[str, Any]]:
        """The models of the queries, each with the fields of `--set`; variables are not replaced yet.

        Raises: UsageError if a query can't be read.
        """
        shared = arguments.assignments(self.assign or [], option="--set")
        return [arguments.merge(arguments.model(text), shared) for text in self.model or ["{}"]]

    @cached_property
    def ref_ids(self) -> list[str]:
        """The ref ids of the queries.

        Raises: UsageError for a ref id that Grafana does not accept.
        """
        return arguments.ref_ids(self.models)

    @cached_property
    def variables(self) -> dict[str, Variable]:
        """The dashboard's variables.

        Raises: UsageError if a variable can't be read.
        """
        from gfplug.host import variables  # noqa: PLC0415 - `--help` need not wait for it

        return variables.from_pairs(arguments.pair(text, "--var") for text in self.var or [])

    def check(self) -> None:
        """Read all options.

        Raises: UsageError if an option can't be read.
        """
        _ = self.headers, self.models, self.ref_ids, self.variables

    @property
    def typed(self) -> list[QueryModel]:
        """The typed part of each model, with its option."""
        shared = arguments.assignments(self.assign or [], option="--set")
        queries: list[QueryModel] = []
        for text, model in zip(self.model or ["{}"], self.models, strict=True):
            kind = {"queryType": model["queryType"]} if "queryType" in model else {}
            parts = {"--model": arguments.model(text), "--set": shared}
            queries += [QueryModel(option, {**part, **kind}) for option, part in parts.items() if part]
        return queries

    @property
    def span(self) -> QueryRange:
        """The range of the queries."""
        from gfplug.host.call import QueryRange  # noqa: PLC0415 - as above

        return QueryRange(start=self.start, end=self.end, interval=self.interval, max_data_points=self.max_data_points)

    def queries(self, caller: Mapping[str, str]) -> list[Query]:
        """Make the queries as a panel sends them now, with all variables replaced.

        Raises: UsageError for a time or duration that can't be read.
        """
        from gfplug.host import call  # noqa: PLC0415 - as above

        now, span = datetime.now(UTC), self.span
        queries = [
            call.make_query(span, model=model, now=now, ref_id=ref_id)
            for model, ref_id in zip(self.models, self.ref_ids, strict=True)
        ]
        return [call.interpolate_query(query, self.variables, caller) for query in queries]
