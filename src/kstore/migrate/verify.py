"""
A migration's journal read and held against the store, or against the database that was written.

Only reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kstore.codec import StorageCodec, Undecodable
from kstore.migrate.finding import Finding
from kstore.migrate.journal import Entry, Journal, Note, digest
from kstore.records import Record
from kstore.source.interface import Source

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
    return state


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
