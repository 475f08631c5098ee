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
