"""
Each finding of check in a store in memory: found where it is true, at its keys alone, and silent where it is nearly so.

What its advice does is in `test_matrix.py`.
"""

from __future__ import annotations

import json

import pytest

from kstore.catalog.releases import Release, newest
from kstore.encryption.config import read_configuration
from kstore.inspect.checks import run_checks
from kstore.inspect.findings import Finding
from kstore.inspect.survey import Survey
from kstore.scheme.scheme import Scheme
from kstore.store import Store as ObjectStore
from kstore.testing import MemorySource

from .matrix import DEPLOYMENT, MATRIX, SOUND, Case, Store, obj

IN_MEMORY = [
    case
    for case in MATRIX
    if not any(store.alarms or store.plugin for store in (case.true, *case.near_misses.values()))
]
"""But for alarms, which a server raises, and plugins, which are installed."""


def checked(store: Store, *, is_file: bool = False) -> dict[str, Finding]:
    """What is found in a store, by its name; advised as for a file if it shall be one."""
    source = MemorySource()
    for key, value in {**SOUND, **store.values}.items():
        source.put(key, value if isinstance(value, bytes) else json.dumps(value).encode())
    transformers = read_configuration(store.encryption) if store.encryption else None
    release = Release(store.release) if store.release else newest()
    survey = Survey(ObjectStore(source, Scheme(release), transformers), release)
    if is_file:
        survey.__dict__["is_file"] = True  # as it is remembered once it has been looked at
    return {one.rule.id: one for one in run_checks(survey)}


@pytest.mark.parametrize("case", IN_MEMORY, ids=lambda case: f"{case.finding}: {case.name}")
def test_it_is_found(case: Case) -> None:
    """Alone, and at the keys that it is true of."""
    found = checked(case.true)
    assert set(found) == {case.finding} | case.besides
    assert {key for key, _ in found[case.finding].keys} == case.found()


@pytest.mark.parametrize(
    ("case", "store"),
    [
        pytest.param(case, store, id=f"{case.finding}: {name}")
        for case in IN_MEMORY
        for name, store in case.near_misses.items()
    ],
)
def test_it_is_not_found(case: Case, store: Store) -> None:
    """Where it is only nearly true."""
    assert case.finding not in checked(store)


@pytest.mark.parametrize("losing", [False, True])
def test_what_a_new_file_may_be_migrated_to(losing: bool) -> None:
    """All of it to the release at once, but where a resource would lose fields: then each by itself."""
    lossy = next(case for case in MATRIX if case.name == "fields that the stored version of the CRD has no place for")
    values = {DEPLOYMENT: obj("apps/v1beta1", "Deployment"), **(lossy.true.values if losing else {})}
    advised = checked(Store(values), is_file=True)["removed-version"].advice
    migrations = [words for words in advised if words[1] == "migrate" and "--output" in words]
    assert migrations
    assert all(("deployments.apps" in words) is losing for words in migrations)
