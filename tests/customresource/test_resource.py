"""
What a CRD says of its resource: the order of its versions.
"""

from __future__ import annotations

import pytest

from kstore.customresource.resource import served_versions


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["v9", "v10", "v1"], ["v10", "v9", "v1"]),
        (["v1beta1", "v2alpha1", "v1"], ["v1", "v1beta1", "v2alpha1"]),
        (["v1beta2", "v1beta10", "v2beta1"], ["v2beta1", "v1beta10", "v1beta2"]),
        (["v1", "stable", "v0", "v01", "v1gamma1"], ["v1", "stable", "v0", "v01", "v1gamma1"]),
    ],
)
def test_the_order_of_discovery(names: list[str], order: list[str]) -> None:
    """By stage, then by numbers as numbers; what is no version of Kubernetes comes last, by the alphabet."""
    versions = [{"name": name, "served": True} for name in names] + [{"name": "v99", "served": False}]
    assert served_versions({"spec": {"versions": versions}}) == order
