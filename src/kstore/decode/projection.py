"""
Which members of an object are wanted, so that a reader can pass over the rest.

A member's value is read whole, or is itself looked into. Lists count for nothing on the way (`containers.image` is the
image of each container); what is below the key of a map cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Projection:
    """
    The members wanted of a value, each with what is wanted of it.

    Args:
        wanted: names and projections; None wants everything.
    """

    wanted: tuple[tuple[str, Projection], ...] | None = None

    @classmethod
    def of(cls, paths: Iterable[Sequence[str]]) -> Projection:
        """What is at any of these paths; an empty path is everything."""
        below: dict[str, list[Sequence[str]]] = {}
        for path in paths:
            if not path:
                return EVERYTHING
            below.setdefault(path[0], []).append(path[1:])
        return cls(tuple((name, cls.of(rest)) for name, rest in sorted(below.items())))

    @cached_property
    def members(self) -> dict[str, Projection]:
        """The members wanted, by name; empty when everything is."""
        return dict(self.wanted or ())

    @property
    def everything(self) -> bool:
        """Whether nothing is passed over."""
        return self.wanted is None

    def __contains__(self, name: str) -> bool:
        return self.everything or name in self.members

    def of_member(self, name: str) -> Projection:
        """What is wanted of a member that is wanted."""
        return EVERYTHING if self.everything else self.members[name]


EVERYTHING = Projection()
NOTHING = Projection(())
"""Only what stands on the envelope: group, version and kind."""
METADATA = Projection.of([["metadata"]])
