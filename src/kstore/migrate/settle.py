"""
Transactions that a journal does not call done, though they may have happened: found out about, and accounted for.

A journal has such a batch without an end, where kstore was killed while it was written, or as `undone`, where the
request was given up and the store did not have it then. Either may have happened since: `write/commit.py` says why no
time limit and no read excludes that. So each is judged by what is stored now. A key whose value has the digest that the
batch was to leave, at a later revision than the batch depended on, was written by it, unless another batch of the
journal says that it wrote just that revision. And a batch can happen no more as soon as one of its keys has left the
revision that the batch depends on; where none has, one key is written again as it is, which ends that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kstore.errors import Compacted, Conflict
from kstore.migrate.journal import Batch, Entry, Journal, digest
from kstore.migrate.journal_writer import JournalWriter
from kstore.records import Record
from kstore.source.interface import Source, WritableSource
from kstore.write.change import KeyChange
from kstore.write.commit import UNKNOWN, Writer
from kstore.write.retry import Retry

_MAY_COME = ("", UNKNOWN, Conflict.code)
"""Reasons of an undone batch that may still happen: none, as of old journals; other refusals were answers."""


@dataclass
class Unsettled:
    """
    The batches of a journal that it does not call done, and that none of those which it does has replaced for good.
    """

    batches: dict[int, Batch] = field(default_factory=dict)
    """By number, in the journal's order."""
    written: dict[bytes, set[int]] = field(default_factory=dict)
    """Of their keys: the revisions at which other batches wrote them."""

    @staticmethod
    def of(journal: Journal) -> Unsettled:
        """
        Read a journal through.

        Raises:
            JournalError: it is damaged.
        """
        found = Unsettled()
        waiting: dict[tuple[bytes, int], set[int]] = {}
        keys: set[bytes] = set()
        for batch in journal.batches():
            if not batch.revision:
                found.batches[batch.number] = batch
                for entry in batch.entries:
                    waiting.setdefault((entry.key, entry.mod_revision), set()).add(batch.number)
                    keys.add(entry.key)
                continue
            for at, entry in enumerate(batch.entries):
                # a key leaves a revision once: whoever else depended on it did not happen, and will not
                for number in waiting.pop((entry.key, entry.mod_revision), ()):
                    if not (entry.creates and _is_unseen(found.batches.get(number))):
                        found.batches.pop(number, None)
                if entry.key in keys:
                    found.written.setdefault(entry.key, set()).add(batch.revision_of(at))
        return found

    def latest_first(self) -> Iterator[Batch]:
        """
        The batches in the order in which they are to be judged: the parts of one that was split, then itself, so that
        what a part has written is not taken for the whole.
        """
        return reversed(self.batches.values())

    def count_landed(self, source: Source, retry: Retry) -> int:
        """
        How many objects the batches have written, so far.

        Raises:
            SourceError: the store failed.
        """
        count = 0
        for batch in self.latest_first():
            if revision := self.revision(batch, source, retry):
                self.account(batch, revision)
                count += len(batch.entries)
        return count

    def account(self, batch: Batch, revision: int) -> None:
        """Take a batch as written: the same one, which was sent twice, was not written a second time."""
        for entry in batch.entries:
            self.written.setdefault(entry.key, set()).add(revision)

    def revision(self, batch: Batch, source: Source, retry: Retry) -> int:
        """The revision at which a batch happened, or 0 if it has not: for all of its keys, or for none."""
        found: list[int] = []
        gone: list[Entry] = []
        others: list[int] = []
        for entry in batch.entries:
            record = _read(source, entry.key, retry)
            if record is None:
                gone.append(entry)  # not created, or deleted since: the other keys must tell
            elif record.mod_revision == entry.mod_revision:
                return 0  # whatever the others hold: a part of the batch, which was sent anew, has written them
            elif self._is_its(record, entry):
                found.append(record.mod_revision)
            else:
                others.append(record.mod_revision)
        revision = min(found, default=0)  # others may have written one of the values once more, later
        # a key that nobody has touched since an earlier revision was not written at this one: another batch was
        if any(other < revision for other in others):
            return 0
        return 0 if revision and any(_was_gone(source, entry.key, revision, retry) for entry in gone) else revision

    def _is_its(self, record: Record, entry: Entry) -> bool:
        return (
            record.mod_revision > entry.mod_revision
            and digest(record.value) == entry.after
            and record.mod_revision not in self.written.get(entry.key, ())
        )


def creations_to_come(journal: Journal) -> set[bytes]:
    """
    The keys that a migration may yet create, whatever became of them meanwhile: those of transactions whose end nobody
    saw.

    Raises:
        JournalError: the journal is damaged.
    """
    unseen = filter(_is_unseen, journal.batches())
    return {entry.key for batch in unseen for entry in batch.entries if entry.creates}


def missing_creations(journal: Journal, source: Source, retry: Retry) -> int:
    """
    How many of `creations_to_come` are not there.

    Raises:
        JournalError: the journal is damaged.
        SourceError: the store failed.
    """
    return sum(_read(source, key, retry) is None for key in creations_to_come(journal))


def _is_unseen(batch: Batch | None) -> bool:
    """Whether nobody saw how a batch ended: once its key has been deleted, what it creates may come all the same."""
    return batch is not None and (batch.revision is None or batch.reason == UNKNOWN)


def settle(
    journal: Journal,
    writer: JournalWriter,
    source: WritableSource,
    retry: Retry | None = None,
    *,
    for_good: bool = False,
) -> int:
    """
    Find out about the transactions whose end the journal does not know, or knows wrongly, and write it down.

    Args:
        journal: to be read.
        writer: of the same journal.
        source: the store.
        retry: how long to wait for a store that does not answer.
        for_good: also see that those which have not happened cannot happen any more. Not needed by whoever is about to
            write their keys anyway.

    Returns:
        How many objects were found to be written that the journal did not call so.

    Raises:
        JournalError: the journal is damaged, or cannot be written.
        SourceError: the store failed.
    """
    retry = retry or Retry()
    unsettled = Unsettled.of(journal)
    count = 0
    for batch in unsettled.latest_first():
        if for_good and (batch.revision is None or batch.reason in _MAY_COME):
            _end(batch, source, retry)
        revision = unsettled.revision(batch, source, retry)
        if revision:
            unsettled.account(batch, revision)
            count += len(batch.entries)
            number = batch.number if batch.revision is None else writer.begin(batch.entries)
            writer.done(number, revision)
        elif batch.revision is None:
            writer.undone(batch.number, UNKNOWN)
    return count


def _end(batch: Batch, source: WritableSource, retry: Retry) -> None:
    """See that a batch happens no more, if it has not: one of its keys has left the revision that it depends on."""
    first: Record | None = None
    for entry in batch.entries:
        record = _read(source, entry.key, retry)
        if record is None or record.mod_revision != entry.mod_revision:
            return
        first = first or record
    if first is not None:
        same = KeyChange(first.key, first, first.value, first.lease)
        for _ in Writer[KeyChange](source, retry=retry).write([same]):
            pass  # written, or by others meanwhile: either way the key has left its revision


def _was_gone(source: Source, key: bytes, revision: int, retry: Retry) -> bool:
    """Whether a key was not there at a revision at which a batch should have written it; if that can still be told."""
    try:
        return _read(source, key, retry, revision) is None
    except Compacted:
        return False


def _read(source: Source, key: bytes, retry: Retry, revision: int = 0) -> Record | None:
    return retry.ask(lambda: source.get(key, revision=revision))
