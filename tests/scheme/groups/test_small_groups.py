"""
Groups with a default or two: scheduling, authentication, apiregistration.
"""

from __future__ import annotations

import pytest
from tests.scheme.groups.stored import example, stored


@pytest.mark.parametrize(("version", "release"), [("v1", "1.37"), ("v1beta1", "1.37"), ("v1alpha1", "1.35")])
def test_pods_of_lower_priority_are_preempted(version: str, release: str) -> None:
    """Unless a priority class says never."""
    group = "scheduling.k8s.io"
    found = stored(example("PriorityClass", f"{group}/{version}"), f"{group}/v1", release)
    assert found["preemptionPolicy"] == "PreemptLowerPriority"
    kept = stored(example("PriorityClass", f"{group}/{version}", preemptionPolicy="Never"), f"{group}/v1", release)
    assert kept["preemptionPolicy"] == "Never"


def test_groups_of_pods_behind_a_gate() -> None:
    """PodGroupPreemptionPolicy is off in 1.37: nothing is set."""
    for version in ("v1alpha3", "v1beta1"):
        found = stored(example("PodGroup", f"scheduling.k8s.io/{version}"), f"scheduling.k8s.io/{version}")
        assert "preemptionPolicy" not in found["spec"]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_services_of_other_servers_speak_https(version: str) -> None:
    """Where no port is named; a server of kube-apiserver's own has no service."""
    group = "apiregistration.k8s.io"
    spec = {"service": {"name": "s", "namespace": "n"}, "groupPriorityMinimum": 1, "versionPriority": 1}
    assert (
        stored(example("APIService", f"{group}/{version}", spec=spec), f"{group}/v1")["spec"]["service"]["port"] == 443
    )
    assert "service" not in stored(example("APIService", f"{group}/{version}"), f"{group}/v1")["spec"]


def test_tokens_are_valid_for_an_hour() -> None:
    """Unless they say for how long."""
    version = "authentication.k8s.io/v1"
    assert stored(example("TokenRequest", version), version)["spec"]["expirationSeconds"] == 3600
    kept = example("TokenRequest", version, spec={"expirationSeconds": 600})
    assert stored(kept, version)["spec"]["expirationSeconds"] == 600
