"""
Defaults of resource.k8s.io/v1alpha2 (`pkg/apis/resource/v1alpha2/defaults.go` of 1.30 and before).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_text
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("resource.v1alpha2")


@rules.default("ResourceClaimSpec")
def default_claim(spec: Obj, _scope: Scope) -> None:
    """Allocated when somebody needs it."""
    default_text(spec, "allocationMode", "WaitForFirstConsumer")
