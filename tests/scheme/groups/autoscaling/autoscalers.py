"""
HorizontalPodAutoscalers of autoscaling/v2 with every type of metric, behavior and conditions; and what upstream loses.
"""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]

INGRESS = {"kind": "Ingress", "name": "main", "apiVersion": "networking.k8s.io/v1"}
SELECTOR = {
    "matchLabels": {"verb": "GET"},
    "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
}


def _of_type(kind: str, **source: Any) -> Obj:
    return {"type": kind, kind[0].lower() + kind[1:]: source}


def _utilization(percent: int) -> Obj:
    return {"type": "Utilization", "averageUtilization": percent}


def _average(quantity: str) -> Obj:
    return {"type": "AverageValue", "averageValue": quantity}


def _value(quantity: str) -> Obj:
    return {"type": "Value", "value": quantity}


CPU = _of_type("Resource", name="cpu", target=_utilization(60))

METRICS: dict[str, Obj] = {
    "cpu, utilization": CPU,
    "cpu, average": _of_type("Resource", name="cpu", target=_average("500m")),
    "cpu, value": _of_type("Resource", name="cpu", target=_value("3")),
    "memory, utilization": _of_type("Resource", name="memory", target=_utilization(70)),
    "memory, average": _of_type("Resource", name="memory", target=_average("500Mi")),
    "container, utilization": _of_type("ContainerResource", name="cpu", container="app", target=_utilization(50)),
    "container, average": _of_type("ContainerResource", name="memory", container="app", target=_average("1Gi")),
    "pods": _of_type("Pods", metric={"name": "requests", "selector": SELECTOR}, target=_average("1k")),
    "object, value": _of_type(
        "Object", metric={"name": "hits", "selector": SELECTOR}, target=_value("10k"), describedObject=INGRESS
    ),
    "object, average": _of_type("Object", metric={"name": "hits"}, target=_average("10"), describedObject=INGRESS),
    "external, value": _of_type("External", metric={"name": "queue", "selector": SELECTOR}, target=_value("30")),
    "external, average": _of_type("External", metric={"name": "queue"}, target=_average("30")),
}
"""One metric of each type and target, by name."""

UNADMITTED = {"cpu, value"}
"""The metrics of `METRICS` that a server reads but lets nobody write (`pkg/apis/autoscaling/validation/validation.go`,
validateResourceSource: a resource's target needs an average)."""

STATUSES: dict[str, Obj] = {
    "resource": _of_type("Resource", name="cpu", current={"averageUtilization": 20, "averageValue": "100m"}),
    "resource, average": _of_type("Resource", name="memory", current={"averageValue": "100Mi"}),
    "resource, utilization": _of_type("Resource", name="cpu", current={"averageUtilization": 20}),
    "container": _of_type(
        "ContainerResource", name="cpu", container="app", current={"averageUtilization": 20, "averageValue": "100m"}
    ),
    "pods": _of_type("Pods", metric={"name": "requests", "selector": SELECTOR}, current={"averageValue": "1k"}),
    "object": _of_type("Object", metric={"name": "hits"}, current={"value": "10k"}, describedObject=INGRESS),
    "object, both": _of_type(
        "Object", metric={"name": "hits"}, current={"value": "9", "averageValue": "3"}, describedObject=INGRESS
    ),
    "object, average": _of_type(
        "Object", metric={"name": "hits"}, current={"averageValue": "3"}, describedObject=INGRESS
    ),
    "external": _of_type("External", metric={"name": "queue", "selector": SELECTOR}, current={"value": "30"}),
    "external, average": _of_type("External", metric={"name": "queue"}, current={"averageValue": "30"}),
}
"""One current metric of each type, by name."""


def autoscaler(metrics: list[Obj], statuses: list[Obj] | None = None, *, tolerance: bool = False) -> Obj:
    """An HPA of autoscaling/v2 with a behavior, tolerances if asked for (1.33 has them), a status and conditions."""
    up: Obj = {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 50, "periodSeconds": 60},
        ],
    }
    down: Obj = {
        "stabilizationWindowSeconds": 300,
        "selectPolicy": "Disabled",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
    if tolerance:
        up["tolerance"], down["tolerance"] = "50m", "0"
    return {
        "kind": "HorizontalPodAutoscaler",
        "apiVersion": "autoscaling/v2",
        "metadata": {"name": "web", "namespace": "default", "annotations": {"team": "a"}},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "minReplicas": 2,
            "maxReplicas": 9,
            "metrics": metrics,
            "behavior": {"scaleUp": up, "scaleDown": down},
        },
        "status": {
            "observedGeneration": 3,
            "lastScaleTime": "2026-01-02T03:04:05Z",
            "currentReplicas": 2,
            "desiredReplicas": 3,
            "currentMetrics": statuses or [],
            "conditions": [
                {
                    "type": "AbleToScale",
                    "status": "True",
                    "lastTransitionTime": "2026-01-02T03:04:05Z",
                    "reason": "ReadyForNewScale",
                    "message": 'the last scale time was "long" ago <&>',
                }
            ],
        },
    }


def lost_metrics(via: str, minor: int) -> set[str]:
    """
    The metrics that do not survive autoscaling/v2 → `via` → v2 upstream, by their names in `METRICS`.

    A resource's target has no plain value in the flat types; an object's average comes back beside a value of zero,
    until v1 left that out in 1.36; a container metric of v2beta1 forgets its container.
    """
    if via == "v2beta2":
        return set()
    lost = {"cpu, value"}
    if via == "v2beta1":
        return lost | {"object, average", "container, utilization", "container, average"}
    return lost | ({"object, average"} if minor < 36 else set())


def lost_statuses(via: str) -> set[str]:
    """The current metrics that do not survive, by their names in `STATUSES`: values that were unset become zero."""
    if via == "v2beta2":
        return set()
    return {"resource, utilization", "object, average", "external, average"}
