"""
Objects in the order of a field.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.errors import KstoreError
from kstore.view.sorting import sort_by


def order(path: str, *values: Any) -> list[Any]:
    """The values in the order in which objects that have them in `v` are sorted."""
    objects = [{"v": value} if value != "absent" else {} for value in values]
    return [one.get("v", "absent") for one in sort_by(objects, path, lambda one: one)]


def test_the_order_of_values():
    """Quantities by amount, numbers by value, other text as text; what is absent first, then null; equals stay."""
    assert order(".v", "1Gi", "512Mi", "absent", "2000Mi") == ["absent", "512Mi", "1Gi", "2000Mi"]
    assert order("{.v}", 10, 9, 1.5, None) == [None, 1.5, 9, 10]
    assert order("v", "b", "a10", "a9") == ["a10", "a9", "b"]
    assert order(".v", "1", "1000m", "absent", "absent") == ["absent", "absent", "1", "1000m"]


@pytest.mark.parametrize(
    ("path", "values"),
    [(".w", (1, 2)), (".v", (1, "a")), (".v", ([1], [2])), (".v", (True, False)), ("{.v", (1,))],
)
def test_what_has_no_order(path: str, values: tuple[Any, ...]):
    """A path that no object has or that cannot be read, and values of different kinds, are refused."""
    with pytest.raises(KstoreError):
        order(path, *values)


def test_nothing_is_sorted():
    """Without objects there is no error."""
    assert order(".v") == []
