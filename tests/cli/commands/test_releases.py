"""
`kstore releases`: what is known, and what changes between two.
"""

from __future__ import annotations

import pytest
from tests.cli.conftest import Kstore
from tests.cli.test_json_reference import faults


@pytest.mark.large
def test_a_difference(kstore: Kstore, demo: Kstore) -> None:
    """The same as a document; with a store its objects, and exit code 5."""
    plain = kstore("releases", "--diff", "1.36", "1.37", "-o", "json")
    assert (plain.code, faults("release-difference", plain.json)) == (0, [])
    assert "touched" not in plain.json
    ran = demo("releases", "--diff", "1.33", "1.37", "-o", "json")
    assert (ran.code, faults("release-difference", ran.json)) == (5, [])
    assert {one["kind"] for one in ran.json["touched"]} >= {"IPAddress.networking.k8s.io"}
    assert kstore("releases", "--diff", "1.36", "2.0").code == 2


def test_a_difference_in_words(kstore: Kstore) -> None:
    """What comes, what goes, and what is another, each said so; kinds that are no resource are not listed."""
    text = kstore("releases", "--diff", "1.36", "1.37").text
    lines = [line.strip() for line in text.splitlines()]
    assert "evictions.lifecycle.k8s.io: new, lifecycle.k8s.io/v1alpha1" in lines
    assert "devicetaintrules.resource.k8s.io: resource.k8s.io/v1alpha3 -> resource.k8s.io/v1beta2" in lines
    assert "networking.k8s.io/v1beta1 IPAddress: no longer" in lines
    assert "scheduling.k8s.io/v1beta1 Workload: from now on" in lines
    assert "core.v1.NodeAllocatableResourceClaimStatus.resources: gone, was map[string]Quantity" in lines
    assert "JobPodReplacementPolicy: gone, was on: no longer a choice" in lines
    assert "core.v1.Pod: new: At least a second to end in; conversion did this before 1.37." in lines
    assert "PodStatusResult" not in text
    assert " - " not in text


@pytest.mark.large
def test_touched_objects_in_words(demo: Kstore) -> None:
    """How many a newer release would store otherwise, in what way, and one of them; none is said, too."""
    ran = demo("releases", "--diff", "1.33", "1.37")
    assert ran.code == 5
    assert "\nObjects that 1.37 would store otherwise: 5\n" in ran.text
    assert (
        "  ServiceCIDR.networking.k8s.io: 1 (in another version), such as /registry/servicecidrs/kubernetes\n"
        in ran.text
    )
    same = demo("releases", "--diff", "1.37", "1.37")
    assert (same.code, same.text.splitlines()[-1]) == (0, "Objects that 1.37 would store otherwise: none")


def test_a_release_that_is_not_known_exactly(kstore: Kstore) -> None:
    """That its defaults are another release's is said, lest they look as if they had not changed."""
    text = kstore("releases", "--diff", "1.24", "1.29").text
    assert text.splitlines()[1] == "What 1.24 defaults and converts is not known exactly; see `kstore releases`."
    assert "not known" not in kstore("releases", "--diff", "1.29", "1.30").text
    assert kstore("releases", "--diff", "1.24", "1.28", "-o", "json").json["approximate"] == ["1.24", "1.28"]
