"""
What a conversion lost: what an object said, and does not say any more when it is converted back.

Needed only where the rules are no law: between versions that no server of the release has side by side. Knows nothing
of versions; compares objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""Values that say no more than their absence."""


def lost_members(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of members and elements of the first object that the second has nothing for."""
    for where, old, new in _pairs(before, after, path):
        if new in EMPTY:
            if old not in EMPTY:
                yield where
        else:
            yield from lost_members(old, new, where)


def _pairs(before: Any, after: Any, path: str) -> Iterable[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [(f"{path}.{name}" if path else name, value, after.get(name)) for name, value in before.items()]
    if isinstance(before, list) and isinstance(after, list):
        return [(f"{path}[{at}]", value, after[at] if at < len(after) else None) for at, value in enumerate(before)]
    return ()
