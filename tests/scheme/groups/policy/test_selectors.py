"""
PodDisruptionBudgets: an empty selector is nothing in v1beta1 and everything in v1, and a label says the other thing.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

OLD, NEW = "policy/v1beta1", "policy/v1"
LABEL = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"


def matching(operator: str, *others: dict[str, Any]) -> dict[str, Any]:
    """A selector by the label that nothing has."""
    return {"matchExpressions": [*others, {"key": LABEL, "operator": operator}]}


def selector(found: dict[str, Any] | None, version: str, to: str, release: str = "1.37") -> dict[str, Any] | None:
    """A budget's selector in another version."""
    budget = example("PodDisruptionBudget", version, spec={"selector": found})
    result: dict[str, Any] | None = stored(budget, to, release)["spec"].get("selector")
    return result


@pytest.mark.parametrize("release", ["1.29", "1.37"])
def test_empty_and_its_opposite(release: str) -> None:
    """Nothing stays nothing, everything stays everything, both ways."""
    assert selector({}, OLD, NEW, release) == matching("Exists")
    assert selector(matching("Exists"), NEW, OLD, release) == {}
    assert selector({}, NEW, OLD, release) == matching("DoesNotExist")
    assert selector(matching("DoesNotExist"), OLD, NEW, release) == {}


@pytest.mark.parametrize("beside", [{"matchLabels": {"a": "b"}}, {"values": ["x"]}])
def test_what_only_looks_like_the_label(beside: dict[str, Any]) -> None:
    """With labels or values beside it the selector is a user's: it does not become an empty one."""
    found = matching("Exists") | beside
    if "values" in beside:
        found = {"matchExpressions": [{**matching("Exists")["matchExpressions"][0], **beside}]}
    assert selector(found, NEW, OLD) == found


def test_no_selector_is_none() -> None:
    """A budget without a selector has none in any version."""
    assert selector(None, OLD, NEW) is None
    assert selector(None, NEW, OLD) is None


def test_the_label_beside_others_is_dropped() -> None:
    """From v1beta1 always; from v1 itself until 1.37 left it to the user."""
    other = {"key": "app", "operator": "Exists"}
    assert selector(matching("Exists", other), OLD, NEW) == {"matchExpressions": [other]}
    assert selector(matching("Exists", other), NEW, NEW, "1.36") == {"matchExpressions": [other]}
    assert selector(matching("Exists", other), NEW, NEW, "1.37") == matching("Exists", other)
