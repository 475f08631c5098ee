"""
Metrics as autoscaling/v1 (in its annotations) and v2beta1 have them: flat, where the hub nests metric and target.

(`pkg/apis/autoscaling/v1/conversion.go`, `v2beta1/conversion.go`)
"""

from __future__ import annotations

from kstore.scalars.quantity import parse_quantity
from kstore.scheme.registry import Auto, Obj, Rules, Scope

UTILIZATION, VALUE, AVERAGE_VALUE = "Utilization", "Value", "AverageValue"


def declare(rules: Rules, *, drops_zero_target_from: int = 0, loses_container: bool = False) -> None:
    """
    Declare the conversions of a version's metric sources and statuses.

    Args:
        rules: the version's.
        drops_zero_target_from: the first minor release in which an Object metric with an average value keeps its
            target value only when it is not zero; 0 for never.
        loses_container: whether a container metric's target forgets its container, as in v2beta1.
    """

    def object_source_to_hub(obj: Obj, _auto: Auto, scope: Scope) -> None:
        average, value = obj.get("averageValue"), obj.get("targetValue") or "0"
        target: Obj = {"type": VALUE, "value": value}
        if average is not None:
            target = {"type": AVERAGE_VALUE, "averageValue": average}
            drops_zero = drops_zero_target_from and scope.release.rules_minor >= drops_zero_target_from
            if not drops_zero or parse_quantity(value).unscaled:
                target["value"] = value
        _become(obj, describedObject=obj["target"], target=target, metric=_metric(obj, "selector"))

    def container_source_to_hub(obj: Obj, auto: Auto, scope: Scope) -> None:
        container = obj.get("container")
        _resource_source_to_hub(obj, auto, scope)
        if not loses_container:
            obj["container"] = container

    def container_source_from_hub(obj: Obj, auto: Auto, scope: Scope) -> None:
        container = obj.get("container")
        _resource_source_from_hub(obj, auto, scope)
        if not loses_container:
            obj["container"] = container

    for name, to_hub, from_hub in (
        ("ObjectMetricSource", object_source_to_hub, _object_source_from_hub),
        ("PodsMetricSource", _pods_source_to_hub, _pods_source_from_hub),
        ("ResourceMetricSource", _resource_source_to_hub, _resource_source_from_hub),
        ("ContainerResourceMetricSource", container_source_to_hub, container_source_from_hub),
        ("ExternalMetricSource", _external_source_to_hub, _external_source_from_hub),
        ("ObjectMetricStatus", _object_status_to_hub, _object_status_from_hub),
        ("PodsMetricStatus", _pods_status_to_hub, _pods_status_from_hub),
        ("ResourceMetricStatus", _resource_status_to_hub, _resource_status_from_hub),
        ("ContainerResourceMetricStatus", _container_status_to_hub, _container_status_from_hub),
        ("ExternalMetricStatus", _external_status_to_hub, _external_status_from_hub),
    ):
        rules.to_hub(name)(to_hub)
        rules.from_hub(name)(from_hub)


def _become(obj: Obj, **members: object) -> None:
    """Replace all members by those that are set."""
    obj.clear()
    obj.update((name, value) for name, value in members.items() if value is not None)


def _metric(obj: Obj, selector: str) -> Obj:
    found = {"name": obj.get("metricName") or ""}
    if obj.get(selector) is not None:
        found["selector"] = obj[selector]
    return found


def _set(**members: object) -> Obj:
    return {name: value for name, value in members.items() if value is not None}


# ---- sources


def _object_source_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    target, metric = obj["target"], obj["metric"]
    _become(
        obj,
        target=obj["describedObject"],
        metricName=metric.get("name") or "",
        targetValue=target.get("value") or "0",
        selector=metric.get("selector"),
        averageValue=target.get("averageValue"),
    )


def _pods_source_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    target = {"type": AVERAGE_VALUE, "averageValue": obj.get("targetAverageValue") or "0"}
    _become(obj, metric=_metric(obj, "selector"), target=target)


def _pods_source_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    metric = obj["metric"]
    _become(
        obj,
        metricName=metric.get("name") or "",
        targetAverageValue=obj["target"].get("averageValue") or "0",
        selector=metric.get("selector"),
    )


def _resource_source_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    utilization = obj.get("targetAverageUtilization")
    target = _set(
        type=AVERAGE_VALUE if utilization is None else UTILIZATION,
        averageValue=obj.get("targetAverageValue"),
        averageUtilization=utilization,
    )
    _become(obj, name=obj.get("name") or "", target=target)


def _resource_source_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    target = obj["target"]
    _become(
        obj,
        name=obj.get("name") or "",
        targetAverageUtilization=target.get("averageUtilization"),
        targetAverageValue=target.get("averageValue"),
    )


def _external_source_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    value = obj.get("targetValue")
    target = _set(
        type=AVERAGE_VALUE if value is None else VALUE, value=value, averageValue=obj.get("targetAverageValue")
    )
    _become(obj, metric=_metric(obj, "metricSelector"), target=target)


def _external_source_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    metric, target = obj["metric"], obj["target"]
    _become(
        obj,
        metricName=metric.get("name") or "",
        metricSelector=metric.get("selector"),
        targetValue=target.get("value"),
        targetAverageValue=target.get("averageValue"),
    )


# ---- statuses


def _object_status_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    current = _set(value=obj.get("currentValue") or "0", averageValue=obj.get("averageValue"))
    _become(obj, metric=_metric(obj, "selector"), current=current, describedObject=obj["target"])


def _object_status_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    metric, current = obj["metric"], obj["current"]
    _become(
        obj,
        target=obj["describedObject"],
        metricName=metric.get("name") or "",
        currentValue=current.get("value") or "0",
        selector=metric.get("selector"),
        averageValue=current.get("averageValue"),
    )


def _pods_status_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    _become(obj, metric=_metric(obj, "selector"), current={"averageValue": obj.get("currentAverageValue") or "0"})


def _pods_status_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    metric = obj["metric"]
    _become(
        obj,
        metricName=metric.get("name") or "",
        currentAverageValue=obj["current"].get("averageValue") or "0",
        selector=metric.get("selector"),
    )


def _resource_status_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    current = _set(
        averageValue=obj.get("currentAverageValue") or "0", averageUtilization=obj.get("currentAverageUtilization")
    )
    _become(obj, name=obj.get("name") or "", current=current)


def _resource_status_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    current = obj["current"]
    _become(
        obj,
        name=obj.get("name") or "",
        currentAverageUtilization=current.get("averageUtilization"),
        currentAverageValue=current.get("averageValue") or "0",
    )


def _container_status_to_hub(obj: Obj, auto: Auto, scope: Scope) -> None:
    container = obj.get("container") or ""
    _resource_status_to_hub(obj, auto, scope)
    obj["container"] = container


def _container_status_from_hub(obj: Obj, auto: Auto, scope: Scope) -> None:
    container = obj.get("container") or ""
    _resource_status_from_hub(obj, auto, scope)
    obj["container"] = container


def _external_status_to_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    current = _set(value=obj.get("currentValue") or "0", averageValue=obj.get("currentAverageValue"))
    _become(obj, metric=_metric(obj, "metricSelector"), current=current)


def _external_status_from_hub(obj: Obj, _auto: Auto, _scope: Scope) -> None:
    metric, current = obj["metric"], obj["current"]
    _become(
        obj,
        metricName=metric.get("name") or "",
        currentValue=current.get("value") or "0",
        metricSelector=metric.get("selector"),
        currentAverageValue=current.get("averageValue"),
    )
