"""
A store in a test, in three lines, and what every source has to pass.

    source = MemorySource({"/registry/pods/default/web": value})
    store = Store(source, Scheme(newest()))
    assert [read.gvk.kind for read in store.under("/registry/pods")] == ["Pod"]

Whoever writes a `Source` fills one with `fill`, and calls each of `READ_CHECKS` with it; of one that keeps its history
`HISTORY_CHECKS` too, and each of `WRITE_CHECKS` with an empty one that can be written. They need no test framework.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from kstore.errors import Compacted
from kstore.records import Delete, Mutation, Put, Record, Revision
from kstore.source.interface import Committed, Limits, Source, StoreStatus, WritableSource

__all__ = ["HISTORY_CHECKS", "READ_CHECKS", "WRITE_CHECKS", "MemorySource", "compacted", "fill"]


Value = bytes | dict[str, Any]
"""What a key holds; a dict is written as JSON."""


class MemorySource(WritableSource):
    """
    An etcd in memory: every revision is there until it is compacted, and writes are compare-and-swap.

    Args:
        values: what it holds at first, written in one transaction; a dict is written as JSON.
        operations: how many mutations one transaction takes.
    """

    def __init__(
        self,
        values: Mapping[str, Value] | Mapping[bytes, Value] | Mapping[str | bytes, Value] | None = None,
        *,
        operations: int = 128,
    ) -> None:
        self.revision = 1
        self.operations = operations
        self.granted: dict[int, int] = {}
        """The leases, and their time to live in seconds."""
        self.compact_revision = 0
        self.past: list[Revision] = []
        """Every revision that is left, oldest first."""
        self._live: dict[bytes, Record] = {}
        self._lock = Lock()
        if values:
            self._applied([Put(_key(key), _value(value), 0) for key, value in values.items()])

    # ---- reading

    def status(self) -> StoreStatus:
        """Sizes are made up: 100,000 bytes of which 60,000 are used, and the quota that etcd has by itself."""
        return StoreStatus(
            "memory", "memory", self.revision, self.compact_revision, size=100_000, size_in_use=60_000, quota=2 << 30
        )

    def live(self, revision: int = 0) -> dict[bytes, Record]:
        """
        The records of a revision, 0 being now.

        Raises:
            Compacted: the revision is no longer held.
        """
        if not revision or revision >= self.revision:
            return dict(self._live)
        if revision < self.compact_revision:
            raise Compacted(f"revision {revision} has been compacted", where="memory")
        found: dict[bytes, Record] = {}
        for one in self.past:
            if one.record.mod_revision > revision:
                break
            if one.deleted:
                found.pop(one.record.key, None)
            else:
                found[one.record.key] = one.record
        return found

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """The records of one revision, pinned when the scan begins."""
        return iter(
            [one for key, one in sorted(self.live(revision).items()) if key.startswith(prefix) and key >= start]
        )

    def history(self, key: bytes) -> Iterator[Revision]:
        """What is left of a key's history."""
        return (one for one in list(self.past) if one.record.key == key)

    def history_scan(self, prefix: bytes = b"") -> Iterator[Revision]:
        """What is left of all histories, in the order of revisions."""
        return (one for one in list(self.past) if one.record.key.startswith(prefix))

    def watch(self, prefix: bytes = b"", *, start_revision: int = 0) -> Iterator[Revision]:
        """The changes that there have been; unlike a server's, this watch ends."""
        first = start_revision or self.revision + 1
        if first <= self.compact_revision:
            raise Compacted(f"revision {first} has been compacted", where="memory")
        return (one for one in self.history_scan(prefix) if one.record.mod_revision >= first)

    def leases(self) -> dict[int, int]:
        """The leases that were granted."""
        return self.granted

    # ---- writing

    def limits(self) -> Limits:
        """As etcd's own, but for the number of operations."""
        return Limits(operations=self.operations)

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        """All of the mutations, if every key is as expected; else none. Threads may do so at once."""
        with self._lock:
            return self._applied(mutations)

    def _applied(self, mutations: Sequence[Mutation]) -> Committed:
        for one in mutations:
            found = self._live.get(one.key)
            if (found.mod_revision if found else 0) != one.expected_mod_revision:
                return Committed(False, self.revision)
        self.revision += 1
        for one in mutations:
            old = self._live.get(one.key)
            if isinstance(one, Delete):
                del self._live[one.key]
                self.past.append(Revision(Record(one.key, b"", 0, self.revision, 0), deleted=True))
                continue
            created, version = (old.create_revision, old.version + 1) if old else (self.revision, 1)
            record = self._live[one.key] = Record(one.key, one.value, created, self.revision, version, one.lease)
            self.past.append(Revision(record))
        return Committed(True, self.revision)

    def grant_lease(self, lease: int, seconds: int) -> int:
        """A lease of this id, granted now if there was none."""
        self.granted.setdefault(lease, seconds)
        return lease

    def put(self, key: str | bytes, value: bytes | dict[str, Any], *, lease: int = 0) -> int:
        """Write as another client would, whatever is there; the revision that it got."""
        with self._lock:
            old = self._live.get(_key(key))
            return self._applied([Put(_key(key), _value(value), old.mod_revision if old else 0, lease)]).revision

    def delete(self, key: str | bytes) -> int:
        """
        Delete a key as another client would; the revision that it got.

        Raises:
            KeyError: it is not there.
        """
        with self._lock:
            return self._applied([Delete(_key(key), self._live[_key(key)].mod_revision)]).revision

    def compact(self, revision: int) -> None:
        """Forget what was overwritten or deleted up to a revision, as etcd does."""
        kept = {(one.key, one.mod_revision) for one in self.live(revision).values()}
        self.past = [
            one
            for one in self.past
            if one.record.mod_revision > revision or (one.record.key, one.record.mod_revision) in kept
        ]
        self.compact_revision = revision


