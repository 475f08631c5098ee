"""
Conversions of policy/v1 (`pkg/apis/policy/v1/conversion.go` of 1.36 and before).
"""

from __future__ import annotations

from kstore.scheme.groups.policy import selectors
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("policy.v1")


@rules.to_hub("PodDisruptionBudget", releases="-1.36")
def budget_to_hub(budget: Obj, auto: Auto, _scope: Scope) -> None:
    """The label of empty selectors never stands beside others."""
    auto(budget)
    selector = budget["spec"].get("selector")
    if not selectors.is_only(selector, "Exists") and not selectors.is_empty(selector):
        selectors.strip_label(selector)
