"""The Grafana apps that show a query field, and whether its last value is reused for the next query.

Raises an error that names class and field for settings that cannot work. Uses the standard library only, because it
runs when the plugin is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from gfruntime.author.controls import SchemaError
from gfruntime.author.ui import App

if TYPE_CHECKING:
    from gfruntime.author.ui import Ui

APPS = get_args(App)


def describe(ui: Ui, field_path: str) -> dict[str, Any]:
    """Return `apps` and `remember` of a field as JSON.

    Raises: SchemaError if Grafana has no app with this name.
    """
    if isinstance(ui.apps, str) or not all(app in APPS for app in ui.apps):
        raise SchemaError(f"{field_path}: apps expects a list of {', '.join(APPS)}; got {ui.apps!r}")
    return {**({"apps": list(ui.apps)} if ui.apps else {}), **({"remember": True} if ui.remember else {})}


def check(fields: list[dict[str, Any]], path: str, *, config: bool) -> None:
    """Refuse required fields that some apps hide, and values that cannot be remembered.

    Raises: SchemaError naming the field.
    """
    for field in fields:
        field_path, rows = f"{path}.{field['name']}", field.get("fields", [])
        if config and any("apps" in each or "remember" in each for each in (field, *rows)):
            raise SchemaError(f"{field_path}: apps and remember work only on fields of a query")
        if "apps" in field and field.get("required"):
            raise SchemaError(f"{field_path}: some apps hide it, so it can't be required")
        if (field["kind"] == "list" and "remember" in field) or any("remember" in each for each in rows):
            raise SchemaError(f"{field_path}: remember does not work on rows")
        check(rows, field_path, config=config)
