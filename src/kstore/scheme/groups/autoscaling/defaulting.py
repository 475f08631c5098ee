"""
Defaults of a HorizontalPodAutoscaler that its versions have in common.
"""

from __future__ import annotations

import copy

from kstore.scheme.registry import Obj, Scope

CPU_UTILIZATION = 80
"""`DefaultCPUUtilization` (`pkg/apis/autoscaling/annotations.go`)."""

_SCALE_UP: Obj = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_SCALE_DOWN: Obj = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def default_replicas(hpa: Obj, _scope: Scope) -> None:
    """One replica at least."""
    if hpa["spec"].get("minReplicas") is None:
        hpa["spec"]["minReplicas"] = 1


def default_metrics(hpa: Obj, scope: Scope) -> None:
    """One replica at least, 80 % of the CPU, and the rules of a behavior that is there (v2, v2beta2)."""
    default_replicas(hpa, scope)
    spec = hpa["spec"]
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": CPU_UTILIZATION}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        behavior["scaleUp"] = _filled(behavior.get("scaleUp"), _SCALE_UP)
        behavior["scaleDown"] = _filled(behavior.get("scaleDown"), _SCALE_DOWN)


def _filled(rules: Obj | None, defaults: Obj) -> Obj:
    """The defaults under what the rules say (`copyHPAScalingRules`)."""
    given = {name: value for name, value in (rules or {}).items() if value is not None}
    return {**copy.deepcopy(defaults), **given}
