"""
Defaults that the versions of flow control have in common (`pkg/apis/flowcontrol/<version>/defaults.go`).
"""

from __future__ import annotations

from kstore.scheme.groups.members import default_member, default_number
from kstore.scheme.registry import Obj, Rules, Scope

SHARES = 30
"""The default of a limited level's concurrency shares."""


def declare(rules: Rules) -> None:
    """Declare what all versions have: precedence, queues, and that nothing is lent."""
    rules.default("FlowSchemaSpec")(_default_schema)
    rules.default("ExemptPriorityLevelConfiguration")(_default_exempt)
    rules.default("LimitedPriorityLevelConfiguration")(_default_limited)
    rules.default("QueuingConfiguration")(_default_queuing)


def _default_schema(spec: Obj, _scope: Scope) -> None:
    default_number(spec, "matchingPrecedence", 1000)


def _default_exempt(level: Obj, _scope: Scope) -> None:
    default_member(level, "nominalConcurrencyShares", 0)
    default_member(level, "lendablePercent", 0)


def _default_limited(level: Obj, _scope: Scope) -> None:
    default_member(level, "lendablePercent", 0)


def _default_queuing(queuing: Obj, _scope: Scope) -> None:
    default_number(queuing, "handSize", 8)
    default_number(queuing, "queues", 64)
    default_number(queuing, "queueLengthLimit", 50)
