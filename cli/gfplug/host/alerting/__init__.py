"""Evaluate an alert rule on a query's answer as Grafana does: read the answer, reduce it, compare it, list what fires.

The runtime's classifier decides how to read an answer, so the plugin, the linter and this package agree.
"""

from gfplug.host.alerting.alert_rules import Rule, condition, read_rules
from gfplug.host.alerting.evaluation import RuleResult, State, evaluate
from gfplug.host.alerting.expressions import Comparison, Reduction

__all__ = ["Comparison", "Reduction", "Rule", "RuleResult", "State", "condition", "evaluate", "read_rules"]
