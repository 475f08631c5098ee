"""
Conversions of policy/v1beta1 (`pkg/apis/policy/v1beta1/conversion.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.policy import selectors
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("policy.v1beta1")


@rules.to_hub("PodDisruptionBudget")
def budget_to_hub(budget: Obj, auto: Auto, _scope: Scope) -> None:
    """An empty selector matches none here, and all in the hub."""
    auto(budget)
    spec = budget["spec"]
    selector = spec.get("selector")
    if selectors.is_empty(selector):
        spec["selector"] = selectors.matches_if("Exists")
    elif selectors.is_only(selector, "DoesNotExist"):
        spec["selector"] = {}
    else:
        selectors.strip_label(selector)


@rules.from_hub("PodDisruptionBudget")
def budget_from_hub(budget: Obj, auto: Auto, _scope: Scope) -> None:
    """And back."""
    auto(budget)
    spec = budget["spec"]
    selector = spec.get("selector")
    if selectors.is_only(selector, "Exists"):
        spec["selector"] = {}
    elif selectors.is_empty(selector):
        spec["selector"] = selectors.matches_if("DoesNotExist")
