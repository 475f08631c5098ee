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
        {"group": "zoo", "version": "v1", "kind": "Den", "introduced": "1.34"},
        {"group": "zoo", "version": "v1beta1", "kind": "Den", "introduced": "1.32", "replacement": "zoo/v1 Den"},
        {"group": "zoo", "version": "v1alpha1", "kind": "Pond", "introduced": "1.33"},
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
@pytest.mark.parametrize(
    ("kind", "minor", "emulated", "compatible", "version"),
    [
        ("Den", 34, 33, 33, ""), ("Den", 35, 33, 33, "v1beta1"), ("Den", 35, 34, 33, "v1beta1"),
        ("Den", 34, 34, 34, "v1"), ("Den", 35, 34, 34, "v1"), ("Den", 37, 34, 33, "v1beta1"),
        ("Pond", 36, 35, 33, "v1alpha1"), ("Pond", 37, 35, 33, "v1alpha1"), ("Pond", 36, 34, 32, ""),
        ("Pond", 37, 34, 32, "v1alpha1"),
    ],
)  # fmt: skip
def test_which_version_emulation_decides_for(
    kind: str, minor: int, emulated: int, compatible: int, version: str
) -> None:
    """
    The first that had come by the compatible release; servers of 1.34 take none that has a replacement, those of 1.37
    one of alpha, and one that is newer, only where there is no other.
    """
    versions = ["v1", "v1beta1", "v1alpha1"]
    found = emulation.emulated_version("zoo", kind, versions, minor=minor, emulated=emulated, compatible=compatible)
    assert found == version


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
