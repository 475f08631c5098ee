"""
What changes in storage between two releases, and what of a store that touches.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import Release, known_releases
from kstore.library.release_difference import Changed, release_difference, touched
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource


def test_from_one_release_to_the_next() -> None:
    """Versions, what is served, fields, gates and rules of defaults, each with what it was and is."""
    found = release_difference(Release("1.36"), Release("1.37"))
    assert (
        Changed("workloads.scheduling.k8s.io", "scheduling.k8s.io/v1alpha2", "scheduling.k8s.io/v1beta1")
        in found.storage
    )
    assert Changed("evictions.lifecycle.k8s.io", "", "lifecycle.k8s.io/v1alpha1") in found.storage
    assert Changed("networking.k8s.io/v1beta1 IPAddress", "served", "") in found.served
    assert Changed("core.v1.VolumeMount.bindMountOptions", "", "[]string") in found.fields
    assert Changed("MaxUnavailableStatefulSet", "off", "on") in found.gates
    assert "core.v1.PodStatus" in {one.name for one in found.defaults}


def test_backwards_is_the_mirror_image() -> None:
    """What came goes, and the other way round."""
    there, back = (release_difference(Release(a), Release(b)) for a, b in (("1.33", "1.35"), ("1.35", "1.33")))
    for name in ("storage", "served", "fields", "gates", "defaults"):
        assert {(one.name, one.before, one.after) for one in getattr(there, name)} == {
            (one.name, one.after, one.before) for one in getattr(back, name)
        }


@pytest.mark.large
@pytest.mark.parametrize("name", known_releases())
def test_a_release_does_not_differ_from_itself(name: str) -> None:
    """Nothing changes, in every release that is known."""
    found = release_difference(Release(name), Release(name))
    assert (found.storage, found.served, found.fields, found.gates, found.defaults) == ((), (), (), (), ())


def test_objects_that_are_touched() -> None:
    """Those whose version or defaults are others, and those that the later release has no place for; others not."""
    metadata = {"name": "a", "namespace": "x"}
    objects: dict[str | bytes, bytes | dict[str, Any]] = {
        "/registry/configmaps/x/a": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata},
        "/registry/poddisruptionbudgets/x/a": {
            "apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": metadata,
            "spec": {"minAvailable": 1},
        },
        "/registry/statefulsets/x/a": {
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata,
            "spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {}}},
        },
        "/registry/podsecuritypolicy/a": {
            "apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "a"},
        },
    }  # fmt: skip
    store = Store(MemorySource(objects), Scheme(Release("1.37")))

    def kinds(before: str, after: str) -> dict[str, list[str]]:
        found = touched(store.under("/registry"), Release(before), Release(after))
        return {kind: sorted(one.reasons) for kind, one in found.items()}

    assert kinds("1.26", "1.37") == {
        "StatefulSet.apps": ["content"], "PodSecurityPolicy.policy": ["not stored in 1.37"],
        "PodDisruptionBudget.policy": ["version"],
    }  # fmt: skip
    assert kinds("1.27", "1.28").keys() == {"PodSecurityPolicy.policy"}
    assert kinds("1.24", "1.25")["ConfigMap"] == ["content"]  # up to 1.24 each value had an empty clusterName
    assert kinds("1.26", "1.27").keys() == {"PodDisruptionBudget.policy", "PodSecurityPolicy.policy"}
    assert kinds("1.37", "1.37") == {"PodSecurityPolicy.policy": ["not stored in 1.37"]}
