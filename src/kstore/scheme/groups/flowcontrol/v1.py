"""
Defaults of flowcontrol.apiserver.k8s.io/v1 (`pkg/apis/flowcontrol/v1/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.flowcontrol.defaulting import SHARES, declare
from kstore.scheme.groups.members import default_member
from kstore.scheme.registry import Obj, Rules, Scope

rules = Rules("flowcontrol.v1")

declare(rules)


@rules.default("LimitedPriorityLevelConfiguration")
def default_shares(level: Obj, _scope: Scope) -> None:
    """Shares that are unset; zero is a number here."""
    default_member(level, "nominalConcurrencyShares", SHARES)
