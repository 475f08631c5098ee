"""
After a migration: its journal brought to an end, undone, or held against the store.

Reads journals and asks the store; every write is a compare-and-swap on the revision that the migration itself wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kstore.codec import StorageCodec, Undecodable
from kstore.errors import Conflict, Interrupted, RequestTooLarge, SourceError
from kstore.migrate.journal import Batch, Entry, Journal, JournalWriter, digest
from kstore.migrate.patience import REFUSALS, patiently
from kstore.migrate.progress import Progress, Silent, Stop
from kstore.records import Put, Record
from kstore.source.interface import Source, WritableSource


@dataclass(frozen=True, slots=True)
class Finding:
    """An object that is not as the journal says."""

    key: str
    code: str
    """`changed`, `deleted`, `not-written`, `undecodable`, `lease`, `version`, `touched`."""
    message: str


# ---- status


@dataclass
class State:
    """What a journal says of its migration."""

    batches: int = 0
    objects: int = 0
    """Written objects."""
    undone: int = 0
    """Objects whose transaction did not happen; most were written later, alone."""
    open: int = 0
    """Objects of transactions whose end the journal does not know."""
    first_revision: int = 0
    last_revision: int = 0
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the migration came to its end."""
        return bool(self.notes.get("finished"))


def state_of(journal: Journal) -> State:
    """Count what a journal holds."""
    state = State()
    for event in journal.events():
        if isinstance(event, dict):
            state.notes.update(event)
            continue
        if event.revision is None:
            state.open += len(event.entries)
        elif event.revision == 0:
            state.undone += len(event.entries)
        else:
            state.batches += 1
            state.objects += len(event.entries)
            revisions = event.revisions or (event.revision,)
            state.first_revision = min(state.first_revision or revisions[0], revisions[0])
            state.last_revision = max(state.last_revision, revisions[-1])
    return state


# ---- after a crash


def settle(journal: Journal, writer: JournalWriter, source: Source) -> int:
    """
    Find out about the transactions that were on the way when the journal broke off, and write it down.

    Returns:
        How many there were.
    """
    count = 0
    for batch in journal.batches():
        if batch.revision is None:
            count += 1
            revision = _happened(batch, source)
            if revision:
                writer.done(batch.number, revision)
            else:
                writer.undone(batch.number, "unknown")
    return count


def _happened(batch: Batch, source: Source) -> int:
    """The revision of a transaction of unknown end, or 0: it happened for all of its objects, or for none."""
    for entry in batch.entries:
        record = source.get(entry.key)
        if record is None:
            continue
        if record.mod_revision == entry.mod_revision:
            return 0
        if digest(record.value) == entry.after:
            return record.mod_revision
    return 0


# ---- undoing


@dataclass
class RolledBack:
    """What a rollback did."""

    restored: int = 0
    already: int = 0
    """Objects that lay there as before: a rollback that was interrupted had done them."""
    findings: dict[bytes, Finding] = field(default_factory=dict)
    """Objects that others have changed since; they were left as they are."""


