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

from .matrix import MATRIX, SOUND, Case, Store

IN_MEMORY = [
    case
    for case in MATRIX
    if not any(store.alarms or store.plugin for store in (case.true, *case.near_misses.values()))
]
"""But for alarms, which a server raises, and plugins, which are installed."""


def checked(store: Store) -> dict[str, Finding]:
    """What is found in a store, by its name."""
    source = MemorySource()
    for key, value in {**SOUND, **store.values}.items():
        source.put(key, value if isinstance(value, bytes) else json.dumps(value).encode())
    transformers = read_configuration(store.encryption) if store.encryption else None
    release = Release(store.release) if store.release else newest()
    survey = Survey(ObjectStore(source, Scheme(release), transformers), release)
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
