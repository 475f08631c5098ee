"""
autoscaling/v2beta1: flat metrics, the behavior in an annotation, and a default of its own.
"""

from __future__ import annotations

from typing import Any

from tests.scheme.groups.autoscaling.autoscalers import CPU, METRICS, autoscaler
from tests.scheme.groups.stored import stored


def convert(found: dict[str, Any], version: str) -> dict[str, Any]:
    """An HPA as it is stored in another version."""
    return stored(found, f"autoscaling/{version}", "1.29")


def test_metrics_are_flat() -> None:
    """Metric and target stand beside each other."""
    assert convert(autoscaler([METRICS["external, value"], CPU]), "v2beta1")["spec"]["metrics"] == [
        {
            "type": "External",
            "external": {
                "metricName": "queue",
                "metricSelector": METRICS["external, value"]["external"]["metric"]["selector"],
                "targetValue": "30",
            },
        },
        {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 60}},
    ]


def test_a_container_metric_forgets_its_container() -> None:
    """As upstream: on the way to v2beta1 and on the way back."""
    found = convert(autoscaler([METRICS["container, utilization"]]), "v2beta1")
    assert found["spec"]["metrics"][0]["containerResource"]["container"] == ""


def test_the_default_is_the_cpu() -> None:
    """80 % of the CPU, before anything is converted; an HPA without metrics has it in every version."""
    found = convert(autoscaler([CPU]), "v2beta1")
    del found["spec"]["metrics"]
    assert convert(found, "v2beta1")["spec"]["metrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 80}}
    ]
