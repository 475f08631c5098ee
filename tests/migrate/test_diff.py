"""
What a change comes to, field by field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kstore.codec import StorageCodec
from kstore.differences import Difference
from kstore.migrate import diff
from kstore.migrate.diff import ObjectDiff, difference_of
from kstore.migrate.plan import Change, Unchanged, VersionPlanner
from kstore.naming import GroupVersion, GroupVersionKind
from kstore.records import Record

from .conftest import key

TARGET = GroupVersion("apps", "v1")


def test_defaults_are_told_apart(
    codec: StorageCodec, planner: VersionPlanner, deployment: Callable[..., bytes]
) -> None:
    """A field that defaulting adds to the stored object is one, also within another that it adds; no other is."""
    (change,) = planner.plan([Record(key("web"), deployment("web"), 3, 4, 2)])
    assert isinstance(change, Change)
    found = difference_of(change, codec)
    assert found is not None
    assert (found.bytes_before, found.bytes_after) == (len(change.record.value), len(change.value))
    assert found.bytes_before != found.bytes_after
    lines = list(found.lines())
    assert lines[0].startswith("/registry/deployments/shop/web: apps/v1beta1 -> apps/v1, ")
    of = {one.path: (one.kind, default) for one, default in found.differences}
    assert of["apiVersion"] == ("changed", False)
    assert all(kind == "added" for kind, default in of.values() if default)


@pytest.mark.parametrize(
    ("path", "new", "holds"),
    [
        ("spec.a", 1, True),
        ("spec.a", 2, False),
        ("spec.b.c", 5, True),
        ("spec.b.c.d", 5, True),
        ("spec.bb", 5, False),
        ("spec", 5, False),
    ],
)
def test_what_defaulting_added(path: str, new: Any, holds: bool) -> None:
    """The very value, or whatever stands in what it added."""
    defaulted = {one: Difference(one, "added", None, value) for one, value in (("spec.a", 1), ("spec.b", {"c": 5}))}
    assert diff._holds(defaulted, Difference(path, "added", None, new)) is holds


def test_the_text_of_a_change() -> None:
    """A line a field, long values cut; without any, the reason."""
    kinds = [
        ("added", None, 1, True),
        ("added", None, 1, False),
        ("removed", "a", None, False),
        ("changed", 1, 2, False),
    ]
    fields = tuple(
        (Difference(f"f{at}", kind, old, new), default) for at, (kind, old, new, default) in enumerate(kinds)
    )
    change = ObjectDiff("/k", "apps/v1beta1", "apps/v1", "version", 3, 5, fields, ())
    assert list(change.lines()) == [
        "/k: apps/v1beta1 -> apps/v1, 3 -> 5 bytes\n",
        "  + f0: 1  (default)\n",
        "  + f1: 1\n",
        '  - f2: "a"\n',
        "  ~ f3: 1 -> 2\n",
    ]
    same = ObjectDiff("/k", "apps/v1", "apps/v1", "encoding", 3, 5, (), ())
    assert list(same.lines())[1:] == ["  the same fields, other bytes (encoding)\n"]


def test_a_long_value() -> None:
    """It is shown as far as it may be long, and cut where it is longer."""
    fits = "x" * (diff._LONGEST - 2)
    assert diff._short(fits) == f'"{fits}"'
    assert diff._short(fits + "x") == f'"{fits}…'


def test_what_changes_nothing(codec: StorageCodec, deployment: Callable[..., bytes]) -> None:
    """There is no difference to show."""
    record = Record(key("web"), deployment("web", version="apps/v1"), 3, 4, 2)
    assert difference_of(Unchanged(record, GroupVersionKind("apps", "v1", "Deployment"), TARGET), codec) is None
