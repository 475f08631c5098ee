"""
The Scale of apps and extensions before autoscaling/v1: a selector as text, and as a map where it is no more than that.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

from kstore.errors import NotConvertible

OLD = ["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"]


def status(version: str, to: str, **members: Any) -> dict[str, Any]:
    """The status of a Scale in another version."""
    found: dict[str, Any] = stored(example("Scale", version, status={"replicas": 1, **members}), to)["status"]
    return found


@pytest.mark.parametrize("version", OLD)
def test_the_map_becomes_text(version: str) -> None:
    """Labels in their order; a text that is there is taken instead."""
    labels = {"tier": "front", "app": "web"}
    assert status(version, "autoscaling/v1", selector=labels)["selector"] == "app=web,tier=front"
    assert status(version, "autoscaling/v1", selector=labels, targetSelector="a in (b)")["selector"] == "a in (b)"


@pytest.mark.parametrize("version", OLD)
def test_text_becomes_a_map_where_it_can(version: str) -> None:
    """Equalities are a map; as soon as there is another term there is no map at all."""
    assert status("autoscaling/v1", version, selector="app=web, tier==front") == {
        "replicas": 1,
        "selector": {"app": "web", "tier": "front"},
        "targetSelector": "app=web, tier==front",
    }
    assert "selector" not in status("autoscaling/v1", version, selector="app=web,tier")


@pytest.mark.parametrize("text", ["app=", "a=b,,", "a in b", "a!=b", "a>1", "=b", "a b", "-a=b", "a=b b"])
@pytest.mark.parametrize("version", OLD)
def test_what_no_label_selector_says_is_refused(version: str, text: str) -> None:
    """Upstream fails on text that does not parse, and on operators that a LabelSelector does not have."""
    if text == "app=":
        assert status("autoscaling/v1", version, selector=text)["selector"] == {"app": ""}
        return
    with pytest.raises(NotConvertible, match="selector"):
        status("autoscaling/v1", version, selector=text)
