"""
The metrics of a HorizontalPodAutoscaler, in any version, as the TARGETS column.

Ports `formatHPAMetrics` of `pkg/printers/internalversion/printers.go`, and as much of
`pkg/apis/autoscaling/v1/conversion.go` as it reads.
"""

from __future__ import annotations

import json
from typing import Any

from kstore.view.columns.ages import UNKNOWN
from kstore.view.columns.reading import NONE, Object, annotation, items, part, quantity, text

_SPECS_ANNOTATION = "autoscaling.alpha.kubernetes.io/metrics"
_STATUSES_ANNOTATION = "autoscaling.alpha.kubernetes.io/current-metrics"

_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_NAMED = frozenset({"Resource", "ContainerResource"})
_SHOWN = 2
_NIL = "<nil>"
"""What Go prints for a nil quantity."""


def _annotated(obj: Object, key: str) -> list[Any] | None:
    """A list kept as JSON in an annotation; None when there is none, or none that can be read."""
    try:
        value = json.loads(annotation(obj, key) or "null")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(entry, dict) for entry in value) else None


def _from_v1(metric: Object, prefix: str, holder: str) -> dict[str, Any]:
    """One metric of v1 or v2beta1 in the shape of v2; `prefix` is "target" or "current"."""
    converted = dict(metric)
    for kind, name in _SOURCES.items():
        if (source := metric.get(name)) is None:
            continue
        average = source.get("averageValue" if kind == "Object" else f"{prefix}AverageValue")
        values = {
            "value": source.get(f"{prefix}Value"),
            "averageValue": average,
            "averageUtilization": source.get(f"{prefix}AverageUtilization"),
        }
        converted[name] = {**source, holder: values}
    return converted


def _is_v1_shape(metrics: list[Any], holder: str) -> bool:
    """Whether metrics are written the way of v1 and v2beta1, values in the source itself."""
    for metric in metrics:
        for name in _SOURCES.values():
            inner = part(metric, name).get(holder)
            if metric.get(name) and (inner is None or (name == "object" and "kind" in inner)):
                return True
    return False


def _as_v2(metrics: list[Any], prefix: str, holder: str) -> list[Any]:
    return [_from_v1(m, prefix, holder) for m in metrics] if _is_v1_shape(metrics, holder) else metrics


def hub_metrics(obj: Object) -> tuple[list[Any], list[Any]]:
    """
    An autoscaler's metrics and their current values, in the shape of v2.

    v1 keeps the CPU's utilization in two fields and all other metrics in annotations, the CPU's last.
    """
    spec, status = part(obj, "spec"), part(obj, "status")
    if obj.get("apiVersion") != "autoscaling/v1":
        return _as_v2(items(spec, "metrics"), "target", "target"), _as_v2(
            items(status, "currentMetrics"), "current", "current"
        )
    metrics = [_from_v1(m, "target", "target") for m in _annotated(obj, _SPECS_ANNOTATION) or ()]
    if (percent := spec.get("targetCPUUtilizationPercentage")) is not None:
        metrics.append(_cpu("target", percent))
    statuses = _annotated(obj, _STATUSES_ANNOTATION)
    if statuses is not None:
        return metrics, [_from_v1(m, "current", "current") for m in statuses]
    percent = status.get("currentCPUUtilizationPercentage")
    return metrics, [] if percent is None else [_cpu("current", percent)]


def _cpu(holder: str, percent: int) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": "cpu", holder: {"averageUtilization": percent}}}


def _value_metric(source: Object, status: Object | None) -> str:
    """An external or object metric: by average when the target is one."""
    target = part(source, "target")
    current = part(status or {}, "current")
    if target.get("averageValue") is not None:
        return f"{quantity(current.get('averageValue'), UNKNOWN)}/{quantity(target['averageValue'])} (avg)"
    now = UNKNOWN if status is None else quantity(current.get("value"), _NIL)
    return f"{now}/{quantity(target.get('value'), _NIL)}"


def _pods_metric(source: Object, status: Object | None) -> str:
    now = UNKNOWN if status is None else quantity(part(status, "current").get("averageValue"), _NIL)
    return f"{now}/{quantity(part(source, 'target').get('averageValue'), _NIL)}"


def _resource_metric(source: Object, status: Object | None) -> str:
    """A resource of the pods or of one container: by value, or by percent of the request."""
    target, current = part(source, "target"), part(status or {}, "current")
    if target.get("averageValue") is not None:
        now = UNKNOWN if status is None else quantity(current.get("averageValue"), _NIL)
        return f"{now}/{quantity(target['averageValue'])}"
    percent, goal = current.get("averageUtilization"), target.get("averageUtilization")
    now = UNKNOWN if percent is None else f"{percent}%"
    return f"{now}/{'<auto>' if goal is None else f'{goal}%'}"


_PRINTERS = {
    "External": _value_metric,
    "Object": _value_metric,
    "Pods": _pods_metric,
    "Resource": _resource_metric,
    "ContainerResource": _resource_metric,
}


def format_metrics(specs: list[Any], statuses: list[Any], *, named: bool = True) -> str:
    """
    `formatHPAMetrics`: the first two metrics, current value before target.

    Args:
        specs: what is aimed at.
        statuses: what there is.
        named: resources have their name in front.
    """
    if not specs:
        return NONE
    shown = []
    for index, spec in enumerate(specs[:_SHOWN]):
        kind = text(spec, "type")
        if kind not in _SOURCES:
            shown.append("<unknown type>")
            continue
        name = _SOURCES[kind]
        status = statuses[index].get(name) if index < len(statuses) else None
        source = part(spec, name)
        prefix = f"{text(source, 'name')}: " if named and kind in _NAMED else ""
        shown.append(prefix + _PRINTERS[kind](source, status))
    more = f" + {len(specs) - _SHOWN} more..." if len(specs) > _SHOWN else ""
    return ", ".join(shown) + more
