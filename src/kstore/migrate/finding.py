"""
What does not agree with a migration's journal, for whoever undoes or verifies it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """An object that is not as the journal says."""

    key: str
    code: str
    """`changed`, `deleted`, `not-written`, `undecodable`, `lease`, `version`, `touched`."""
    message: str
