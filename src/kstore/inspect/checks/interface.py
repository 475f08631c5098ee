"""
What a check is made of: a rule, the function that finds what breaks it, and what that function yields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kstore.inspect.findings import Command, Rule
from kstore.inspect.survey import Seen, Survey


@dataclass(frozen=True, slots=True)
class Found:
    """One place where something is wrong."""

    subject: str
    key: str
    detail: str = ""
    advice: tuple[Command, ...] = ()
    """The commands that repair it, or show more of it, in their order."""
    words: str = ""
    """What to do where no command is safe or enough."""


Look = Callable[[Seen, Survey], Iterable[Found]]
"""Looks at every record as it passes."""
Conclude = Callable[[Survey], Iterable[Found]]
"""Concludes when all records have passed."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the function that finds what breaks it."""

    rule: Rule
    look: Look | None = None
    conclude: Conclude | None = None
