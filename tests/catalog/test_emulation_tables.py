"""
What emulation reads of the tables: resources kept in one version, and kinds whose hub changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kstore.catalog import emulation
from kstore.catalog.tables import read_table

TABLES: dict[str, list[dict[str, Any]]] = {
    "kinds.json": [
        {"group": "zoo", "version": "v1", "kind": "Cage", "hub": "zoo.internal.Cage", "releases": "1.34-1.37"},
        {"group": "zoo", "version": "v1", "kind": "Cage", "hub": "zoo.v1.Cage", "releases": "1.38-"},
    ],
    "releases.json": [{"release": "1.37", "overridden": ["zoo/cages"]}, {"release": "1.38"}],
}


@pytest.fixture
def small_tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tables above, until the test is over."""
    monkeypatch.setattr(emulation, "read_table", TABLES.__getitem__)
    for cached in (emulation._rows, emulation._overridden):
        cached.cache_clear()
    yield
    for cached in (emulation._rows, emulation._overridden):
        cached.cache_clear()


@pytest.mark.usefixtures("small_tables")
@pytest.mark.parametrize("minor", [37, 38])
def test_a_kind_whose_hub_changed(minor: int) -> None:
    """It is there in the releases of both rows."""
    assert emulation.emulated_version("zoo", "Cage", ["v1"], minor=minor, emulated=36, compatible=35) == "v1"


@pytest.mark.usefixtures("small_tables")
def test_resources_kept_in_one_version() -> None:
    """Those of the release alone."""
    assert emulation.is_overridden("zoo", "cages", 37)
    assert not emulation.is_overridden("zoo", "cages", 38)
    assert not emulation.is_overridden("zoo", "keepers", 37)


def test_the_committed_ones() -> None:
    """Every release that emulates has some, and no other: mutating policies until they were stored in v1."""
    rows = {row["release"]: row.get("overridden", []) for row in read_table("releases.json")}
    assert [name for name, found in rows.items() if found] == [name for name in rows if name >= "1.34"]
    assert "admissionregistration.k8s.io/mutatingadmissionpolicies" in rows["1.36"]
    assert "admissionregistration.k8s.io/mutatingadmissionpolicies" not in rows["1.37"]
