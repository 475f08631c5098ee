"""
Transactions that a journal does not call done, though they may have happened: found out about, and accounted for.

A journal has such a batch without an end, where kstore was killed while it was written, or as `undone`, where the
request was given up and the store did not have it then. Either may have happened since: `write/commit.py` says why no
time limit and no read excludes that. So each is judged by what is stored now, and was: it was written at the first
revision that its keys have, if each of them got the value there that the batch was to leave (told by its digest), and
unless another batch of the journal says that it wrote just that. And a batch can happen no more as soon as one of its
keys has left the revision that the batch depends on; where none has, one key is written again as it is, which ends
that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kstore.errors import Compacted, Conflict
from kstore.migrate.journal import Batch, Entry, Journal, digest
from kstore.migrate.journal_writer import JournalWriter
from kstore.records import Record
from kstore.source.interface import Source, WritableSource
from kstore.write.commit import UNKNOWN, Writer, stored_at
from kstore.write.compare_and_swap import KeyChange, is_another
from kstore.write.leases import kept_lease
from kstore.write.retry import Retry

_MAY_COME = ("", UNKNOWN, Conflict.code)
"""Reasons of an undone batch that may still happen: none, as of old journals; other refusals were answers."""


@dataclass
class Unsettled:
    """
    The batches of a journal that may have happened though it does not call them done: the server has not refused them,
    and none of those which it calls done has replaced them for good.
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
            if batch.revision == 0 and batch.reason not in _MAY_COME:
                continue
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

    def landed(self, source: Source, retry: Retry) -> dict[int, int]:
        """
        The batches that were written, so far: their numbers, and the revisions at which they were.

        A batch was written at a revision where all of its keys were: the whole is judged before the parts that it was
        split into, which would fit as well. Where the store has forgotten that revision, the parts are judged first, so
        that what one of them has written is not taken for the whole.

        Raises:
            SourceError: the store failed.
        """
        found: dict[int, int] = {}
        unsure: list[Batch] = []
        for batch in sorted(self.batches.values(), key=lambda one: -len(one.entries)):
            judged = self._judged(batch, source, retry)
            if judged.compacted:
                unsure.append(batch)
            elif judged.revision:
                found[batch.number] = self._account(batch, judged.revision)
        for batch in reversed(unsure):
            if revision := self._judged(batch, source, retry).revision:
                found[batch.number] = self._account(batch, revision)
        return found

    def count_landed(self, source: Source, retry: Retry) -> int:
        """
        How many objects the batches have written, so far.

        Raises:
            SourceError: the store failed.
        """
        return sum(len(self.batches[number].entries) for number in self.landed(source, retry))

    def _account(self, batch: Batch, revision: int) -> int:
        """Take a batch as written: the same one, which was sent twice, was not written a second time."""
        for entry in batch.entries:
            self.written.setdefault(entry.key, set()).add(revision)
        return revision

    def _judged(self, batch: Batch, source: Source, retry: Retry) -> _Judged:
        """When a batch was written, if it was: all of its keys, or none."""
        stored = [(entry, _read(source, entry.key, retry)) for entry in batch.entries]
        # the first of the revisions: others may have written some of the keys since
        revision = min((record.mod_revision for _, record in stored if record is not None), default=0)
        if not revision or any(revision in self.written.get(entry.key, ()) for entry in batch.entries):
            return _Judged(0)
        compacted = False
        for entry, record in stored:
            try:
                then = stored_at(source, entry.key, record, revision, retry)
            except Compacted:
                compacted = True
                continue
            if then is None or then.mod_revision != revision or digest(then.value) != entry.after:
                return _Judged(0)
            if is_another(then, entry.mod_revision) or not _is_next(then, entry):
                return _Judged(0)
        return _Judged(revision, compacted)


def _is_next(record: Record, entry: Entry) -> bool:
    """
    Whether a key was written once since it was as the change depends on it: written again, with the same bytes, it is
    another batch that has done it. kine counts no versions: each is the one before.
    """
    return record.version in (entry.version, entry.version + 1)


class _Judged(NamedTuple):
    """What is known of a batch."""

    revision: int
    """At which it was written; 0 if it was not."""
    compacted: bool = False
    """Whether the store has forgotten what some of its keys held then."""


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
    if for_good:
        for batch in unsettled.batches.values():
            _end(batch, source, retry)
    landed = unsettled.landed(source, retry)
    for number, batch in unsettled.batches.items():
        if number in landed:
            count += len(batch.entries)
            writer.done(number if batch.revision is None else writer.begin(batch.entries), landed[number])
        elif batch.revision is None:
            writer.undone(number, UNKNOWN)
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
        same = KeyChange(first.key, first, first.value, kept_lease(first))
        for _ in Writer[KeyChange](source, retry=retry).write([same]):
            pass  # written, or by others meanwhile: either way the key has left its revision


def _read(source: Source, key: bytes, retry: Retry) -> Record | None:
    return retry.ask(lambda: source.get(key))
