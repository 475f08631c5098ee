"""
autoscaling/v1: what its annotations hold, and what is made of them when somebody edited them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.scheme.groups.autoscaling.autoscalers import CPU, METRICS, autoscaler
from tests.scheme.groups.stored import NEWEST, stored

from kstore.errors import NotConvertible

PREFIX = "autoscaling.alpha.kubernetes.io/"


def convert(found: dict[str, Any], version: str, release: str = NEWEST) -> dict[str, Any]:
    """An HPA as it is stored in another version."""
    return stored(found, f"autoscaling/{version}", release)


def edited(**annotations: str) -> dict[str, Any]:
    """What v2 makes of an HPA of v1 with these annotations."""
    found = {
        "kind": "HorizontalPodAutoscaler",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": "web",
            "annotations": {PREFIX + name.replace("_", "-"): text for name, text in annotations.items()},
        },
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3},
        "status": {"currentReplicas": 1, "desiredReplicas": 1},
    }
    return convert(found, "v2")


def test_the_cpu_has_a_field_and_the_rest_annotations() -> None:
    """The CPU's utilization is a number; other metrics are the flat types of v1, as Go prints them."""
    found = convert(autoscaler([METRICS["pods"], CPU]), "v1")
    assert found["spec"]["targetCPUUtilizationPercentage"] == 60
    kept = found["metadata"]["annotations"]
    assert json.loads(kept[PREFIX + "metrics"]) == [
        {
            "type": "Pods",
            "pods": {
                "metricName": "requests",
                "targetAverageValue": "1k",
                "selector": METRICS["pods"]["pods"]["metric"]["selector"],
            },
        }
    ]
    assert kept["team"] == "a"
    assert r"\u003c\u0026\u003e" in kept[PREFIX + "conditions"]


def test_behavior_is_spelled_as_in_go() -> None:
    """The internal type itself is printed: names as in Go, every member, the tolerance since 1.33."""
    with_tolerance = convert(autoscaler([CPU], tolerance=True), "v1")["metadata"]["annotations"][PREFIX + "behavior"]
    assert json.loads(with_tolerance)["ScaleDown"] == {
        "StabilizationWindowSeconds": 300,
        "SelectPolicy": "Disabled",
        "Policies": [{"Type": "Percent", "Value": 100, "PeriodSeconds": 15}],
        "Tolerance": "0",
    }
    before = convert(autoscaler([CPU]), "v1", "1.32")
    assert "Tolerance" not in before["metadata"]["annotations"][PREFIX + "behavior"]


def test_without_a_metric_the_cpu_is_one() -> None:
    """The controller's old default, made explicit."""
    assert edited()["spec"]["metrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
        }
    ]


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "[] x", '[{"type":3}]', '[{"pods":{"targetAverageValue":"much"}}]', "\ufeff[]"]
)
def test_metrics_that_go_would_not_read_are_left_out(text: str) -> None:
    """Such an annotation is as if it were not there, and is dropped."""
    found = edited(metrics=text)
    assert found["spec"]["metrics"][0]["resource"]["name"] == "cpu"
    assert "annotations" not in found["metadata"]


def test_names_are_read_in_any_case() -> None:
    """Go's encoding/json matches members without regard to case."""
    found = edited(metrics='[{"TYPE":"Pods","Pods":{"metricname":"m","targetAverageValue":2}}]')
    assert found["spec"]["metrics"] == [
        {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "2"}}}
    ]


def test_an_empty_behavior_is_none() -> None:
    """A behavior without rules is no behavior."""
    assert "behavior" not in edited(behavior='{"ScaleUp":null}')["spec"]
    assert edited(behavior='{"scaleup":{"Policies":[{}]}}')["spec"]["behavior"] == {
        "scaleUp": {"policies": [{"type": "", "value": 0, "periodSeconds": 0}]}
    }


def test_annotations_of_other_versions_are_dropped() -> None:
    """None of the annotations gets into v2, whoever wrote them there."""
    found = autoscaler([CPU])
    found["metadata"]["annotations"][PREFIX + "metrics"] = "[]"
    found["metadata"]["annotations"][PREFIX + "scale-up-tolerance"] = "0.1"
    assert convert(found, "v2")["metadata"]["annotations"] == {"team": "a"}
    assert PREFIX + "metrics" not in convert(found, "v1")["metadata"]["annotations"]
    assert convert(found, "v2", "1.33")["metadata"]["annotations"] == {"team": "a"}
    assert PREFIX + "scale-up-tolerance" in convert(found, "v2", "1.32")["metadata"]["annotations"]


def test_policies_are_read_in_any_case_and_kept_whole() -> None:
    """Whatever the case of a member; one that is not said is Go's zero value."""
    found = edited(behavior='{"scaleup":{"policies":[{"type":"Pods","VALUE":4}]}}')["spec"]["behavior"]["scaleUp"]
    assert found["policies"] == [{"type": "Pods", "value": 4, "periodSeconds": 0}]
    hpa = autoscaler([CPU])
    hpa["spec"]["behavior"]["scaleUp"]["policies"] = [{"type": "Pods", "value": 4}]
    kept = json.loads(convert(hpa, "v1")["metadata"]["annotations"][PREFIX + "behavior"])
    assert kept["ScaleUp"]["Policies"] == [{"Type": "Pods", "Value": 4, "PeriodSeconds": 0}]


def test_metrics_of_null_are_no_metrics() -> None:
    """Go reads null as an empty list, which is one that was kept."""
    assert edited(metrics="null") == edited(metrics="[]")
    assert edited(current_metrics="null") == edited(current_metrics="[]")


@pytest.mark.parametrize("text", ['[{"type":"Pods","type":"Object"}]', '[{"type":"Pods","Type":"Object"}]'])
def test_what_is_said_twice_is_refused(text: str) -> None:
    """Go would merge the two; leaving the annotation out would lose the metrics, so nothing is converted."""
    with pytest.raises(NotConvertible, match="ambiguous"):
        edited(metrics=text)


@pytest.mark.parametrize(("release", "value", "kept"), [("1.35", "0", "0"), ("1.36", None, None), ("1.37", None, None)])
def test_the_average_of_an_object(release: str, value: str | None, kept: str | None) -> None:
    """Beside it stands a value of zero in v1, which comes back until 1.36."""
    back = convert(convert(autoscaler([METRICS["object, average"]]), "v1", release), "v2", release)
    target = {"type": "AverageValue", "averageValue": METRICS["object, average"]["object"]["target"]["averageValue"]}
    found = next(one for one in back["spec"]["metrics"] if one["type"] == "Object")["object"]["target"]
    assert found == (target if kept is None else {**target, "value": value})
