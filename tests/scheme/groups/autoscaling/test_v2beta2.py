"""
autoscaling/v2beta2: all that v2 has but for the tolerance of scaling rules.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.autoscaling.autoscalers import CPU, autoscaler
from tests.scheme.groups.stored import stored

from kstore.errors import NotConvertible

PREFIX = "autoscaling.alpha.kubernetes.io/"


def convert(found: dict[str, Any], version: str, release: str = "1.35") -> dict[str, Any]:
    """An HPA as it is stored in another version."""
    return stored(found, f"autoscaling/{version}", release)


def test_tolerances_are_annotations() -> None:
    """Since 1.33 each side's tolerance is kept as a quantity's text."""
    found = convert(autoscaler([CPU], tolerance=True), "v2beta2")
    assert found["metadata"]["annotations"] == {
        "team": "a",
        PREFIX + "scale-down-tolerance": "0",
        PREFIX + "scale-up-tolerance": "50m",
    }
    assert "tolerance" not in found["spec"]["behavior"]["scaleUp"]


def test_a_tolerance_makes_a_behavior() -> None:
    """A tolerance that somebody wrote makes rules that have nothing else; defaults came before."""
    found = convert(autoscaler([CPU]), "v2beta2")
    del found["spec"]["behavior"]
    found["metadata"]["annotations"] = {PREFIX + "scale-up-tolerance": "0.10"}
    assert convert(found, "v2")["spec"]["behavior"] == {"scaleUp": {"tolerance": "100m"}}


def test_a_tolerance_that_is_no_quantity_is_refused() -> None:
    """Unlike the other annotations, which are left out when they cannot be read."""
    found = convert(autoscaler([CPU]), "v2beta2")
    found["metadata"]["annotations"] = {PREFIX + "scale-up-tolerance": "a little"}
    with pytest.raises(NotConvertible, match="scale-up-tolerance"):
        convert(found, "v2")


def test_before_tolerances_the_annotation_is_anybodys() -> None:
    """1.32 knows nothing of it and leaves it where it is."""
    found = convert(autoscaler([CPU]), "v2beta2", "1.32")
    found["metadata"]["annotations"] = {PREFIX + "scale-up-tolerance": "a little"}
    assert convert(found, "v2", "1.32")["metadata"]["annotations"] == found["metadata"]["annotations"]
