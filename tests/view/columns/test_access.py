"""
The cells of certificates and of flow control, where conditions decide.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW, TIME

from kstore.view.columns.access import certificate_signing_request_cells, flow_schema_cells, role_binding_cells
from kstore.view.columns.ages import nanoseconds

METADATA = {"name": "web", "creationTimestamp": TIME}


@pytest.mark.parametrize(
    ("conditions", "certificate", "state"),
    [
        ([], "", "Pending"),
        (["Approved"], "", "Approved"),
        (["Approved"], "LS0t", "Approved,Issued"),
        (["Denied"], "", "Denied"),
        (["Approved", "Denied"], "", "Denied"),
        (["Approved", "Failed"], "", "Approved,Failed"),
        (["Failed"], "", "Pending,Failed"),
    ],
)
def test_what_became_of_a_request(conditions: list[str], certificate: str, state: str) -> None:
    """What was denied is, whatever was said before; failing and issuing come beside that."""
    status: dict[str, Any] = {"conditions": [{"type": one} for one in conditions], "certificate": certificate}
    spec = {"signerName": "example.com/a", "username": "jane", "expirationSeconds": 3600}
    cells = certificate_signing_request_cells({"metadata": METADATA, "spec": spec, "status": status}, nanoseconds(NOW))
    assert cells == ["web", "5m", "example.com/a", "jane", "60m", state]


@pytest.mark.parametrize(("conditions", "dangling"), [([], "?"), ([{"type": "Dangling", "status": "True"}], "True")])
def test_a_flow_schema(conditions: list[dict[str, str]], dangling: str) -> None:
    """Whether its priority level is there is only known once somebody has said so."""
    spec = {"priorityLevelConfiguration": {"name": "low"}, "matchingPrecedence": 500}
    obj = {"metadata": METADATA, "spec": spec, "status": {"conditions": conditions}}
    assert flow_schema_cells(obj, nanoseconds(NOW)) == ["web", "low", 500, "<none>", "5m", dangling]


def test_a_role_binding() -> None:
    """Subjects by their kinds; a ServiceAccount with its namespace."""
    subjects = [
        {"kind": "User", "name": "jane"},
        {"kind": "Group", "name": "ops"},
        {"kind": "ServiceAccount", "name": "bot", "namespace": "shop"},
        {"kind": "User", "name": "joe"},
    ]
    obj = {"metadata": METADATA, "roleRef": {"kind": "Role", "name": "edit"}, "subjects": subjects}
    assert role_binding_cells(obj, nanoseconds(NOW)) == ["web", "Role/edit", "5m", "jane, joe", "ops", "shop/bot"]
