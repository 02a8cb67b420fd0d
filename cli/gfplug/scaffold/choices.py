"""The choices of `gfplug new`, in a separate module, so that the command's help imports nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

SUMMARIES: dict[str, str] = {
    "signals": "waves computed from the clock; needs nothing (default)",
    "http": "a JSON API over HTTP, with a URL and a token",
    "sql": "a database by its address: SQLite, PostgreSQL, DuckDB, MySQL, Flight SQL and others",
    "dataframe": "Parquet files, read lazily with polars, which filters while it reads",
    "logs": "log lines from files for Explore, by level and search, and their counts for alert rules",
    "distributed": "your own Python on a Dask cluster: the plugin gets only the result",
    "stream": "Grafana Live: a panel that updates by itself, and the same numbers for alert rules",
}
"""The examples of `gfplug new`, with their descriptions; the first is the default."""

Mode = Literal["backend", "hybrid"]
Frontend = Literal["schema", "react"]
if TYPE_CHECKING:
    Example = str
else:
    Example = Literal[tuple(SUMMARIES)]
EXAMPLES = tuple(SUMMARIES)
MODES: tuple[str, ...] = get_args(Mode)
FRONTENDS: tuple[str, ...] = get_args(Frontend)
ADOPTED = "adopted"
"""The frontend of an existing plugin; only `gfplug adopt` sets it."""

UPSTREAM = "openapi"
"""The example of a project that is created from an API's description; only `--openapi` sets it."""

LICENSES = ("Apache-2.0", "MIT", "BSD-3-Clause", "proprietary")
"""The licences of a project, by their SPDX names; `proprietary` means that all rights stay with the author."""

FREE_ANSWERS = ("title", "description", "author")
"""The answers that can be any line of text; `--data` sets them."""

DATA = (*FREE_ANSWERS, "license", "gfplug")
"""The answers that `--data` sets."""
