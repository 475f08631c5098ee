"""
What an update drops from a Pod's status; real servers are asked in tests/e2e/test_aged_fields.py.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.scheme.groups.core.pod_status import drop_disabled_status

STATUS: dict[str, Any] = {
    "containerStatuses": [
        {"name": "c", "resources": {}, "allocatedResources": {"cpu": "1"}, "volumeMounts": [], "user": {},
         "allocatedResourcesStatus": []},
    ],
    "resize": "Proposed",
    "resourceClaimStatuses": [{"name": "r"}],
}  # fmt: skip


def left(release: Release, spec: dict[str, Any]) -> set[str]:
    """The members of the status that stay."""
    status = copy.deepcopy(STATUS)
    drop_disabled_status({"spec": spec, "status": status}, release)
    return {*status, *status["containerStatuses"][0]} - {"containerStatuses", "name"}


RESIZES = {"containers": [{"resizePolicy": [{}]}]}


@pytest.mark.parametrize(
    ("release", "spec", "stays"),
    [
        ("1.29", {}, {"volumeMounts", "user", "allocatedResourcesStatus"}),
        ("1.31", {}, {"volumeMounts"}),
        ("1.31", {"securityContext": {"supplementalGroupsPolicy": "Merge"}}, {"volumeMounts", "user"}),
        ("1.32", RESIZES, {"resources", "resize", "volumeMounts"}),
        ("1.33", {}, {"resources", "allocatedResources", "resize", "volumeMounts", "user"}),
        ("1.29", {**RESIZES, "resourceClaims": [{"name": "r"}]}, {"resources", "allocatedResources", "resize",
         "resourceClaimStatuses", "volumeMounts", "user", "allocatedResourcesStatus"}),
    ],
)  # fmt: skip
def test_what_stays(release: str, spec: dict[str, Any], stays: set[str]) -> None:
    """What the release has switched on, and what the spec uses."""
    assert left(Release(release), spec) == stays


@pytest.mark.parametrize(
    ("release", "is_on", "stays"),
    [
        ("1.30", False, True),
        ("1.31", False, False),
        ("1.31", True, True),
        ("1.35", False, False),
        ("1.36", False, True),
    ],
)  # fmt: skip
def test_the_health_of_resources(release: str, is_on: bool, stays: bool) -> None:
    """Servers of 1.31 to 1.35 drop it where the gate is off; the others keep what the old status has."""
    found = left(Release(release, gates={"ResourceHealthStatus": is_on}), {})
    assert ("allocatedResourcesStatus" in found) is stays


def test_gates_as_they_are_set() -> None:
    """A feature that is switched on drops nothing."""
    release = Release("1.29", gates={"InPlacePodVerticalScaling": True, "DynamicResourceAllocation": True})
    assert left(release, {}) >= {"resources", "allocatedResources", "resize", "resourceClaimStatuses"}
