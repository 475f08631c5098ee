"""
What a Service claims for itself alone.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.inspect.claims import claims_of


@pytest.mark.parametrize(
    ("spec", "claims"),
    [
        (
            {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "fd00::0:1"]},
            ["clusterIP 10.0.0.1", "clusterIP fd00::1"],
        ),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, []),
        ({"clusterIP": "", "ports": None}, []),
        ({"type": "ExternalName", "clusterIP": "10.0.0.1", "externalName": "x.example.com"}, []),
        ({"ports": [{"nodePort": 30080}, {"port": 80}, {"nodePort": 30080, "protocol": "UDP"}]}, ["nodePort 30080"]),
        ({"ports": [{"nodePort": 0}], "healthCheckNodePort": 30500}, ["nodePort 30500"]),
        ({"clusterIP": "of old"}, ["clusterIP of old"]),
    ],
)
def test_what_a_service_claims(spec: dict[str, Any], claims: list[str]) -> None:
    """Its addresses in one spelling and its ports of the nodes, each once; none where it only names another host."""
    assert list(claims_of(spec)) == claims
