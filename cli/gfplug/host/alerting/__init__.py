"""What a rule of Grafana's would do with a query's answer: read it, reduce it, compare it, and name who fires.

How an answer is read is told by the runtime's own classifier, so that the plugin, the linter and this agree.
"""

from gfplug.host.alerting.alert_rules import Rule, condition, read_rules
from gfplug.host.alerting.evaluation import RuleResult, State, evaluate
from gfplug.host.alerting.expressions import Comparison, Reduction

__all__ = ["Comparison", "Reduction", "Rule", "RuleResult", "State", "condition", "evaluate", "read_rules"]
