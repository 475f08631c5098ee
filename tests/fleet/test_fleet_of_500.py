"""
A fleet whose truth is known: every row says of a store what was put in, though a worker is killed on the way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tools.fleet_of_500.running import Fleet, differing, environment, killed, wrong
from tools.fleet_of_500.stores import Expected, make

pytest.importorskip("distributed")
GOOD = Expected("a.db", "plain", "done", "", "c", "1.30", 7, 6, 0, 1)
TORN = Expected("b.db", "torn", "failed", "damaged-store")


def rows() -> list[dict[str, Any]]:
    """What is right of both."""
    asked: dict[str, Any] = {"cluster": "c", "release": "1.30", "revision": 7, "objects": 6, "undecodable": 0}
    nothing = dict.fromkeys([*asked, "below_target"])
    good = {"store": "/f/a.db", "status": "done", "error": None, **asked, "below_target": 1}
    return [good, {**nothing, "store": "/f/b.db", "status": "failed", "error": "damaged-store: torn"}]


def test_what_is_wrong_is_told() -> None:
    """A number, a status or an error that is not so; a store that is missing, there twice, or of no fleet."""
    fleet = Fleet("/f", "/f/*", Path("keys"), [GOOD, TORN], {})
    good, torn = rows()
    assert wrong(fleet, rows()) == []
    assert wrong(fleet, [{**good, "objects": 5}, torn]) == ["a.db (plain): objects is 5, not 6"]
    assert wrong(fleet, [good]) == ["b.db has no row"]
    assert wrong(fleet, [good, torn, torn]) == ["/f/b.db has 2 rows"]
    assert wrong(fleet, [good, {**torn, "error": "store-unreachable: x"}]) == ["b.db (torn): store-unreachable: x"]
    assert wrong(fleet, [good, torn, {**good, "store": "/f/c.db"}]) == ["/f/c.db is not of the fleet"]
    assert differing([good], [{**good, "age_hours": 1}]) == differing([], []) == []
    assert differing([good, torn], [good, {**torn, "status": "timeout"}]) == ["/f/b.db"]
    assert differing([good, torn], [good]) == ["2 rows, then 1"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thirty_stores(tmp_path: Path) -> None:
    """A scheduler and two workers as processes; what is known is not asked again."""
    stores = tmp_path / "stores"
    expected = make(stores, 30)
    assert {one.kind for one in expected} >= {"empty", "foreign", "secretbox", "flipped", "torn"}
    variables = environment(tmp_path / "cache")
    assert (
        killed(Fleet(str(stores), f"{stores}/*/latest.db*", stores / "keys.yaml", expected, variables), tmp_path) == []
    )
