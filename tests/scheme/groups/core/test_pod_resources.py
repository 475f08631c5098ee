"""
Resources of a whole pod, filled in from those of its containers.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.scheme.groups.core.pod_resources import default_pod_resources

HUGE = "hugepages-2Mi"


@pytest.mark.parametrize(
    ("minor", "resources", "limits", "requests"),
    [
        (32, {"limits": {"cpu": "1"}}, {"cpu": "1"}, {"cpu": "500m", HUGE: "4Mi"}),
        (33, {"limits": {"cpu": "1"}}, {"cpu": "1", HUGE: "4Mi"}, {"cpu": "500m", HUGE: "4Mi"}),
        (32, {"requests": {HUGE: "2Mi"}}, None, {HUGE: "2Mi"}),
        (33, {"requests": {HUGE: "2Mi"}}, {HUGE: "4Mi"}, {HUGE: "2Mi", "cpu": "500m"}),
        (34, {"requests": {HUGE: "2Mi"}}, None, {HUGE: "2Mi"}),
        (37, {"limits": {HUGE: "8Mi"}}, {HUGE: "8Mi"}, {"cpu": "500m", HUGE: "8Mi"}),
        (37, {}, None, None),
    ],
)
def test_huge_pages(minor: int, resources: Any, limits: Any, requests: Any) -> None:
    """Limits of huge pages come from the containers since 1.33, and since 1.34 only where the pod requests none."""
    container = {"resources": {"limits": {HUGE: "4Mi"}, "requests": {"cpu": "500m", HUGE: "4Mi"}}}
    pod: dict[str, Any] = {"spec": {"containers": [container], "resources": resources}}
    default_pod_resources(pod, minor)
    assert pod["spec"]["resources"].get("limits") == limits
    assert pod["spec"]["resources"].get("requests") == requests


def requests(containers: list[dict[str, str]], *starting: tuple[str, dict[str, str]]) -> dict[str, str]:
    """What a pod with a limit requests whose containers ask for this, after those that start it (policy, requests)."""
    spec: dict[str, Any] = {
        "containers": [{"resources": {"requests": one}} for one in containers],
        "initContainers": [{"restartPolicy": policy, "resources": {"requests": one}} for policy, one in starting],
        "resources": {"limits": {"example.com/gpu": "1"}},
    }
    default_pod_resources({"spec": spec}, 37)
    found: dict[str, str] = spec["resources"].get("requests", {})
    return found


def test_what_starts_a_pod_counts() -> None:
    """What starts after a sidecar runs beside it; sidecars stay, and those before them do not."""
    own = [{"cpu": "1"}]
    assert requests(own, ("", {"cpu": "3"}), ("Always", {"cpu": "2"})) == {"cpu": "3"}
    assert requests(own, ("Always", {"cpu": "2"}), ("", {"cpu": "3"})) == {"cpu": "5"}
    assert requests(own, ("Always", {"cpu": "2"}), ("", {"cpu": "500m"})) == {"cpu": "3"}


def test_a_sum_is_written_as_its_first_amount() -> None:
    """Unless that is zero, as `Quantity.Add` has it."""
    assert requests([{"memory": "0"}, {"memory": "1Mi"}]) == {"memory": "1Mi"}
    assert requests([{"memory": "1k"}, {"memory": "1Ki"}]) == {"memory": "2024"}
