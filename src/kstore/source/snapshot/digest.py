"""
Whether a snapshot is as it was saved: the SHA-256 at its end, computed, or remembered from the last time.

Hashing is most of what reading one object of a large snapshot takes, and whoever looks into a snapshot asks more than
once. So a snapshot that was found whole is not hashed again for a day, unless its inode, size or times have changed,
which is how git's index and borg's files cache know a file again. What must be sure beyond that, a check or what is
written elsewhere, hashes anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Protocol

from kstore.source.bbolt.page_file import Digest, PageFile
from kstore.source.user_cache import cache_folder, write_whole

_GOOD_FOR = 24 * 3600.0
"""Seconds for which a finding is believed: a disk can change bits without telling the file system."""
_SETTLED = 2.0
"""Seconds without a change before a file is hashed: within one tick of the clock its times stay the same."""


class Memory:
    """
    Which snapshots were found whole, and as which files; one small file each, named by the checksum.

    Args:
        folder: where. Where it cannot be written, nothing is remembered.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def of_user() -> Memory | None:
        """The one in the user's cache; None for a user who has none."""
        cache = cache_folder()
        return Memory(cache / "whole") if cache else None

    def knows(self, identity: str, trailer: bytes) -> bool:
        """Whether the snapshot with this checksum was found whole lately, as this very file."""
        if os.name != "posix":  # elsewhere st_ctime is when the file was made, and tells of no change
            return False
        try:
            path = self._folder / trailer.hex()
            return 0 <= time.time() - path.stat().st_mtime < _GOOD_FOR and path.read_text() == identity
        except (OSError, ValueError):
            return False

    def note(self, identity: str, trailer: bytes) -> None:
        """Remember that it was found whole just now; forget what is too old to be believed."""
        with contextlib.suppress(OSError):
            write_whole(self._folder / trailer.hex(), identity.encode())
            for path in self._folder.iterdir():
                if time.time() - path.stat().st_mtime >= _GOOD_FOR:
                    path.unlink(missing_ok=True)


class Findings(Protocol):
    """What knows of a snapshot whether it is whole: `Memory`, or who wrote it just now."""

    def knows(self, identity: str, trailer: bytes) -> bool:
        """Whether the snapshot with this checksum is known to be whole, as this very file."""

    def note(self, identity: str, trailer: bytes) -> None:
        """Take note that it was found whole."""


class Unchecked:
    """Takes every snapshot for whole: for hints, where a name that is not there costs nothing."""

    def knows(self, identity: str, trailer: bytes) -> bool:
        """Always."""
        return True

    def note(self, identity: str, trailer: bytes) -> None:
        """Nothing was found."""


class SnapshotDigest:
    """
    The SHA-256 of a snapshot, beside the work.

    Args:
        file: the snapshot, without the checksum at its end.
        trailer: that checksum.
        memory: where it is looked up first, and noted after; None hashes in any case, and tells nobody.
    """

    def __init__(self, file: PageFile, trailer: bytes, memory: Findings | None = None) -> None:
        self._file = file
        self._trailer = trailer
        self._memory = memory
        found = os.fstat(file.descriptor)
        self._identity = _identity(found)
        self._settled = time.time() - found.st_ctime > _SETTLED
        """Whether a change during the hashing is sure to change the file's times."""
        self._digest: Digest | None = None
        if memory is None or not memory.knows(self._identity, trailer):
            self._digest = Digest(file.descriptor, file.size)

    def result(self) -> bytes:
        """Wait for the digest; empty when the bytes could not all be read."""
        unchanged = _identity(os.fstat(self._file.descriptor)) == self._identity
        if self._digest is None and unchanged:
            return self._trailer
        found = (self._digest or Digest(self._file.descriptor, self._file.size)).result()
        if found == self._trailer and self._memory is not None and self._settled:  # of a file since changed, in vain
            self._memory.note(self._identity, self._trailer)
        return found

    def cancel(self) -> None:
        """Stop hashing."""
        if self._digest is not None:
            self._digest.cancel()


def _identity(found: os.stat_result) -> str:
    """What changes when a file is another, or is written to."""
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\n"
