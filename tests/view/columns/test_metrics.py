"""
What an autoscaler aims at, and what it has, in one cell.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.view.columns.metrics import format_metrics, hub_metrics

PREFIX = "autoscaling.alpha.kubernetes.io/"
DESCRIBED = {"kind": "Ingress", "name": "main"}


def resource(percent: int | None) -> dict[str, Any]:
    """A metric of the CPU in v2."""
    return {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": percent}}}


def cell(obj: dict[str, Any]) -> str:
    """The cell of an autoscaler."""
    return format_metrics(*hub_metrics(obj))


def v1(metrics: list[Any], current: list[Any] | None = None, **status: Any) -> dict[str, Any]:
    """An autoscaler of v1 with the CPU in a field, and these metrics in its annotations."""
    notes = {PREFIX + "metrics": json.dumps(metrics)}
    if current is not None:
        notes[PREFIX + "current-metrics"] = json.dumps(current)
    return {
        "apiVersion": "autoscaling/v1",
        "metadata": {"annotations": notes},
        "spec": {"targetCPUUtilizationPercentage": 60},
        "status": status,
    }


def test_the_cpu_of_v1_comes_last() -> None:
    """After the metrics of the annotation; without current metrics there, the field's percentage is the only one."""
    pods = {"type": "Pods", "pods": {"metricName": "m", "targetAverageValue": "5"}}
    assert cell(v1([pods])) == "<unknown>/5, cpu: <unknown>/60%"
    now = {"type": "Pods", "pods": {"metricName": "m", "currentAverageValue": "3"}}
    assert cell(v1([pods], [now])) == "3/5, cpu: <unknown>/60%"
    assert cell(v1([], currentCPUUtilizationPercentage=0)) == "cpu: 0%/60%"


def test_the_average_of_an_object() -> None:
    """v1 has it under one name, whether it is aimed at or what there is."""
    target = {"type": "Object", "object": {"target": DESCRIBED, "metricName": "m", "averageValue": "10"}}
    now = {"type": "Object", "object": {"target": DESCRIBED, "metricName": "m", "averageValue": "7"}}
    assert cell(v1([target], [now])) == "7/10 (avg), cpu: <unknown>/60%"


def test_the_target_of_an_object_in_v2beta1() -> None:
    """There it is what the metric describes, and the value stands beside it."""
    metrics = [{"type": "Object", "object": {"target": DESCRIBED, "metricName": "m", "targetValue": "10"}}]
    current = [{"type": "Object", "object": {"target": DESCRIBED, "metricName": "m", "currentValue": "7"}}]
    obj = {
        "apiVersion": "autoscaling/v2beta1",
        "spec": {"metrics": metrics},
        "status": {"currentMetrics": current},
    }
    assert format_metrics(hub_metrics(obj)[0], []) == "<unknown>/10"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "<none>"), (1, "cpu: <unknown>/50%"), (2, "cpu: <unknown>/50%, cpu: <unknown>/51%")],
)
def test_how_many_metrics_are_shown(count: int, shown: str) -> None:
    """Two; that there are more is said of three."""
    metrics = [resource(50 + number) for number in range(count)]
    assert format_metrics(metrics, []) == shown
    if count == 2:
        assert format_metrics([*metrics, resource(None)], []) == shown + " + 1 more..."


def test_what_is_not_known_yet() -> None:
    """Nothing said of a metric is unknown; a status without its value is Go's nil."""
    metric = {"type": "External", "external": {"target": {"value": "30"}}}
    assert format_metrics([metric], []) == "<unknown>/30"
    assert format_metrics([metric], [{"type": "External", "external": {"current": {}}}]) == "<nil>/30"
