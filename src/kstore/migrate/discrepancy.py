"""
What does not agree with a migration's journal, for whoever undoes or verifies it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """An object that is not as the journal says, or what is wrong with the journal itself."""

    key: str
    """The object's; of the journal or the new database, the file's name."""
    code: str
    """
    Of an object `changed`, `deleted`, `not-written`, `undecodable`, `lease`, `version`, `touched`; of the journal
    `damaged`, `torn`, `unfinished`, `no-end-mark`, `rolled-back`; of the new database `missing`.
    """
    message: str
