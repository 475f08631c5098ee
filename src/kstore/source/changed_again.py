"""
Which keys of a file have more than one revision: of no other does the history need to be remembered.
"""

from __future__ import annotations

from kstore.sorted_keys import SortedKeys
from kstore.source.interface import Source
from kstore.source.snapshot.source import SnapshotSource


def changed_again(source: Source) -> set[bytes] | None:
    """
    The keys of which `history_scan` yields more than one revision; None where that is not known beforehand.

    Counted in a file, whose history is read without its values for that; other stores would have to send it twice.

    Raises:
        SourceError: the store failed.
    """
    if not isinstance(source, SnapshotSource):
        return None
    counts = SortedKeys(adds=True)
    for one in source.history_sizes():
        counts.note(one.key, low=1)
    return {key for block in counts.blocks() for key, times in zip(block.keys, block.low, strict=True) if times > 1}


__all__ = ["changed_again"]
