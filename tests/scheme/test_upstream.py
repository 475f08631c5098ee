"""
The ledger: every hand-written function of upstream's is ported, or it says why stored objects do not need it.
"""

from __future__ import annotations

from kstore.catalog.tables import read_table
from tools import upstream

ROWS = upstream.rows()


def test_nothing_is_open() -> None:
    """Each function of each exact release has a port or a reason, and not both."""
    assert upstream.unaccounted(ROWS) == []
    assert [row["function"] for row in ROWS if row.get("port") and row.get("unneeded")] == []
    assert len(ROWS) > 300


def test_ports_exist() -> None:
    """A port is a function that is there."""
    assert [row["port"] for row in ROWS if row.get("port") and not upstream.exists(row["port"])] == []
    assert not upstream.exists("kstore.scheme.groups.apps.v1.no_such_function")
    assert not upstream.exists("kstore.no_such_module.function")


def test_ports_are_what_the_rules_say() -> None:
    """A function that a rule is declared for is ported by that very rule."""
    known = upstream.ports()
    for row in ROWS:
        path, name = row["function"].split(" ")
        package = path.rpartition("/")[0]
        declared = [known[one] for one in upstream.declared_for(package, name) if one in known]
        assert not declared or row.get("port") in declared, row


def test_every_rule_stands_for_a_function() -> None:
    """No rule is made up: each ports a function of upstream's."""
    ported = {row["port"] for row in ROWS if row.get("port")}
    assert set(upstream.ports().values()) - ported == set()


def test_reasons_are_sentences() -> None:
    """A reason says something."""
    assert [row for row in ROWS if "unneeded" in row and len(row["unneeded"]) < 20] == []


def test_all_exact_releases_are_in_it() -> None:
    """The newest and the oldest exact release occur among the hashes."""
    exact = sorted(int(row["release"][2:]) for row in read_table("releases.json") if row.get("exact"))
    named = {int(end[2:]) for row in ROWS for span in row["hashes"] for end in span.split("-")}
    assert {exact[0], exact[-1]} <= named
