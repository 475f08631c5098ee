"""
Empty lists and maps, which some strategies tell from none.

They compare with `reflect.DeepEqual`; what an update puts back was printed as JSON, where what is empty is left out.
So an empty list that JSON has left in the stored object counts as a change.
"""

from __future__ import annotations

from typing import Any

from kstore.scheme.registry import Obj

_MAPS = frozenset({"matchLabels"})
"""Which of the objects are maps; any other that is empty is a struct, and stays."""
_ALWAYS_PRINTED = frozenset({"admissionReviewVersions"})
"""Lists that are printed when they are empty, too."""


def holds_empty(value: Any) -> bool:
    """Whether a list or map is empty somewhere below a value."""
    if isinstance(value, dict):
        return any(
            (item == {} and name in _MAPS) or (name not in _ALWAYS_PRINTED and holds_empty(item))
            for name, item in value.items()
        )
    return isinstance(value, list) and (not value or any(map(holds_empty, value)))


def without_none(value: Any) -> Any:
    """A value without what `apiequality.Semantic.DeepEqual` takes for the same: lists that are empty, and none."""
    if isinstance(value, dict):
        return {name: without_none(item) for name, item in value.items() if item is not None and item != []}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def drop_empty(obj: Obj, name: str) -> bool:
    """
    Drop bytes that are there and empty, as an update does wherever JSON leaves them out; whether there were any.

    In protobuf they are stored.
    """
    if obj.get(name) != "":
        return False
    del obj[name]
    return True