class Rollback:
    """
    Puts back the bytes that a migration replaced.

    Args:
        journal: the migration's.
        source: the store that it wrote to.
        patience: seconds to wait for a store that does not answer.
    """

    def __init__(
        self,
        journal: Journal,
        source: WritableSource,
        *,
        patience: float = 120,
        progress: Progress | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._journal = journal
        self._source = source
        self._patience = patience
        self._progress = progress or Silent()
        self._stop = stop or Stop()
        self._result = RolledBack()
        self._left: dict[bytes, list[Entry]] = {}
        """What was not as the migration left it when its turn came, in the journal's order."""

    def run(self) -> RolledBack:
        """
        Undo every transaction that happened. It may be interrupted and run again.

        Raises:
            SourceError: the store failed, or refuses.
            Interrupted: `stop` was asked for.
        """
        for batch in self._journal.batches():
            if self._stop.asked:
                raise Interrupted(
                    f"stopped between two transactions, {self._result.restored} objects are put back",
                    where=str(self._journal.path),
                    hint=f"`kstore migrate rollback {self._journal.path}` goes on",
                )
            revision = batch.revision if batch.revision is not None else _happened(batch, self._source)
            if revision:
                pairs = [(entry, batch.revision_of(at) or revision) for at, entry in enumerate(batch.entries)]
                most = 1 if self._source.limits().single_key else self._source.limits().operations
                for at in range(0, len(pairs), most):
                    self._restore(pairs[at : at + most])
        for entries in list(self._left.values()):
            for entry in reversed(entries):
                record = self._now(entry)
                if record is not None and digest(record.value) == entry.after:
                    self._restore([(entry, record.mod_revision)])
        return self._result

    def _restore(self, pairs: Sequence[tuple[Entry, int]]) -> None:
        puts = [Put(entry.key, entry.before, revision, entry.lease) for entry, revision in pairs]
        try:
            succeeded = self._source.commit(puts).succeeded
        except (Conflict, RequestTooLarge):
            succeeded = False
        except REFUSALS:
            raise
        except SourceError:
            # whether it happened the store says: what lies there as before is done
            patiently(self._source.status, self._patience, self._progress, self._stop)
            succeeded = False
        if succeeded:
            self._result.restored += len(pairs)
            self._progress.written(len(pairs))
            for entry, _ in pairs:  # an earlier entry of the same key was overtaken by this one
                self._result.findings.pop(entry.key, None)
        elif len(pairs) > 1:
            middle = len(pairs) // 2
            self._restore(pairs[:middle])
            self._restore(pairs[middle:])
        else:
            self._leave(pairs[0][0])

    def _leave(self, entry: Entry) -> None:
        """An object that is not as the migration left it: said, never overwritten."""
        record = self._now(entry)
        if record is not None and record.value == entry.before and record.mod_revision > entry.mod_revision:
            self._result.already += 1
            self._result.findings.pop(entry.key, None)
            return
        self._result.findings[entry.key] = _changed_since(entry, record)
        # looked at again at the end: a later entry of the key may bring back what this one left, and so may a later
        # migration that was undone
        self._left.setdefault(entry.key, []).append(entry)

    def _now(self, entry: Entry) -> Record | None:
        return patiently(lambda: self._source.get(entry.key), self._patience, self._progress, self._stop)


def _changed_since(entry: Entry, record: Record | None) -> Finding:
    key = entry.key.decode("utf-8", "backslashreplace")
    if record is None:
        return Finding(key, "deleted", "deleted by others since")
    if digest(record.value) == entry.after:
        return Finding(key, "lease", "it could not be put back: its lease is gone")
    return Finding(key, "changed", f"changed by others since, at revision {record.mod_revision}")


# ---- proving


@dataclass
class Verified:
    """What a verification found."""

    objects: int = 0
    """How many objects of the journal were read again."""
    others: int = 0
    """How many other keys were compared (only for files)."""
    findings: list[Finding] = field(default_factory=list)


def verify_live(journal: Journal, source: Source, codec: StorageCodec) -> Verified:
    """
    Read again every object that a migration wrote: right version, decodable, the very bytes of the plan, lease kept.

    An object that was written more than once counts as it was written last.
    """
    result = Verified()
    doubted: dict[bytes, Finding] = {}
    counted = source.status().kind != "kine"
    for batch in journal.batches():
        if not batch.revision:
            continue
        for at, entry in enumerate(batch.entries):
            result.objects += 1
            finding = _check(entry, batch.revision_of(at), source.get(entry.key), codec, counted=counted)
            if finding is None:
                doubted.pop(entry.key, None)
            else:
                doubted[entry.key] = finding
    result.findings = list(doubted.values())
    return result


def _check(
    entry: Entry, revision: int, record: Record | None, codec: StorageCodec, *, counted: bool = True
) -> Finding | None:
    """What is wrong with an object; `counted` where the store counts the versions of a key, which kine does not."""
    key = entry.key.decode("utf-8", "backslashreplace")
    if record is None:
        return Finding(key, "deleted", "it is no longer there")
    if digest(record.value) != entry.after:
        if record.mod_revision == entry.mod_revision:
            return Finding(key, "not-written", "it lies there as before the migration")
        return Finding(key, "changed", f"its bytes were changed since, at revision {record.mod_revision}")
    if record.lease != entry.lease:
        return Finding(key, "lease", f"its lease is {record.lease:x}, and was {entry.lease:x}")
    if record.mod_revision == revision and (
        record.create_revision != entry.create_revision or (counted and record.version != entry.version + 1)
    ):
        return Finding(key, "version", "its create revision or version does not follow from what it was")
    read = codec.read(record)
    if isinstance(read, Undecodable):
        return Finding(key, "undecodable", f"it cannot be decoded: {read.error.message}")
    if read.gvk.api_version != entry.target:
        return Finding(key, "version", f"it is stored as {read.gvk.api_version}, not {entry.target}")
    return None


def verify_file(journal: Journal, before: Source, after: Source, codec: StorageCodec) -> Verified:
    """
    Hold a migrated database against the one it was made from: the journal's objects changed as planned, nothing else.

    Both are read in key order side by side, so that memory does not grow with them.
    """
    result = Verified()
    entries = _in_key_order(journal)
    expected = next(entries, None)
    remaining = after.scan()
    found = next(remaining, None)
    for old in before.scan():
        while found is not None and found.key < old.key:
            result.findings.append(Finding(_text(found.key), "touched", "the input has no such key"))
            found = next(remaining, None)
        same = found if found is not None and found.key == old.key else None
        if expected is not None and expected[0].key == old.key:
            result.objects += 1
            finding = _check(expected[0], expected[1], same, codec)
            expected = next(entries, None)
        else:
            result.others += 1
            finding = None if same == old else Finding(_text(old.key), "touched", "it is not as it was in the input")
        if finding is not None:
            result.findings.append(finding)
        if same is not None:
            found = next(remaining, None)
    while found is not None:
        result.findings.append(Finding(_text(found.key), "touched", "the input has no such key"))
        found = next(remaining, None)
    if expected is not None:
        result.findings.append(Finding(_text(expected[0].key), "deleted", "the input has no such key"))
    return result


def _in_key_order(journal: Journal) -> Iterator[tuple[Entry, int]]:
    for batch in journal.batches():
        for at, entry in enumerate(batch.entries):
            yield entry, batch.revision_of(at)


def _text(key: bytes) -> str:
    return key.decode("utf-8", "backslashreplace")
