"""What a project's classes make of saved queries and options: `python -m gfruntime.author.saved MODULE:CLASS FILE`.

Runs in the project's environment, when `gfplug check` looks at dashboards and provisioned files. FILE is a JSON list of
`[of, saved]`, where `of` is "options", "variable", "annotation" or another query's type. What is printed, as the last
line on standard output, is a list with an object for each: `{error}`, or `{migrated, isChanged, isStable}`.
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


def migrate(author: Author, of: str, saved: dict[str, Any]) -> dict[str, Any]:
    """Migrate what was saved, and the outcome once more: a class is given what it returned, too."""
    model = author.options if of == "options" else author.model_of(of)
    if not migration.migrates(model):
        return {"migrated": saved, "isChanged": False, "isStable": True}
    try:
        migrated = json.loads(migration.migrate(model, copy.deepcopy(saved), of))
        again = json.loads(migration.migrate(model, copy.deepcopy(migrated), of))
    except DecodeError as error:
        return {"error": str(error).removeprefix(f"{of}: ")}
    is_changed = _without_grafanas(migrated) != _without_grafanas(saved)
    return {"migrated": migrated, "isChanged": is_changed, "isStable": again == migrated}


def _without_grafanas(saved: dict[str, Any]) -> dict[str, Any]:
    """Leave out what Grafana sets on every query: a class may leave it out, too."""
    return {key: value for key, value in saved.items() if key not in unread.QUERY}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the class makes of a file's content; a failure ends standard error with its one sentence."""
    target, path = sys.argv[1:] if arguments is None else arguments
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a print() in the author's code is not the answer
            author = Author.of(schema.load(target))
            outcomes = [migrate(author, of, saved) for of, saved in json.loads(Path(path).read_bytes())]
    except SchemaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(outcomes) + "\n")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # a thread that the author's module started must not keep the check waiting
