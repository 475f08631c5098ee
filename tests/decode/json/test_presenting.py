"""
Objects as Go's encoding/json writes them: what is left out, what is always there, and in which order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.decode.json.presenting import Presenter


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    """The types of the newest release."""
    return Presenter(Catalog(Release("1.37")))


@pytest.mark.parametrize(
    ("type_name", "members", "text"),
    [
        pytest.param(
            "core.v1.Container",
            {"image": "x", "name": None, "resources": {}, "$unknownFields": "AA=="},
            '{"name": "", "image": "x", "resources": {}, "$unknownFields": "AA=="}',
            id="null is the zero of a type that has none, and what is unknown comes last",
        ),
        pytest.param(
            "core.v1.PodSpec",
            {"containers": None, "hostPID": False, "terminationGracePeriodSeconds": 0, "tolerations": [None]},
            '{"containers": null, "terminationGracePeriodSeconds": 0, "tolerations": [{}]}',
            id="a pointer to zero is written, a plain zero with omitempty is not, a list without it is null",
        ),
        pytest.param(
            "core.v1.PodSpec",
            {"containers": [], "nodeSelector": {"b": "1", "a": None}},
            '{"containers": [], "nodeSelector": {"a": "", "b": "1"}}',
            id="maps are sorted",
        ),
        pytest.param(
            "apps.v1.DeploymentSpec",
            {"replicas": 0, "template": {"spec": {"containers": [{"name": "a"}]}}},
            '{"replicas": 0, "selector": null, '
            '"template": {"metadata": {}, "spec": {"containers": [{"name": "a", "resources": {}}]}}, "strategy": {}}',
            id="what JSON always has is there, at every depth",
        ),
        pytest.param(
            "apiextensions.v1.JSONSchemaProps",
            {"items": {"type": "string"}, "properties": {"z": {}, "a": {"additionalProperties": False}}},
            '{"items": {"type": "string"}, "properties": {"a": {"additionalProperties": false}, "z": {}}}',
            id="a type that holds itself, and a union",
        ),
    ],
)
def test_as_go_writes_it(presenter: Presenter, type_name: str, members: dict[str, Any], text: str) -> None:
    """The text, since the order counts."""
    before = json.dumps(members)
    assert json.dumps(presenter.present(type_name, members)) == text
    assert json.dumps(members) == before, "what was read is not changed"
