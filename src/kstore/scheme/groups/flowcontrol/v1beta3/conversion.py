"""
Conversions of flowcontrol.apiserver.k8s.io/v1beta3 (`pkg/apis/flowcontrol/v1beta3/conversion.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.flowcontrol.v1beta3.defaults import PRESERVE_ZERO
from kstore.scheme.registry import Auto, Obj, Rules, Scope

rules = Rules("flowcontrol.v1beta3")


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
