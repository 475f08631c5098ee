"""
Which versions a server serves unless it is told otherwise.
"""

from __future__ import annotations

import pytest

from kstore.catalog.enabled_apis import is_enabled


@pytest.mark.parametrize(
    ("version", "introduced", "minor", "enabled"),
    [
        ("v1", 0, 37, True),
        ("v2", 30, 37, True),
        ("v1beta1", 0, 37, True),
        ("v1beta1", 23, 37, True),
        ("v1beta1", 24, 37, False),  # KEP-3136: new ones are off from 1.24 on
        ("v1beta1", 25, 37, False),
        ("v1alpha1", 0, 37, False),
        ("v2alpha3", 20, 24, False),
    ],
)
def test_by_its_stage(version: str, introduced: int, minor: int, enabled: bool) -> None:
    """What is stable is on, alpha is off, and of beta what came before the rule."""
    assert is_enabled("a.example.com", version, "boats", {}, introduced=introduced, minor=minor) is enabled


@pytest.mark.parametrize(("minor", "enabled"), [(26, True), (31, True), (32, False)])
def test_the_one_that_was_on_all_the_same(minor: int, enabled: bool) -> None:
    """flowcontrol's v1beta3, until 1.32."""
    group = "flowcontrol.apiserver.k8s.io"
    assert is_enabled(group, "v1beta3", "flowschemas", {}, introduced=26, minor=minor) is enabled


@pytest.mark.parametrize(
    ("config", "enabled"),
    [
        ({}, False),
        ({"api/all": True}, True),
        ({"api/all": True, "api/beta": False}, False),
        ({"api/beta": True, "api/all": False}, True),
        ({"api/beta": False, "a.example.com/v1beta1": True}, True),
        ({"a.example.com/v1beta1": True, "a.example.com/v1beta1/boats": False}, False),
        ({"a.example.com/v1beta1/boats": True, "a.example.com/v1beta1": False}, True),
        ({"a.example.com/v1beta1/boats": True, "api/all": False}, True),
        ({"a.example.com/v1beta1/sails": True, "api/alpha": True, "a.example.com/v1": True}, False),
    ],
)
def test_what_a_server_is_told(config: dict[str, bool], enabled: bool) -> None:
    """The narrower comes before the wider, whatever their order: all, a stage, a version, a resource."""
    assert is_enabled("a.example.com", "v1beta1", "boats", config, introduced=30, minor=37) is enabled