def _key(key: str | bytes) -> bytes:
    return key if isinstance(key, bytes) else key.encode("utf-8", "surrogateescape")


def _value(value: bytes | dict[str, Any]) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


# ---- what every source passes

_LIVE = {b"/a/1": b"uno", b"/a/3": b"three", b"/ab": b"ab", b"/b": b"bee", b"/bin/\xff": b"\x00\xff"}
"""What `fill` leaves."""


def fill(source: WritableSource) -> None:
    """Write what the checks expect into an empty store: keys put, overwritten, deleted, and two in one transaction."""
    revisions = {}
    for key, value in ((b"/a/1", b"one"), (b"/a/2", b"two")):
        revisions[key] = source.commit([Put(key, value, 0)]).revision
    source.commit([Put(b"/b", b"bee", 0), Put(b"/a/3", b"three", 0)])
    source.commit([Put(b"/a/1", b"uno", revisions[b"/a/1"])])
    source.commit([Delete(b"/a/2", revisions[b"/a/2"])])
    for key in (b"/ab", b"/bin/\xff"):
        source.commit([Put(key, _LIVE[key], 0)])


def _expect(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def scans_in_key_order(source: Source) -> None:
    """Every live record once, by key, with its value."""
    found = [(record.key, record.value) for record in source.scan()]
    _expect(found, sorted(_LIVE.items()), "scan of everything")


def scans_a_prefix(source: Source) -> None:
    """A prefix is one of bytes; `start` is inclusive."""
    _expect([one.key for one in source.scan(b"/a/")], [b"/a/1", b"/a/3"], "scan of /a/")
    _expect([one.key for one in source.scan(b"/a")], [b"/a/1", b"/a/3", b"/ab"], "scan of /a")
    _expect([one.key for one in source.scan(b"/a/", start=b"/a/3")], [b"/a/3"], "scan of /a/ from /a/3")
    _expect([one.key for one in source.scan(b"/a/", start=b"/a/2")], [b"/a/3"], "scan of /a/ from a key that has gone")
    _expect(list(source.scan(b"/c")), [], "scan of a prefix that nothing has")


def lists_and_counts_keys(source: Source) -> None:
    """Keys and count are those of the scan."""
    for prefix in (b"", b"/a/", b"/bin/\xff", b"/c"):
        keys = [one.key for one in source.scan(prefix)]
        _expect(list(source.keys(prefix)), keys, f"keys of {prefix!r}")
        _expect([key for page in source.key_pages(prefix) for key in page], keys, f"pages of keys of {prefix!r}")
        _expect(source.count(prefix), len(keys), f"count of {prefix!r}")


def gets_exactly_one_key(source: Source) -> None:
    """A key that others begin with, or that was deleted, is not there."""
    record = source.get(b"/a/1")
    _expect(record and record.value, b"uno", "get of /a/1")
    absent = (b"/a", b"/a/2", b"/", b"/a/11")
    for key in absent:
        _expect(source.get(key), None, f"get of {key!r}")
    found = source.get_all([absent[0], b"/a/1", *absent[1:], b"/a/1"])
    _expect(found, [None, record, None, None, None, record], "get_all of /a/1 and others")


def tells_revisions(source: Source) -> None:
    """Of an overwritten key the creation is older than the change; what one transaction wrote is of one revision."""
    found = {one.key: one for one in source.scan()}
    changed, others = found[b"/a/1"], (found[b"/b"], found[b"/a/3"])
    _expect((changed.version, changed.create_revision < changed.mod_revision), (2, True), "an overwritten key")
    _expect(others[0].mod_revision, others[1].mod_revision, "two keys of one transaction")
    _expect({(one.version, one.create_revision == one.mod_revision) for one in others}, {(1, True)}, "keys put once")
    newest = max(one.mod_revision for one in found.values())
    _expect(source.status().revision >= newest, True, f"the store's revision is at least {newest}")


def names_itself(source: Source) -> None:
    """A status says where the store is, and of which kind."""
    status = source.status()
    _expect(bool(status.location and status.kind), True, "location and kind of the status")


def closes_twice(source: Source) -> None:
    """To close a second time does no harm."""
    source.close()
    source.close()


def keeps_a_history(source: Source) -> None:
    """Of each key what was written, oldest first, and its end."""
    _expect([one.record.value for one in source.history(b"/a/1")], [b"one", b"uno"], "history of /a/1")
    _expect([one.deleted for one in source.history(b"/a/2")], [False, True], "history of /a/2, which was deleted")
    _expect(list(source.history(b"/a")), [], "history of a key that never was")


def lists_its_history(source: Source) -> None:
    """All of it in the order of revisions; the sizes are those of the same entries."""
    entries = list(source.history_scan())
    revisions = [one.record.mod_revision for one in entries]
    _expect(revisions, sorted(revisions), "revisions of the history")
    _expect(len(entries), 8, "entries of the history")
    pairs = sorted((one.record.key, one.record.mod_revision, one.deleted) for one in entries)
    _expect(sorted((one.key, one.mod_revision, one.deleted) for one in source.history_sizes()), pairs, "their sizes")


def reads_the_past(source: Source) -> None:
    """The store as of a revision: without what came later, with what was deleted later."""
    first, second = (one.record for one in source.history(b"/a/1"))
    before = second.mod_revision - 1
    values = {one.key: one.value for one in source.scan(b"/a/", revision=before)}
    _expect(values, {b"/a/1": b"one", b"/a/2": b"two", b"/a/3": b"three"}, f"revision {before}")
    found = source.get(b"/a/1", revision=first.mod_revision)
    _expect(found and found.value, b"one", f"/a/1 at revision {first.mod_revision}")
    _expect(source.get_all([b"/a/1"], revision=first.mod_revision), [found], "get_all of it")
    _expect([one.key for one in source.scan(revision=first.mod_revision)], [b"/a/1"], "the first revision")


def writes_only_what_is_as_expected(source: WritableSource) -> None:
    """A write whose expectation does not hold changes nothing, and says so."""
    made = source.commit([Put(b"/k", b"1", 0)])
    _expect(made.succeeded, True, "creation of a key that is not there")
    for wrong in (0, made.revision + 1):
        _expect(source.commit([Put(b"/k", b"2", wrong)]).succeeded, False, f"write expecting revision {wrong}")
        _expect(source.commit([Delete(b"/k", wrong)]).succeeded, False, f"deletion expecting revision {wrong}")
    record = source.get(b"/k")
    _expect(record and (record.value, record.version), (b"1", 1), "the key after that")
    changed = source.commit([Put(b"/k", b"2", made.revision)])
    record = source.get(b"/k")
    _expect(record and record.mod_revision, changed.revision, "its revision after a change")
    _expect(source.commit([Delete(b"/k", changed.revision)]).succeeded, True, "deletion")
    _expect(source.get(b"/k"), None, "the key after its deletion")


def writes_all_or_nothing(source: WritableSource) -> None:
    """One mutation of a transaction that does not hold keeps the others from happening."""
    made = source.commit([Put(b"/k/1", b"1", 0), Put(b"/k/2", b"1", 0)])
    failed = source.commit([Put(b"/k/1", b"2", made.revision), Delete(b"/k/2", made.revision + 7)])
    _expect(failed.succeeded, False, "a transaction of which one part does not hold")
    _expect([one.value for one in source.scan(b"/k/")], [b"1", b"1"], "the keys after it")
    done = source.commit([Put(b"/k/1", b"2", made.revision), Delete(b"/k/2", made.revision)])
    _expect(done.succeeded, True, "a transaction that holds")
    _expect([(one.key, one.value) for one in source.scan(b"/k/")], [(b"/k/1", b"2")], "the keys after it")


def begins_anew_after_deletion(source: WritableSource) -> None:
    """A key that was deleted and put again is a new one: version 1, created now."""
    first = source.commit([Put(b"/k", b"1", 0)])
    source.commit([Delete(b"/k", first.revision)])
    again = source.commit([Put(b"/k", b"2", 0)])
    record = source.get(b"/k")
    _expect(record and (record.version, record.create_revision), (1, again.revision), "a key put again")


def scans_one_revision(source: WritableSource) -> None:
    """A scan that has begun does not see what is written meanwhile."""
    source.commit([Put(b"/k/1", b"1", 0), Put(b"/k/2", b"1", 0)])
    scan = source.scan(b"/k/")
    found = [next(scan)]
    record = source.get(b"/k/2")
    source.commit([Put(b"/k/2", b"2", record.mod_revision if record else 0), Put(b"/k/3", b"2", 0)])
    found += scan
    _expect(
        [(one.key, one.value) for one in found], [(b"/k/1", b"1"), (b"/k/2", b"1")], "a scan during which keys change"
    )


def compacted(source: Source, revision: int) -> None:
    """A revision before the one that a store was compacted to is refused, not answered with what is left."""
    for read in (lambda: list(source.scan(revision=revision - 1)), lambda: source.get(b"/a/1", revision=revision - 1)):
        try:
            found = read()
        except Compacted:
            continue
        raise AssertionError(f"revision {revision - 1} was compacted away, and is answered with {found!r}")
    _expect({one.key: one.value for one in source.scan()}, _LIVE, "what is live after a compaction")


READ_CHECKS: tuple[Callable[[Source], None], ...] = (
    scans_in_key_order,
    scans_a_prefix,
    lists_and_counts_keys,
    gets_exactly_one_key,
    tells_revisions,
    names_itself,
    closes_twice,
)
"""For a source that holds what `fill` wrote."""
HISTORY_CHECKS: tuple[Callable[[Source], None], ...] = (keeps_a_history, lists_its_history, reads_the_past)
"""For one that keeps its history as well."""
WRITE_CHECKS: tuple[Callable[[WritableSource], None], ...] = (
    writes_only_what_is_as_expected,
    writes_all_or_nothing,
    begins_anew_after_deletion,
    scans_one_revision,
)
"""For an empty one that can be written."""
