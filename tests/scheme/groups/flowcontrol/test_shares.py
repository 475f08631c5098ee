"""
Concurrency shares: assured in v1beta1 and v1beta2, nominal since; zero is a number since v1, and by annotation before.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

GROUP = "flowcontrol.apiserver.k8s.io"
ZERO = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
ASSURED, NOMINAL = "assuredConcurrencyShares", "nominalConcurrencyShares"


def level(limited: dict[str, Any], version: str, to: str, **annotations: str) -> dict[str, Any]:
    """A priority level in another version."""
    found = example("PriorityLevelConfiguration", f"{GROUP}/{version}", spec={"type": "Limited", "limited": limited})
    if annotations:
        found["metadata"]["annotations"] = annotations
    return stored(found, f"{GROUP}/{to}")


@pytest.mark.parametrize("old", ["v1beta1", "v1beta2"])
def test_assured_are_nominal(old: str) -> None:
    """The same number under its later name, and back."""
    limited = level({ASSURED: 7}, old, "v1")["spec"]["limited"]
    assert limited[NOMINAL] == 7
    assert ASSURED not in limited
    assert level({NOMINAL: 7}, "v1", old)["spec"]["limited"][ASSURED] == 7


@pytest.mark.parametrize(
    ("version", "name", "expected"),
    [("v1beta1", ASSURED, 30), ("v1beta2", ASSURED, 30), ("v1beta3", NOMINAL, 30), ("v1", NOMINAL, 0)],
)
def test_zero(version: str, name: str, expected: int) -> None:
    """Only v1 tells zero from unset."""
    assert level({name: 0}, version, "v1")["spec"]["limited"][NOMINAL] == expected
    assert level({}, version, "v1")["spec"]["limited"][NOMINAL] == 30


def test_zero_of_v1_survives_v1beta3() -> None:
    """An annotation says that zero is meant, in v1beta3 only."""
    old = level({NOMINAL: 0}, "v1", "v1beta3", team="a")
    assert old["metadata"]["annotations"] == {ZERO: "", "team": "a"}
    assert old["spec"]["limited"][NOMINAL] == 0
    back = stored(old, f"{GROUP}/v1")
    assert back["metadata"]["annotations"] == {"team": "a"}
    assert back["spec"]["limited"][NOMINAL] == 0


def test_other_numbers_need_no_annotation() -> None:
    """One that is there all the same goes once it was read."""
    assert "annotations" not in level({NOMINAL: 5}, "v1", "v1beta3")["metadata"]
    assert ZERO not in level({NOMINAL: 5}, "v1beta3", "v1beta3", **{ZERO: ""})["metadata"].get("annotations", {})


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2", "v1beta3", "v1"])
def test_defaults_of_all_versions(version: str) -> None:
    """Queues, and what an exempt level has and lends."""
    queuing = {"limitResponse": {"type": "Queue", "queuing": {"queues": 0, "handSize": 6}}}
    limited = level(queuing, version, "v1")["spec"]["limited"]
    assert limited["limitResponse"]["queuing"] == {"queues": 64, "handSize": 6, "queueLengthLimit": 50}
    assert limited["lendablePercent"] == 0
    exempt = example("PriorityLevelConfiguration", f"{GROUP}/{version}", spec={"type": "Exempt", "exempt": {}})
    assert stored(exempt, f"{GROUP}/v1")["spec"]["exempt"] == {NOMINAL: 0, "lendablePercent": 0}
    schema = stored(example("FlowSchema", f"{GROUP}/{version}"), f"{GROUP}/v1")
    assert schema["spec"]["matchingPrecedence"] == 1000
