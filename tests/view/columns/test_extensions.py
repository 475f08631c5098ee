"""
The cells of definitions of custom resources and of API services.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW

from kstore.view.columns.ages import nanoseconds
from kstore.view.columns.extensions import api_service_cells, custom_resource_definition_cells

AT = nanoseconds(NOW)


@pytest.mark.parametrize(
    ("spec", "cell"),
    [
        ({"versions": [{"name": "v2", "served": True}, {"name": "v1", "served": True, "storage": True}]},
         "v1(storage),v2"),
        ({"versions": [{"name": "v1", "storage": True}, {"name": "v2", "served": True}], "version": "v1"}, "v2"),
        ({"version": "v1beta1"}, "v1beta1(storage)"),
        ({}, ""),
    ],
)  # fmt: skip
def test_versions_that_are_served(spec: dict[str, Any], cell: str) -> None:
    """By name, and which one is stored if it is served; an old definition has just one, in a field of its own."""
    assert custom_resource_definition_cells({"metadata": {"name": "x"}, "spec": spec}, AT)[2] == cell


@pytest.mark.parametrize(
    ("condition", "cell"),
    [
        (None, "Unknown"),
        ({"type": "Available", "status": "True", "reason": "Passed"}, "True"),
        ({"type": "Available", "status": "False", "reason": "MissingEndpoints"}, "False (MissingEndpoints)"),
        ({"type": "Available", "status": "False"}, "False"),
        ({"type": "Other", "status": "True"}, "Unknown"),
    ],
)
def test_whether_a_service_is_available(condition: dict[str, str] | None, cell: str) -> None:
    """A reason is told of what is not."""
    status = {"conditions": [] if condition is None else [condition]}
    assert api_service_cells({"metadata": {"name": "x"}, "spec": {}, "status": status}, AT)[2] == cell
