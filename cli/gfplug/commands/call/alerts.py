"""`gfplug call query --alert` and `--when`: evaluate alert rules on the plugin's answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gfplug import console
from gfplug.commands.call.call_options import QueryModel
from gfplug.errors import GfplugError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gfplug.commands.call.call_options import CallOptions
    from gfplug.commands.call.query_options import QueryOptions
    from gfplug.host.alerting import Rule, RuleResult

_STYLES = {"would fire": "red", "would not fire": "green", "would be without data": "yellow"}
_HINT = "name a condition: --when 'last > 0'"


def evaluate(call: CallOptions, condition: str | None, what: QueryOptions) -> None:
    """Evaluate the condition of `--when`, or the project's alert rules, and print the state of each label set.

    Raises: UsageError if there is no rule; ToolError if a rule would fail, or is certainly a mistake.
    """
    from gfplug.host import rehearsal  # noqa: PLC0415 - `--help` need not wait for it

    rules = _rules(call.target, condition, what)
    provisioned = [QueryModel(f"the rule {rule.title!r}", rule.model, is_typed=False) for rule in rules]
    with call.running() as (plugin, settings):
        call.require_fields(plugin, what.typed if condition else provisioned)
        results = rehearsal.rehearse(plugin, rules, settings, now=datetime.now(UTC), timeout=call.timeout)
    if call.as_json:
        console.result_json([rehearsal.result_json(rule, result) for rule, result in results])
    for rule, result in results:
        for warning in result.warnings:
            console.note(f"warning: {rule.title}: {warning}")
        if not call.as_json:
            _show(rule, result)
    for rule, result in results:
        if result.error:
            raise ToolError(f"the rule {rule.title!r} would end with an error: {result.error}", hint=result.hint)
        if result.mistake:
            raise ToolError(f"the rule {rule.title!r} {result.mistake}", hint=result.hint)


def _rules(target: Path, condition: str | None, what: QueryOptions) -> Sequence[Rule]:
    """Return the rule of `--when`, or those of the project's provisioning.

    Raises: UsageError if there is no rule.
    """
    from gfplug.host import alerting, variables  # noqa: PLC0415 - as above
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    if condition is not None:
        model = variables.interpolate(what.models[0], what.variables)
        return [replace(alerting.condition(condition, model=model), ref_id=what.ref_ids[0])]
    try:
        project = Project.find(target)
    except GfplugError as error:
        raise UsageError(f"--alert: {error.message}", hint=_HINT) from error
    rules = alerting.read_rules(project.root / "provisioning" / "alerting")
    if not rules:
        raise UsageError("--alert: the project provisions no alert rule", hint=_HINT)
    return rules


def _show(rule: Rule, result: RuleResult) -> None:
    from gfplug.host.alerting.evaluation import text_of  # noqa: PLC0415 - as above

    console.result(rule.title)
    for each in result.instances:
        state = each.state.value
        value = "" if each.value is None else f" (value {each.value:.6g})"
        console.result("  ", (state, _STYLES[state]), f": {{{text_of(each.labels)}}}{value}")
