"""
Concurrency shares under their first name, assured, which v1beta1 and v1beta2 have.

(`pkg/apis/flowcontrol/v1beta1/conversion.go`, `v1beta2/conversion.go`)
"""

from __future__ import annotations

from kstore.scheme.groups.flowcontrol.defaulting import SHARES, declare
from kstore.scheme.groups.members import default_number
from kstore.scheme.registry import Auto, Obj, Rules, Scope


def declare_assured(rules: Rules) -> None:
    """Declare defaults and conversions of a version with assured shares."""
    declare(rules)
    rules.default("LimitedPriorityLevelConfiguration")(_default_shares)
    rules.to_hub("LimitedPriorityLevelConfiguration")(_to_hub)
    rules.from_hub("LimitedPriorityLevelConfiguration")(_from_hub)


def _default_shares(level: Obj, _scope: Scope) -> None:
    default_number(level, "assuredConcurrencyShares", SHARES)


def _to_hub(level: Obj, auto: Auto, _scope: Scope) -> None:
    shares = level.pop("assuredConcurrencyShares", 0)
    auto(level)
    level["nominalConcurrencyShares"] = shares


def _from_hub(level: Obj, auto: Auto, _scope: Scope) -> None:
    shares = level.pop("nominalConcurrencyShares", 0)
    auto(level)
    level["assuredConcurrencyShares"] = shares
