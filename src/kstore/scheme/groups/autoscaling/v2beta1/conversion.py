"""
Conversions of autoscaling/v2beta1 (`pkg/apis/autoscaling/v2beta1/conversion.go` of 1.35 and before).
"""

from __future__ import annotations

from kstore.scheme.groups.autoscaling import kept, metrics
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("autoscaling.v2beta1")

metrics.declare(rules, loses_container=True)


@rules.to_hub("HorizontalPodAutoscaler")
def autoscaler_to_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """The behavior comes back from its annotation."""
    auto(hpa)
    behavior = kept.read_behavior(hpa, scope)
    if behavior is not None:
        hpa["spec"]["behavior"] = behavior
    kept.drop(hpa, scope)


@rules.from_hub("HorizontalPodAutoscaler")
def autoscaler_from_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """The behavior is kept in an annotation."""
    behavior = hpa["spec"].get("behavior")
    auto(hpa)
    kept.drop(hpa, scope)
    if behavior is not None:
        kept.put_behavior(hpa, behavior, scope)
