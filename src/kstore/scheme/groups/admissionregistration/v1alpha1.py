"""
Defaults of admissionregistration.k8s.io/v1alpha1 (`pkg/apis/admissionregistration/v1alpha1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.admissionregistration import webhooks
from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("admissionregistration.v1alpha1")

webhooks.declare_policies(rules)


@rules.default("ParamRef")
def default_param_ref(reference: Obj, _scope: Scope) -> None:
    """Parameters that are not there deny."""
    default_member(reference, "parameterNotFoundAction", "Deny")
