"""What a rule of Grafana's would do with a query's answer: read it, reduce it, compare it, and name who fires.

How an answer is read is told by the runtime's own classifier, so that the plugin, the linter and this agree.
"""

from gfplug.host.alerting.evaluation import Outcome, State, evaluate
from gfplug.host.alerting.expressions import Comparison, Reduction
from gfplug.host.alerting.rules import Rule, condition, find

__all__ = ["Comparison", "Outcome", "Reduction", "Rule", "State", "condition", "evaluate", "find"]
