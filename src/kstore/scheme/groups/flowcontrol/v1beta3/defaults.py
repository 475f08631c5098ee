"""
Defaults of flowcontrol.apiserver.k8s.io/v1beta3 (`pkg/apis/flowcontrol/v1beta3/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.flowcontrol.defaulting import SHARES, declare
from kstore.scheme.groups.members import default_number
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("flowcontrol.v1beta3")

PRESERVE_ZERO = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
"""The annotation that says of zero shares that they are meant."""

declare(rules)


@rules.default("PriorityLevelConfiguration")
def default_shares(level: Obj, _scope: Scope) -> None:
    """Shares that are zero, unless that is meant."""
    limited = level["spec"].get("limited")
    if limited is not None and PRESERVE_ZERO not in (level["metadata"].get("annotations") or {}):
        default_number(limited, "nominalConcurrencyShares", SHARES)
