"""Smoke test: start a plugin, and check its handshake, health and one query with the plugin's defaults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gfplug.errors import ToolError
from gfplug.host import failures
from gfplug.host.convert import Query
from gfplug.host.launch import launch
from gfplug.host.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gfplug.host.convert import Health
    from gfplug.host.launch import Ending
    from gfplug.host.logs import Logs
    from gfplug.host.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoke:
    """The result of a smoke test.

    Units: both times are milliseconds since the start of the process; the first answer is the answer to the query,
    after the health check.
    """

    handshake_ms: float
    first_answer_ms: float
    health: Health
    ended: Ending


def smoke(target: Target, settings: Mapping[str, Any] | None = None, *, timeout: float = 60.0) -> Smoke:
    """Start a plugin, request health and one query, and end it.

    Settings are those of a provisioning file. The health may be bad and the query may fail, because the plugin's
    upstream may not be reachable here.
    Raises: ToolError with the plugin's message if it can't start, load its code, or answer a call, or if an answer
    shows that a part of the bundle is missing.
    """
    source = Settings.from_mapping(settings or {})
    endings: list[Ending] = []
    with launch(target, timeout=timeout, ended=endings.append) as plugin:
        health = plugin.check_health(source, timeout=timeout)
        if failure := health.details.get("loadError"):
            details = str(health.details.get("verboseMessage", "")) or plugin.logs.tail()
            hint = failures.remedy(f"{failure}\n{details}")
            raise ToolError(f"the plugin's code cannot be loaded: {failure}", hint=hint, details=details)
        _require_parts("health", [health.message, str(health.details.get("verboseMessage", ""))], plugin.logs)
        end = datetime.now(UTC)
        query = Query(start=end - timedelta(hours=1), end=end, interval=timedelta(seconds=30), max_data_points=100)
        answers = plugin.query_data([query], source, timeout=timeout)
        first_answer_ms = plugin.age_ms()
        handshake_ms = plugin.handshake_ms
        _require_parts("the query", [answer.error for answer in answers.values()], plugin.logs)
    return Smoke(handshake_ms=handshake_ms, first_answer_ms=first_answer_ms, health=health, ended=endings[0])


def _require_parts(what: str, texts: Iterable[str], logs: Logs) -> None:
    """Raise ToolError if the plugin's texts show that a module or a file is missing in its bundle."""
    for text in texts:
        if hint := failures.missing_part(text):
            raise ToolError(f"{what} failed in the bundle: {text}", hint=hint, details=logs.tail())
