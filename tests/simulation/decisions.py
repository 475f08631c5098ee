"""
Every decision of a schedule: drawn from a seed, kept, and made again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

Name = tuple[str, int]
"""What is decided, and for the how-manieth time: leaving one decision out moves no other."""


class Decisions:
    """
    Decides, and remembers what was decided otherwise than in a world in which all goes well.

    Args:
        seed: of the random numbers.
        given: the decisions of an earlier run, which are made again; whatever they do not name goes well.
    """

    def __init__(self, seed: int = 0, given: Mapping[Name, int] | None = None) -> None:
        self.made: dict[Name, int] = {}
        self._given = given
        self._random = random.Random(seed)
        self._counts: dict[str, int] = {}
        self._weather: dict[str, float] = {}
        self.calm = False
        """While this is true, all goes well."""

    def pick(self, what: str, options: int, chance: float = 1.0, *, ever: bool = False) -> int:
        """
        Decide for one of so many options; 0 is the one in which nothing happens.

        Args:
            what: what is decided.
            options: how many there are, 0 included.
            chance: of another one than 0, on a day of middling weather.
            ever: also when all goes well.
        """
        number = self._counts.get(what, 0)
        self._counts[what] = number + 1
        if options < 2 or (self.calm and chance < 1 and not ever):
            return 0
        if self._given is not None:
            value = min(self._given.get((what, number), 0), options - 1)
        elif chance >= 1:
            value = int(self._random.random() * options)
        elif self._random.random() < chance * self._weather_of(what):
            value = 1 + int(self._random.random() * (options - 1))
        else:
            return 0
        if value:
            self.made[what, number] = value
        return value

    def _weather_of(self, what: str) -> float:
        """How often something happens in this schedule: never in some, all the time in others."""
        if what not in self._weather:
            self._weather[what] = self._random.choice((0, 0, 0.3, 1, 4))
        return self._weather[what]


def shrunk(made: Mapping[Name, int], fails: object) -> dict[Name, int]:
    """
    Fewer decisions that still make a schedule fail: ever smaller parts of them are left out, then made smaller.

    Args:
        made: the decisions of a schedule that failed.
        fails: a function that says whether a schedule with these decisions fails.
    """
    assert callable(fails)
    left = dict(made)
    size = max(len(left) // 2, 1)
    while True:
        changed = False
        names = list(left)
        for start in range(0, len(names), size):
            without = {name: value for name, value in left.items() if name not in names[start : start + size]}
            if len(without) < len(left) and fails(without):
                left, changed = without, True
        if size > 1:
            size //= 2
        elif not changed:
            break
    for name, value in list(left.items()):
        for smaller in range(1, value):
            if fails({**left, name: smaller}):
                left[name] = smaller
                break
    return left
