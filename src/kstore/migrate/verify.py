"""
A migration's journal read and held against the store, or against the database that was written.

That a migration is verified means: every object that the plan names is as planned, none is missing, and the journal is
whole and finished. Whatever is not so is a finding. Only reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kstore.codec import StorageCodec, Undecodable
from kstore.errors import JournalError
from kstore.migrate.discrepancy import Discrepancy
from kstore.migrate.journal import Entry, Journal, Note, digest
from kstore.printable import key_text
from kstore.records import Record
from kstore.source.interface import Source

DAMAGED = "damaged"
"""The code of a finding: the journal itself cannot be read to its end."""

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
    """All facts of the lines about the whole migration, the later ones over the earlier."""
    last: Note | None = None
    """The last line, if it is about the whole migration; None where a batch stands behind it."""
    torn: int = 0
    """The number of a last line that breaks off."""

    @property
    def finished(self) -> bool:
        """Whether the migration came to its end, and nothing has followed."""
        return self.last is not None and self.last.name == "finished"


def state_of(journal: Journal) -> State:
    """
    Count what a journal holds.

    Raises:
        JournalError: it is damaged.
    """
    state = State()
    for event in journal.events():
        state.last = event if isinstance(event, Note) else None
        if isinstance(event, Note):
            state.notes.update(event.facts)
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
    state.torn = journal.torn
    return state


def journal_findings(journal: Journal, state: State) -> list[Discrepancy]:
    """What keeps a journal from being whole and of a migration that came to its end."""
    found: list[tuple[str, str]] = []
    last = state.last.name if state.last else ""
    if state.torn:
        found.append(("torn", f"line {state.torn} breaks off: its writer was killed, or the journal was cut"))
    if last == "rolledBack":
        found.append(("rolled-back", f"the migration was rolled back at {state.notes['rolledBack']}"))
    elif last == "rollingBack":
        found.append(("rolled-back", f"its rollback was begun at {state.notes['rollingBack']} and is not at its end"))
    elif last != "finished":
        found.append(("unfinished", "the migration did not come to its end, or the journal was cut"))
    elif state.last is not None and not state.last.is_end:
        found.append(("no-end-mark", "its last line does not count the others, as in older ones: some may be missing"))
    return [Discrepancy(str(journal.path), code, message) for code, message in found]


# ---- proving


@dataclass
class Verified:
    """What a verification found."""

    objects: int = 0
    """How many objects of the journal were read again."""
    others: int = 0
    """How many other keys were compared (only for files)."""
    skipped: int = 0
    """How many objects the migration left as they were, and said so."""
    findings: list[Discrepancy] = field(default_factory=list)

    @staticmethod
    def without_database(journal: Journal, output: str) -> Verified:
        """What is found where the database that a migration wrote is not there."""
        result = _begin(journal)
        message = "the new database is not there: the migration was killed before its end, or the file was moved"
        result.findings.append(Discrepancy(output, "missing", message))
        return result

    @property
    def damaged(self) -> bool:
        """Whether the journal cannot be read to its end."""
        return any(one.code == DAMAGED for one in self.findings)


def _begin(journal: Journal) -> Verified:
    """
    What the journal alone says: whether it is whole, and its migration finished.

    A damaged one has that finding only, and is not to be held against anything.
    """
    result = Verified()
    try:
        state = state_of(journal)
    except JournalError as error:
        result.findings.append(Discrepancy(str(journal.path), DAMAGED, error.message))
        return result
    skipped = state.notes.get("skipped", 0)
    result.skipped = skipped if isinstance(skipped, int) else 0
    result.findings += journal_findings(journal, state)
    return result


def verify_live(
    journal: Journal, source: Source, codec: StorageCodec, tell: Callable[[int], None] = lambda _: None
) -> Verified:
    """
    Read again every object that a migration wrote: right version, decodable, the very bytes of the plan, lease kept.

    An object that was written more than once counts as it was written last. One whose transaction did not happen, and
    that was not written later, is there in the version that was planned, or a finding.

    `tell` is told how many objects have been read again.
    """
    result = _begin(journal)
    if result.damaged:
        return result
    doubted: dict[bytes, Discrepancy] = {}
    unwritten: dict[bytes, Entry] = {}
    counted = source.status().kind != "kine"
    for batch in journal.batches():
        if not batch.revision:
            unwritten.update({entry.key: entry for entry in batch.entries})
            continue
        records = source.get_all([entry.key for entry in batch.entries])
        for at, (entry, record) in enumerate(zip(batch.entries, records, strict=True)):
            result.objects += 1
            tell(result.objects)
            unwritten.pop(entry.key, None)
            finding = _check(entry, batch.revision_of(at), record, codec, counted=counted)
            if finding is None:
                doubted.pop(entry.key, None)
            else:
                doubted[entry.key] = finding
    for key, entry in unwritten.items():
        if key not in doubted and (finding := _check_unwritten(entry, source.get(key), codec)) is not None:
            doubted[key] = finding
    result.findings += doubted.values()
    return result


def _check_unwritten(entry: Entry, record: Record | None, codec: StorageCodec) -> Discrepancy | None:
    """
    What is wrong with an object that the migration planned, and did not write: nothing, where others have stored it in
    the version that was planned.
    """
    key = key_text(entry.key)
    if record is None:
        return Discrepancy(key, "deleted", "it is no longer there; the migration did not write it")
    if digest(record.value) == entry.after:
        return None
    read = codec.read(record)
    if isinstance(read, Undecodable):
        return Discrepancy(key, "undecodable", f"it cannot be decoded: {read.error.message}")
    if read.gvk.api_version != entry.target or record.mod_revision == entry.mod_revision:
        return Discrepancy(key, "not-written", f"it was not written, and is stored as {read.gvk.api_version}")
    return None


def _check(
    entry: Entry, revision: int, record: Record | None, codec: StorageCodec, *, counted: bool = True
) -> Discrepancy | None:
    """What is wrong with an object; `counted` where the store counts the versions of a key, which kine does not."""
    key = key_text(entry.key)
    if entry.deletes:
        return Discrepancy(key, "not-written", "it is still there") if record else None
    if record is None:
        return Discrepancy(key, "deleted", "it is no longer there")
    if digest(record.value) != entry.after:
        if record.value == entry.before:
            return Discrepancy(key, "not-written", "it is there as before the migration")
        return Discrepancy(key, "changed", f"its bytes were changed since, at revision {record.mod_revision}")
    if record.lease != entry.lease:
        return Discrepancy(key, "lease", f"its lease is {record.lease:x}, and was {entry.lease:x}")
    created = entry.create_revision or revision
    if record.mod_revision == revision and (
        record.create_revision != created or (counted and record.version != entry.version + 1)
    ):
        return Discrepancy(key, "version", "its create revision or version does not follow from what it was")
    if not entry.target:  # nobody could tell what it is when it was written either
        return None
    read = codec.read(record)
    if isinstance(read, Undecodable):
        return Discrepancy(key, "undecodable", f"it cannot be decoded: {read.error.message}")
    if read.gvk.api_version != entry.target:
        return Discrepancy(key, "version", f"it is stored as {read.gvk.api_version}, not {entry.target}")
    return None


def verify_file(
    journal: Journal,
    before: Source,
    after: Source,
    codec: StorageCodec,
    tell: Callable[[int], None] = lambda _: None,
) -> Verified:
    """
    Hold a migrated database against the one it was made from: the journal's objects changed as planned, nothing else.

    Both are read in key order side by side, so that memory does not grow with them. `tell` is told how many keys have
    been compared.
    """
    result = _begin(journal)
    if result.damaged:
        return result
    entries = _in_key_order(journal)
    expected = next(entries, None)
    for number, (key, old, new) in enumerate(side_by_side(before.scan(), after.scan()), 1):
        tell(number)
        while expected is not None and expected[0].key < key:
            result.findings += _check_in_file(*expected, None, None, codec)
            expected = next(entries, None)
        if expected is not None and expected[0].key == key:
            result.objects += 1
            result.findings += _check_in_file(*expected, old, new, codec)
            expected = next(entries, None)
        else:
            result.others += 1
            if old != new:
                problem = "it is not as it was in the input" if old else "the input has no such key"
                result.findings.append(Discrepancy(key_text(key), "touched", problem))
    while expected is not None:
        result.findings += _check_in_file(*expected, None, None, codec)
        expected = next(entries, None)
    return result


def _check_in_file(
    entry: Entry, revision: int, old: Record | None, new: Record | None, codec: StorageCodec
) -> Iterator[Discrepancy]:
    """What is wrong with a key that a journal names, by the input's record and the output's."""
    if entry.mod_revision and old is None:
        yield Discrepancy(key_text(entry.key), "deleted", "the input has no such key")
    elif (finding := _check(entry, revision, new, codec)) is not None:
        yield finding


def side_by_side(
    before: Iterator[Record], after: Iterator[Record]
) -> Iterator[tuple[bytes, Record | None, Record | None]]:
    """
    Yield each key of either store, in order, with its record in both.

    Args:
        before: records in key order.
        after: others in key order.
    """
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        key = min(one.key for one in (old, new) if one is not None)
        left = old if old is not None and old.key == key else None
        right = new if new is not None and new.key == key else None
        yield key, left, right
        if left is not None:
            old = next(before, None)
        if right is not None:
            new = next(after, None)


def _in_key_order(journal: Journal) -> Iterator[tuple[Entry, int]]:
    for batch in journal.batches():
        for at, entry in enumerate(batch.entries):
            yield entry, batch.revision_of(at)
