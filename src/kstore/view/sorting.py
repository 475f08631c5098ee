"""
Objects in the order of one of their fields, as `kubectl --sort-by` has it.

Ports `kubectl/pkg/cmd/get/sorter.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cmp_to_key, lru_cache
from typing import Any, TypeVar

from kstore.decode.json.raw_json import RawJSON
from kstore.scalars.quantity import parse_quantity
from kstore.view.custom_columns import go_value, relaxed_path
from kstore.view.jsonpath import JsonPath, JsonPathError

T = TypeVar("T")


@lru_cache(maxsize=16384)
def _amount(text: str) -> Fraction | None:
    """The number that a quantity stands for, or None."""
    try:
        quantity = parse_quantity(text)
    except ValueError:
        return None
    return Fraction(quantity.unscaled) * Fraction(10) ** quantity.scale


def _order(left: Any, right: Any) -> int:
    """
    Compare two values as `isLess`: nothing before null before all else, quantities by amount.

    Raises:
        JsonPathError: things that have no order, or not with each other.
    """
    if isinstance(left, str) and isinstance(right, str):
        amounts = _amount(left), _amount(right)
        if None not in amounts:
            return _sign(*amounts)
        return _sign(left, right)
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in (left, right)):
        raise JsonPathError(f"cannot sort by {go_value(left)!r} and {go_value(right)!r}")
    return _sign(left, right)


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def sort_by(objects: Iterable[T], expression: str, of: Callable[[T], Any]) -> list[T]:
    """
    Sort by the first value that a path selects; what has none comes first, else what is equal stays in its order.

    Args:
        objects: what is sorted, all of it at once.
        expression: a path, such as `.metadata.name`.
        of: where the path is followed in one of them.

    Raises:
        JsonPathError: the path cannot be read, is in no object, or its values have no order.
        JsonPathFault: the path cannot be followed in an object.
    """
    path = JsonPath(relaxed_path(expression))
    keyed: list[tuple[Any, T]] = []
    without: list[T] = []
    for one in objects:
        results: list[list[Any]] = path.find(of(one))
        if results and results[0]:
            value = results[0][0]
            keyed.append((value.value if type(value) is RawJSON else value, one))
        else:
            without.append(one)
    if without and not keyed:
        raise JsonPathError(f"no object has a field {relaxed_path(expression)}")
    keyed.sort(key=cmp_to_key(_by_value))
    return without + [one for _, one in keyed]


def _by_value(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
    return _order(left[0], right[0])
