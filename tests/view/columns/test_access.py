"""
The cells of certificates and of flow control, where conditions decide.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.view.columns.times import NOW, TIME

from kstore.view.columns.access import (
    admission_policy_binding_cells,
    certificate_signing_request_cells,
    flow_schema_cells,
    pod_certificate_request_cells,
    role_binding_cells,
)
from kstore.view.columns.ages import nanoseconds

METADATA = {"name": "web", "creationTimestamp": TIME}
SELECTOR = (
    "&LabelSelector{MatchLabels:map[string]string{a: 2,b: 1,},MatchExpressions:[]LabelSelectorRequirement{"
    "LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}"
)


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


@pytest.mark.parametrize(
    ("version", "users", "groups"), [("v1alpha1", "jane", "system:authenticated"), ("v1beta1", "*, jane", "")]
)
def test_everybody(version: str, users: str, groups: str) -> None:
    """Only v1alpha1 wrote those who are authenticated as the user `*`."""
    subjects = [{"kind": "User", "name": "*"}, {"kind": "User", "name": "jane"}]
    obj = {"apiVersion": f"rbac.authorization.k8s.io/{version}", "metadata": METADATA, "subjects": subjects}
    assert role_binding_cells(obj, nanoseconds(NOW))[3:5] == [users, groups]


@pytest.mark.parametrize(
    ("conditions", "state"),
    [([], "Pending"), (["Other"], "Pending"), (["Denied", "Issued"], "Issued"), (["Issued", "Other"], "Issued")],
)
def test_the_certificate_of_a_pod(conditions: list[str], state: str) -> None:
    """Of the conditions that say a state the last one does."""
    status = {"conditions": [{"type": one} for one in conditions]}
    obj = {"metadata": METADATA, "spec": {}, "status": status}
    assert pod_certificate_request_cells(obj, nanoseconds(NOW))[5] == state


@pytest.mark.parametrize(
    ("reference", "cell"),
    [
        ({}, "<unset>"),
        ({"name": "p"}, "*/p"),
        ({"name": "p", "namespace": "shop"}, "shop/p"),
        (
            {"selector": {"matchLabels": {"b": "1", "a": "2"}, "matchExpressions": [
                {"key": "k", "operator": "In", "values": ["x", "y"]},
            ]}},
            SELECTOR,
        ),
    ],
)  # fmt: skip
def test_parameters_of_a_binding(reference: dict[str, Any], cell: str) -> None:
    """Of any namespace, of one, or all that a selector matches, as Go prints it."""
    obj = {"metadata": METADATA, "spec": {"policyName": "p", "paramRef": reference}}
    assert admission_policy_binding_cells(obj, nanoseconds(NOW))[2] == cell
