"""
Defaults and conversions of autoscaling/v1 (`pkg/apis/autoscaling/v1/{defaults,conversion}.go`).

Annotations keep all but the CPU's target.
"""

from __future__ import annotations

import copy
from typing import Any

from kstore.scheme.groups.autoscaling import defaulting, hpa_annotations, metrics
from kstore.scheme.groups.autoscaling.defaulting import CPU_UTILIZATION
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("autoscaling.v1")

rules.default("HorizontalPodAutoscaler")(defaulting.default_replicas)


metrics.declare(rules, drops_zero_target_from=36)


@rules.to_hub("HorizontalPodAutoscaler")
def autoscaler_to_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """What the annotations keep comes back, where it can be read; without any metric the CPU's default is one."""
    auto(hpa)
    spec, status = hpa["spec"], hpa["status"]
    others = _kept(hpa, hpa_annotations.METRICS, "MetricSpec", scope)
    if others is not None:
        spec["metrics"] = others + (spec.get("metrics") or [])[:1]
    behavior = hpa_annotations.read_behavior(hpa, scope)
    if behavior is not None:
        spec["behavior"] = behavior
    current = _kept(hpa, hpa_annotations.CURRENT_METRICS, "MetricStatus", scope)
    if current is not None:
        status["currentMetrics"] = current
    if not spec.get("metrics"):
        spec["metrics"] = [_cpu_metric(CPU_UTILIZATION)]
    conditions = _kept(hpa, hpa_annotations.CONDITIONS, "HorizontalPodAutoscalerCondition", scope)
    if conditions is not None:
        status["conditions"] = conditions
    hpa_annotations.drop(hpa, scope)


@rules.from_hub("HorizontalPodAutoscaler")
def autoscaler_from_hub(hpa: Obj, auto: Auto, scope: Scope) -> None:
    """Metrics but the CPU's utilization, current metrics, behavior and conditions are kept in annotations."""
    spec, status = hpa["spec"], hpa["status"]
    others = [metric for metric in spec.get("metrics") or [] if not _is_cpu_utilization(metric)]
    behavior = spec.get("behavior")
    current, conditions = status.get("currentMetrics"), status.get("conditions")
    auto(hpa)
    hpa_annotations.drop(hpa, scope)
    _keep(hpa, hpa_annotations.METRICS, "MetricSpec", others, scope)
    _keep(hpa, hpa_annotations.CURRENT_METRICS, "MetricStatus", current, scope)
    if behavior is not None:
        hpa_annotations.put_behavior(hpa, behavior, scope)
    _keep(hpa, hpa_annotations.CONDITIONS, "HorizontalPodAutoscalerCondition", conditions, scope)


def _kept(hpa: Obj, annotation: str, name: str, scope: Scope) -> list[Obj] | None:
    found = hpa_annotations.read_list(hpa, annotation, f"autoscaling.v1.{name}", scope)
    for one in found or ():
        scope.convert(f"autoscaling.v1.{name}", f"autoscaling.internal.{name}", one)
    return found


def _keep(hpa: Obj, annotation: str, name: str, values: Any, scope: Scope) -> None:
    if not values:
        return
    converted = copy.deepcopy(values)
    for one in converted:
        scope.convert(f"autoscaling.internal.{name}", f"autoscaling.v1.{name}", one)
    hpa_annotations.put(hpa, annotation, [scope.typed.present(f"autoscaling.v1.{name}", one) for one in converted])


def _cpu_metric(utilization: int) -> Obj:
    target = {"type": metrics.UTILIZATION, "averageUtilization": utilization}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _is_cpu_utilization(metric: Obj) -> bool:
    resource = metric.get("resource")
    return (
        metric.get("type") == "Resource"
        and resource is not None
        and resource.get("name") == "cpu"
        and resource["target"].get("averageUtilization") is not None
    )


@rules.to_hub("HorizontalPodAutoscalerSpec")
def spec_to_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The CPU's utilization becomes a metric."""
    utilization = spec.pop("targetCPUUtilizationPercentage", None)
    auto(spec)
    if utilization is not None:
        spec["metrics"] = [_cpu_metric(utilization)]


@rules.from_hub("HorizontalPodAutoscalerSpec")
def spec_from_hub(spec: Obj, auto: Auto, _scope: Scope) -> None:
    """The first metric that is the CPU's utilization has a field."""
    found = next((metric for metric in spec.get("metrics") or () if _is_cpu_utilization(metric)), None)
    auto(spec)
    if found is not None:
        spec["targetCPUUtilizationPercentage"] = found["resource"]["target"]["averageUtilization"]


@rules.to_hub("HorizontalPodAutoscalerStatus")
def status_to_hub(status: Obj, auto: Auto, _scope: Scope) -> None:
    """The CPU's current utilization becomes a metric."""
    utilization = status.pop("currentCPUUtilizationPercentage", None)
    auto(status)
    if utilization is not None:
        resource = {"name": "cpu", "current": {"averageUtilization": utilization}}
        status["currentMetrics"] = [{"type": "Resource", "resource": resource}]


@rules.from_hub("HorizontalPodAutoscalerStatus")
def status_from_hub(status: Obj, auto: Auto, _scope: Scope) -> None:
    """The last current metric that is the CPU's utilization has a field."""
    found = None
    for metric in status.get("currentMetrics") or ():
        resource = metric.get("resource")
        if metric.get("type") == "Resource" and resource is not None and resource.get("name") == "cpu":
            found = resource["current"].get("averageUtilization", found)
    auto(status)
    if found is not None:
        status["currentCPUUtilizationPercentage"] = found
