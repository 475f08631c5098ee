"""
Differences of two objects, matched as the API matches them.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.differences import Difference, object_differences


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(Release("1.37"))


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"kind": "Deployment", "spec": {"template": {"spec": {"containers": list(containers)}}, **spec}}


def test_containers_are_matched_by_name(catalog):
    """A container that moved is no change; one whose image changed is that one field."""
    old = deployment({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"})
    new = deployment({"name": "b", "image": "b:2"}, {"name": "a", "image": "a:1"})
    assert object_differences(old, new, "apps.v1.Deployment", catalog) == [
        Difference("spec.template.spec.containers[name=b].image", "changed", "b:1", "b:2")
    ]


def test_what_came_and_went(catalog):
    """Added and removed members and elements are named once, with their value."""
    old = deployment({"name": "a"}, {"name": "b"}, paused=True)
    new = deployment({"name": "a"}, {"name": "c"}, replicas=3)
    assert object_differences(old, new, "apps.v1.Deployment", catalog) == [
        Difference("spec.template.spec.containers[name=b]", "removed", {"name": "b"}, None),
        Difference("spec.template.spec.containers[name=c]", "added", None, {"name": "c"}),
        Difference("spec.paused", "removed", True, None),
        Difference("spec.replicas", "added", None, 3),
    ]


def test_lists_without_a_key(catalog):
    """Plain lists are matched by value, so that one more in the middle is one more."""
    old = {"metadata": {"finalizers": ["a", "b"]}}
    new = {"metadata": {"finalizers": ["a", "x", "b"]}}
    assert object_differences(old, new, "core.v1.Pod", catalog) == [
        Difference("metadata.finalizers[1]", "added", None, "x")
    ]


def test_keys_of_maps(catalog):
    """Labels and annotations are told by their key."""
    old = {"metadata": {"labels": {"app.example.com/a": "1", "b": "2"}}}
    new = {"metadata": {"labels": {"app.example.com/a": "2", "b": "2"}}}
    assert object_differences(old, new, "core.v1.Pod", catalog) == [
        Difference("metadata.labels[app.example.com/a]", "changed", "1", "2")
    ]


def test_unknown_kinds_match_names(catalog):
    """Where no type is known, elements with a name of their own are matched by it; true and 1 are not the same."""
    old = {"list": [{"name": "a", "v": 1}, {"name": "b", "v": 1}], "flag": 1}
    new = {"list": [{"name": "b", "v": 1}, {"name": "a", "v": 2}], "flag": True}
    assert object_differences(old, new, None, catalog) == [
        Difference("list[name=a].v", "changed", 1, 2),
        Difference("flag", "changed", 1, True),
    ]


def test_keys_that_come_twice(catalog):
    """A list whose keys are not unique is matched by value."""
    old = deployment({"name": "a", "image": "1"}, {"name": "a", "image": "2"})
    new = deployment({"name": "a", "image": "1"})
    assert [one.kind for one in object_differences(old, new, "apps.v1.Deployment", catalog)] == ["removed"]
