"""Migrate a project's saved queries and options: `python -m gfruntime.author.saved MODULE:CLASS FILE`.

`gfplug check` runs it in the project's environment to check dashboards and provisioning files. FILE is a JSON list of
`[kind, saved]`, where `kind` is "options", "variable", "annotation" or another query's type. The last line of the
output is a JSON list with one object for each: `{error}`, or `{migrated, isChanged, isStable}`.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfruntime.author import migration, schema, unread
from gfruntime.author.author_class import Author
from gfruntime.author.controls import SchemaError
from gfruntime.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence


def migrate(author: Author, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Migrate a saved value, and then the result, which should not change: a class also receives migrated values."""
    model = author.options if kind == "options" else author.model_of(kind)
    if not migration.migrates(model):
        return {"migrated": values, "isChanged": False, "isStable": True}
    try:
        migrated = json.loads(migration.migrate(model, copy.deepcopy(values), kind))
        again = json.loads(migration.migrate(model, copy.deepcopy(migrated), kind))
    except DecodeError as error:
        return {"error": str(error).removeprefix(f"{kind}: ")}
    is_changed = _without_grafana_keys(migrated) != _without_grafana_keys(values)
    return {"migrated": migrated, "isChanged": is_changed, "isStable": again == migrated}


def _without_grafana_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Remove the keys that Grafana sets on every query, because a class may drop them."""
    return {key: value for key, value in values.items() if key not in unread.QUERY}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the migrated values of a file as JSON; a failure ends standard error with one sentence."""
    target, path = sys.argv[1:] if arguments is None else arguments
    try:
        with contextlib.redirect_stdout(sys.stderr):  # keep print() calls of the author's code out of the result
            author = Author.of(schema.load(target))
            outcomes = [migrate(author, kind, values) for kind, values in json.loads(Path(path).read_bytes())]
    except SchemaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(outcomes) + "\n")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # do not wait for threads of the author's module
