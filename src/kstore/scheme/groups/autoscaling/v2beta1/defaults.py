"""
Defaults of autoscaling/v2beta1 (`pkg/apis/autoscaling/v2beta1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.autoscaling import defaulting
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("autoscaling.v2beta1")


@rules.default("HorizontalPodAutoscaler")
def default_autoscaler(hpa: Obj, scope: Scope) -> None:
    """One replica at least, and 80 % of the CPU."""
    defaulting.default_replicas(hpa, scope)
    if not hpa["spec"].get("metrics"):
        resource = {"name": "cpu", "targetAverageUtilization": defaulting.CPU_UTILIZATION}
        hpa["spec"]["metrics"] = [{"type": "Resource", "resource": resource}]
