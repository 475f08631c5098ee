"""
Evictions: an object within an object.
"""

from __future__ import annotations

from tests.scheme.groups.stored import example, stored


def test_options_keep_their_kind() -> None:
    """DeleteOptions have no hub type of their own, and so nothing of them is converted away."""
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 5}
    assert stored(example("Eviction", "policy/v1beta1", deleteOptions=options), "policy/v1")["deleteOptions"] == options
