"""Where in Grafana a field of a query is shown, and whether its last value is kept for the next query.

Refuses, in one sentence that names class and field, what could not work. The standard library only: it runs when the
plugin is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from gfruntime.author.controls import SchemaError
from gfruntime.author.ui import App

if TYPE_CHECKING:
    from gfruntime.author.ui import Ui

APPS = get_args(App)


def described(ui: Ui, where: str) -> dict[str, Any]:
    """List what `apps` and `remember` say of a field, as JSON has it.

    Raises: SchemaError if Grafana has no app of a name.
    """
    if isinstance(ui.apps, str) or not all(app in APPS for app in ui.apps):
        raise SchemaError(f"{where}: apps expects a list of {', '.join(APPS)}; got {ui.apps!r}")
    return {**({"apps": list(ui.apps)} if ui.apps else {}), **({"remember": True} if ui.remember else {})}


def check(fields: list[dict[str, Any]], path: str, *, config: bool) -> None:
    """Refuse fields that no user could fill in, and values that nothing could remember.

    Raises: SchemaError naming the field.
    """
    for field in fields:
        where, rows = f"{path}.{field['name']}", field.get("fields", [])
        if config and any("apps" in each or "remember" in each for each in (field, *rows)):
            raise SchemaError(f"{where}: apps and remember are for fields of a query")
        if "apps" in field and field.get("required"):
            raise SchemaError(f"{where}: not all apps show it, so it can't be required")
        if (field["kind"] == "list" and "remember" in field) or any("remember" in each for each in rows):
            raise SchemaError(f"{where}: rows can't be remembered")
        check(rows, where, config=config)
