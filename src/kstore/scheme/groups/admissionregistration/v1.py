"""
Defaults of admissionregistration.k8s.io/v1 (`pkg/apis/admissionregistration/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.admissionregistration import webhooks
from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("admissionregistration.v1")

webhooks.declare_webhooks(rules, failure_policy="Fail", match_policy="Equivalent", timeout=10)
webhooks.declare_policies(rules)


@rules.default("Rule")
def default_rule(rule: Obj, _scope: Scope) -> None:
    """Objects of every scope."""
    default_member(rule, "scope", "*")
