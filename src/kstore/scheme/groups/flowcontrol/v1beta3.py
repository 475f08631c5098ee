"""
Defaults and conversions of flowcontrol.apiserver.k8s.io/v1beta3
(`pkg/apis/flowcontrol/v1beta3/{defaults,conversion}.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.flowcontrol.defaulting import SHARES, declare
from kstore.scheme.groups.members import default_number
from kstore.scheme.registry import Auto, Obj, Rules, Scope

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


@rules.to_hub("PriorityLevelConfiguration")
def level_to_hub(level: Obj, auto: Auto, _scope: Scope) -> None:
    """In the hub zero is a number, and needs no annotation."""
    auto(level)
    found = level["metadata"].get("annotations") or {}
    if PRESERVE_ZERO in found:
        level["metadata"]["annotations"] = {name: text for name, text in found.items() if name != PRESERVE_ZERO}


@rules.from_hub("PriorityLevelConfiguration")
def level_from_hub(level: Obj, auto: Auto, _scope: Scope) -> None:
    """An annotation says of zero shares that they are meant."""
    limited = level["spec"].get("limited")
    zero = limited is not None and not limited.get("nominalConcurrencyShares")
    auto(level)
    if zero:
        found = level["metadata"].get("annotations") or {}
        level["metadata"]["annotations"] = {PRESERVE_ZERO: "", **found}
