"""
The journal of single keys that are put, changed and deleted in a copy of a file, so that `verify` can prove them.
"""

from __future__ import annotations

from collections.abc import Sequence

from kstore.codec import StorageCodec, StoredObject
from kstore.migrate.journal_format import Entry
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.summary import Summary
from kstore.naming import GroupVersionKind
from kstore.records import Record
from kstore.write.compare_and_swap import KeyChange


class KeyJournal:
    """
    Notes changes of keys, with what each key holds as far as that can be told.

    Args:
        writer: the journal.
        codec: the store's.
    """

    def __init__(self, writer: JournalWriter, codec: StorageCodec) -> None:
        self._writer = writer
        self._codec = codec

    def begin(self, changes: Sequence[KeyChange]) -> int:
        """Note a batch; its number."""
        return self._writer.begin([self._entry(change) for change in changes])

    def _entry(self, change: KeyChange) -> Entry:
        after = None if change.value is None else Record(change.key, change.value, 0, 0, 0)
        return Entry.of_key(change, self._type_of(change.before), self._type_of(after))

    def _type_of(self, record: Record | None) -> GroupVersionKind | None:
        read = self._codec.read(record) if record else None
        return read.gvk if isinstance(read, StoredObject) else None

    def done(self, number: int, revision: int, revisions: Sequence[int] = ()) -> None:
        """Say that a batch was written."""
        self._writer.done(number, revision, revisions)

    def publish(self) -> None:
        """End the journal, and give it its name."""
        self._writer.finish(Summary())
        self._writer.publish()
