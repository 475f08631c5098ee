"""
A bbolt file as a whole: its newest meta page, and what was found wrong in it.

Knows that a database is pages that a meta page counts; what the pages hold know `pages.py` and `database.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore.source.bbolt.format import read_meta
from kstore.source.bbolt.page_file import PageFile


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that could not be read, and what that costs."""

    offset: int
    """The byte in the file where it was met."""
    message: str
    """What was found and what was expected."""
    lost: str
    """What cannot be read because of it."""


class DatabaseFile:
    """
    A bbolt file and its meta page.

    Args:
        file: the file, of which the database is all that counts.
        salvage: go round what cannot be read and note it in `damage`, instead of raising at the first thing wrong.
        guarded: a checksum over the whole file is verified, so that not every page needs to be looked at.

    Raises:
        NotADatabase: neither meta page has bbolt's magic number.
        DamagedStore: it is bbolt's, but no meta page holds, or (without salvage) the file is too short.
    """

    def __init__(self, file: PageFile, *, salvage: bool = False, guarded: bool = False) -> None:
        self.file = file
        self.salvage = salvage
        self.guarded = guarded
        self._damage: dict[Damage, None] = {}
        self.meta = read_meta(file)
        self.page_size = self.meta.page_size
        expected = self.meta.high_water * self.page_size
        if expected > file.size:
            self.fault(
                f"the database has {expected} bytes, the file only {file.size}",
                file.size,
                "the pages after it",
            )

    def fault(self, message: str, offset: int, lost: str) -> None:
        """
        Note something wrong, when salvaging.

        Raises:
            DamagedStore: not salvaging.
        """
        if not self.salvage:
            raise self.file.damaged(message, offset)
        self._damage[Damage(offset, message, lost)] = None

    @property
    def damage(self) -> list[Damage]:
        """What salvaging has met so far, each thing once."""
        return list(self._damage)
