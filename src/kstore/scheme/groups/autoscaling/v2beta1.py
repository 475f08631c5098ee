"""
Defaults and conversions of autoscaling/v2beta1
(`pkg/apis/autoscaling/v2beta1/{defaults,conversion}.go` of 1.35 and before).
"""

from __future__ import annotations

from kstore.scheme.groups.autoscaling import defaulting, hpa_annotations, metrics
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("autoscaling.v2beta1")


@rules.default("HorizontalPodAutoscaler")
def default_autoscaler(hpa: Obj, scope: Scope) -> None:
    """One replica at least, and 80 % of the CPU."""
    defaulting.default_replicas(hpa, scope)
    if not hpa["spec"].get("metrics"):
        resource = {"name": "cpu", "targetAverageUtilization": defaulting.CPU_UTILIZATION}
        hpa["spec"]["metrics"] = [{"type": "Resource", "resource": resource}]


metrics.declare(rules, loses_container=True)


@rules.to_hub("HorizontalPodAutoscaler")
def autoscaler_to_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """The behavior comes back from its annotation."""
    auto(hpa)
    behavior = hpa_annotations.read_behavior(hpa, scope)
    if behavior is not None:
        hpa["spec"]["behavior"] = behavior
    hpa_annotations.drop(hpa, scope)


@rules.from_hub("HorizontalPodAutoscaler")
def autoscaler_from_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """The behavior is kept in an annotation."""
    behavior = hpa["spec"].get("behavior")
    auto(hpa)
    hpa_annotations.drop(hpa, scope)
    if behavior is not None:
        hpa_annotations.put_behavior(hpa, behavior, scope)
