"""A plugin as `installed("picky")` finds it: one of its rules fails on heavy ships."""

from __future__ import annotations

from typing import Any

from tests.scheme import fleet

from kstore.plugin import Rules

rules = Rules("fleet.v1alpha1", hub="fleet.v1")


@rules.default("ShipSpec")
def picky(spec: dict[str, Any], _: object) -> None:
    """
    Fail as a rule does that forgot a case.

    Raises:
        KeyError: the ship is heavy.
    """
    if spec.get("tons", 0) > 5:
        raise KeyError("hull")


plugin = fleet.plugin(rules)
