"""The author's dataclasses as one JSON object, from which Grafana's config page and query editor are built.

Finds the options and the query model in a data source's annotations, and describes their fields (see `forms`). Runs in
the project's environment when the plugin is built, and imports the standard library only:
`python -m gfruntime.author.schema plugin.datasource:Datasource`.

Shape: `{version, pluginId, hash, config: {fields}, query: {fields}, capabilities}`, `own` (the forms of queries that
have their own method), and `examples`; a form has `migrates` if its class migrates. gfplug's
`frontend/editors/types.ts` defines the contract. `hash` covers the whole object, so that the running plugin can be
compared with its editors. The printed object also has `keys` from `keys.describe`, and `pluginSchema` from
`plugin_schema.describe`.
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

from gfruntime.author import examples, keys, migration, plugin_schema, reserved
from gfruntime.author.author_class import Author
from gfruntime.author.controls import SchemaError
from gfruntime.author.forms import annotation_error_text, form
from gfruntime.author.references import check_resources
from gfruntime.logs import places

if TYPE_CHECKING:
    from collections.abc import Sequence


def load(target: str) -> type:
    """Import the class that `module:Class` names.

    Raises: SchemaError if it cannot be imported (caused by the module's own exception) or has no such class.
    """
    module, _, name = target.partition(":")
    try:
        datasource = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # the build shows any failure of the author's module
        raise SchemaError(f"{target} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(datasource, type):
        raise SchemaError(f"{target} is not a class")
    return datasource


def describe(datasource: type, *, plugin_id: str = "") -> dict[str, Any]:
    """Describe a data source's config page and query editors.

    Raises: SchemaError if a field has no default, no form control, or a presentation that does not fit its type.
    """
    author = _inspect(datasource)
    reserved.check_routes(author)
    own = {name: _variable_form(author, model) for name, model in author.own_models.items()}
    schema: dict[str, Any] = {
        "version": 1,
        "config": _with_migration(form(author.options, config=True), author.options),
        "query": _variable_form(author, author.model),
        "capabilities": {"annotations": True, "variables": True, **_tags(author)},
        **({"own": own} if own else {}),
    }
    if described := examples.describe(author, schema["query"]["fields"]):
        schema["examples"] = described
    canonical = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return schema | {"pluginId": plugin_id, "hash": digest}


def _variable_form(author: Author, model: Any) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Describe the form of a variable query; the class lists the choices itself."""
    fields = form(model)
    check_resources(author, fields, getattr(model, "__name__", ""))
    reserved.check_filters(author, fields, getattr(model, "__name__", ""))
    return _with_migration(fields, model)


def _with_migration(fields: list[dict[str, Any]], model: Any) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Make a form of fields; `migrates` says that the class migrates saved values."""
    return {"fields": fields, **({"migrates": True} if migration.migrates(model) else {})}


def _tags(author: Author) -> dict[str, bool]:
    """Tell which lists of ad hoc filters the class has."""
    methods = {"tagKeys": "get_tag_keys", "tagValues": "get_tag_values"}
    return {key: True for key, method in methods.items() if method in author.methods}


def _inspect(datasource: type) -> Author:
    try:
        return Author.of(datasource)
    except (NameError, TypeError) as error:
        raise SchemaError(annotation_error_text(datasource, error)) from None


def _place_line(error: BaseException) -> str:
    """Describe in one line where the author's code raised; empty if other code raised."""
    is_syntax = isinstance(error, SyntaxError) and error.filename and error.lineno
    place = f"{error.filename}, line {error.lineno}" if is_syntax else places.place_of_error(error)  # type: ignore[attr-defined]
    return f"at {place}\n" if place else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a data source's schema as one line of JSON, the last line on standard output.

    A failure ends standard error with one sentence. If the author's module raised, its traceback comes first, and a
    line `at FILE, line N` of the author's code.
    """
    import argparse  # noqa: PLC0415  # not in bundles, which never run this

    parser = argparse.ArgumentParser(
        prog="python -m gfruntime.author.schema", description="Print a data source's UI schema."
    )
    parser.add_argument("datasource", metavar="MODULE:CLASS")
    parser.add_argument("--plugin-id", default="")
    parser.add_argument("--keys", action="store_true", help="print the keys that the class reads, not its form")
    options = parser.parse_args(arguments)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # keep print() calls of the author's module out of the result
            datasource = load(options.datasource)
            schema = {} if options.keys else describe(datasource, plugin_id=options.plugin_id)
            author = _inspect(datasource)
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
    os._exit(status)  # do not wait for threads of the author's module
