"""
Defaults of networking.k8s.io/v1 (`pkg/apis/networking/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("networking.v1")


@rules.default("NetworkPolicyPort")
def default_policy_port(port: Obj, _scope: Scope) -> None:
    """TCP."""
    default_member(port, "protocol", "TCP")


@rules.default("NetworkPolicy")
def default_network_policy(policy: Obj, _scope: Scope) -> None:
    """What comes in, and what goes out where there are rules for it."""
    spec = policy["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


@rules.default("IngressClass")
def default_ingress_class(obj: Obj, _scope: Scope) -> None:
    """Parameters are cluster-wide."""
    parameters = obj["spec"].get("parameters")
    if parameters is not None:
        default_member(parameters, "scope", "Cluster")
