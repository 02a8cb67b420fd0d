"""The author's dataclasses as the one JSON object that Grafana's config page and query editor are drawn from.

Owns: finding the options and the query model in a data source's annotations, and describing their fields. Runs inside
the project's environment, when the plugin is built, and imports the standard library only:
`python -m gfruntime.author.schema plugin.datasource:Datasource`. `forms` owns the fields.

Shape: `{version, pluginId, hash, config: {fields}, query: {fields}, capabilities}`, and `own`, the forms of the queries
that have a method of their own; gfplug's `frontend/editors/types.ts` holds the contract. `hash` covers what the
dataclasses say, so the running plugin can be compared with its editors. What is printed has `keys` of `keys.describe`,
too, and `pluginSchema` of `plugin_schema.describe`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

from gfruntime.author import keys, plugin_schema, reserved
from gfruntime.author.author_class import Author
from gfruntime.author.controls import SchemaError
from gfruntime.author.forms import form, unresolved
from gfruntime.author.references import check_resources
from gfruntime.logs import places

if TYPE_CHECKING:
    from collections.abc import Sequence


def load(target: str) -> type:
    """Import the class that `module:Class` names.

    Raises: SchemaError, caused by whatever the module raised, if it cannot be imported or holds no such class.
    """
    module, _, name = target.partition(":")
    try:
        datasource = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever the author's module does, the build explains it
        raise SchemaError(f"{target} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(datasource, type):
        raise SchemaError(f"{target} is not a class")
    return datasource


def describe(datasource: type, *, plugin_id: str = "") -> dict[str, Any]:
    """Describe a data source's config page and query editors.

    Raises: SchemaError if a field has no default, no form control, or a presentation that does not fit its type.
    """
    author = _inspected(datasource)
    reserved.check_routes(author)
    own = {name: {"fields": _answered_form(author, model)} for name, model in author.own_models.items()}
    schema: dict[str, Any] = {
        "version": 1,
        "config": {"fields": form(author.options, config=True)},
        "query": {"fields": _answered_form(author, author.model)},
        "capabilities": {"annotations": True, "variables": True},
        **({"own": own} if own else {}),
    }
    canonical = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return schema | {"pluginId": plugin_id, "hash": digest}


def _answered_form(author: Author, model: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a type
    """Describe a query's fields, whose choices the class lists itself."""
    fields = form(model)
    check_resources(author, fields, getattr(model, "__name__", ""))
    return fields


def _inspected(datasource: type) -> Author:
    try:
        return Author.of(datasource)
    except (NameError, TypeError) as error:
        raise SchemaError(unresolved(datasource, error)) from None


def _place_line(error: BaseException) -> str:
    """Say on one line where the author's code raised; nothing where no line of it did."""
    is_syntax = isinstance(error, SyntaxError) and error.filename and error.lineno
    place = f"{error.filename}, line {error.lineno}" if is_syntax else places.of_error(error)  # type: ignore[attr-defined]
    return f"at {place}\n" if place else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a data source's schema as one line of JSON, the last line on standard output.

    A failure ends standard error with its one sentence. Where the author's module raised, its traceback comes first,
    and a line `at FILE, line N` of the author's.
    """
    import argparse  # noqa: PLC0415  # not in bundles, which never run this

    parser = argparse.ArgumentParser(
        prog="python -m gfruntime.author.schema", description="Print a data source's UI schema."
    )
    parser.add_argument("datasource", metavar="MODULE:CLASS")
    parser.add_argument("--plugin-id", default="")
    parser.add_argument("--keys", action="store_true", help="print which keys are read, and no form")
    options = parser.parse_args(arguments)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a print() in the author's module is not the answer
            datasource = load(options.datasource)
            schema = {} if options.keys else describe(datasource, plugin_id=options.plugin_id)
            author = _inspected(datasource)
            if schema:
                schema["pluginSchema"] = plugin_schema.describe(author, schema)
            schema["keys"] = keys.describe(author)
    except SchemaError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
            sys.stderr.write(_place_line(error.__cause__))
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(schema, sort_keys=True, allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # a thread that the author's module started must not keep the build waiting
