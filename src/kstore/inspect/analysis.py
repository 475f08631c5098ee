"""
What fills a store: bytes live, in history and in tombstones, by resource, namespace and field manager.

Two passes, the live records and then the history, both streamed; what is kept are sums, the largest few, and a number
for each key that changed. Knows no output form.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from kstore.codec import StoredObject, Undecodable
from kstore.decode.projection import Projection
from kstore.errors import AccessDenied, Unsupported
from kstore.inspect.clock import RevisionClock, newest_time
from kstore.inspect.directories import Directories
from kstore.inspect.large_fields import LargeField, json_size, large_fields
from kstore.printable import key_text
from kstore.records import Record, key_value_size
from kstore.sorted_keys import SortedKeys
from kstore.source.interface import StoreStatus
from kstore.store import Store, is_housekeeping

_LOOKED_AT = Projection.of(
    [
        ("metadata", "creationTimestamp"),
        ("metadata", "deletionTimestamp"),
        *(("metadata", "managedFields", name) for name in ("manager", "time", "fieldsV1")),
    ]
)
_NO_MANAGER = "(none)"
_ALL = 1_000_000
"""As many as are told of when all are asked for."""


@dataclass(slots=True)
class Usage:
    """What a group of keys takes, in bytes of the KeyValues that etcd keeps of them."""

    name: str
    objects: int = 0
    live_bytes: int = 0
    history_revisions: int = 0
    """Values that newer ones have replaced, or a deletion, and no compaction has removed yet."""
    history_bytes: int = 0
    tombstones: int = 0
    tombstone_bytes: int = 0
    undecodable: int = 0
    changes: int = 0
    """Revisions since the last compaction."""

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return self.live_bytes + self.history_bytes + self.tombstone_bytes

    def subtract_live(self) -> None:
        """Take what is live out of what the history was found to hold."""
        self.history_revisions = max(self.history_revisions - self.objects, 0)
        self.history_bytes = max(self.history_bytes - self.live_bytes, 0)

    def add(self, other: Usage) -> None:
        """Add another group's."""
        self.objects += other.objects
        self.live_bytes += other.live_bytes
        self.history_revisions += other.history_revisions
        self.history_bytes += other.history_bytes
        self.tombstones += other.tombstones
        self.tombstone_bytes += other.tombstone_bytes
        self.undecodable += other.undecodable
        self.changes += other.changes


@dataclass(slots=True)
class ManagerUsage:
    """What one field manager has to do with the store's size."""

    name: str
    objects: int = 0
    """Objects that it manages fields of."""
    written_bytes: int = 0
    """Bytes of the objects that it was the last to write, as far as managedFields tell."""
    field_set_bytes: int = 0
    """Bytes that its own entries in managedFields take."""


@dataclass(frozen=True, slots=True)
class LargeObject:
    """One of the largest objects, and which of its fields make it so."""

    key: str
    resource: str
    bytes: int
    fields: tuple[LargeField, ...]


@dataclass(frozen=True, slots=True)
class Churn:
    """One of the keys that change most."""

    key: str
    resource: str
    changes: int
    bytes: int
    """Of all its revisions since the last compaction."""


@dataclass(slots=True)
class LeaseUsage:
    """The leases of a store, and the keys that hang on them."""

    granted: int = 0
    attached: int = 0
    """Leases that at least one key hangs on."""
    keys: int = 0
    unknown: int = 0
    """Leases that keys name but the store does not have: such keys will never expire."""
    ttl_seconds: dict[int, int] = field(default_factory=dict)
    """Granted time to live -> how many leases."""


@dataclass(slots=True)
class Analysis:
    """All that `analyze` finds."""

    status: StoreStatus
    total: Usage
    """All that is below the cluster's prefix."""
    elsewhere: Usage
    """All that is outside it: others' keys, which are counted and not looked into."""
    resources: list[Usage]
    namespaces: list[Usage]
    managers: list[ManagerUsage]
    largest: list[LargeObject]
    churn: list[Churn]
    leases: LeaseUsage | None
    """None where the store knows no leases."""
    history: bool
    """Whether the store told its history."""
    is_whole: bool
    """Whether all keys were added up, so that what is left of the file is none of any key."""
    window_minutes: float
    """The time between the last compaction and now, as far as the objects' own times tell; 0 where they do not."""

    @property
    def free_bytes(self) -> int:
        """Bytes of the file's free pages, which a defragmentation gives back."""
        return max(self.status.size - self.status.size_in_use, 0) if self.status.size_in_use else 0

    @property
    def overhead_bytes(self) -> int:
        """Bytes of the pages in use that hold neither keys nor values: branches, headers, gaps."""
        if not self.status.size_in_use or not self.is_whole:
            return 0
        return max(self.status.size_in_use - self.total.total_bytes - self.elsewhere.total_bytes, 0)

    def per_minute(self, changes: int) -> float:
        """Changes a minute; 0 where the time is not known, or too short to tell."""
        return changes / self.window_minutes if self.window_minutes >= 1 else 0.0


class Analyzer:
    """
    Adds up a store.

    Args:
        store: the store.
        top: how many of the largest objects and of the keys that change most; 0 is all.
        progress: told how many records have been read.
        unreadable: told of each object that cannot be read.
        has_key: which keys are added up; None for all.
    """

    def __init__(
        self,
        store: Store,
        *,
        top: int = 10,
        progress: Callable[[int], None] = lambda _: None,
        unreadable: Callable[[Undecodable], None] = lambda _: None,
        has_key: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._store = store
        self._has_key = has_key
        self._top = top or _ALL
        self._progress = progress
        self._unreadable = unreadable
        self._directories = Directories(store)
        self._elsewhere = Usage("elsewhere")
        self._by_directory: dict[bytes, tuple[bytes, Usage]] = {}
        self._managers: dict[str, ManagerUsage] = {}
        self._heap: list[tuple[int, bytes]] = []
        self._leased: Counter[int] = Counter()
        self._clock = RevisionClock()
        self._seen = 0

    def run(self, *, history: bool = True) -> Analysis:
        """
        Read the store.

        Args:
            history: read the history, too; without it there is neither history nor churn in the answer.
        """
        status = self._store.source.status()
        changes = SortedKeys(adds=True)
        # first, since a file's live keys are known then without another pass
        told = history and not self._store.revision and self._read_history(status, changes)
        self._read_live()
        total = Usage("total")
        resources: dict[str, Usage] = {}
        namespaces: dict[str, Usage] = {}
        for key, usage in self._by_directory.values():
            usage.subtract_live()
            if not self._store.owns(key):
                self._elsewhere.add(usage)
                continue
            directory = self._directories.of(key)
            total.add(usage)
            _at(resources, directory.label).add(usage)
            _at(namespaces, directory.namespace).add(usage)
        start, end = self._clock.at(status.compact_revision), self._clock.latest
        return Analysis(
            status=status,
            total=total,
            elsewhere=self._elsewhere,
            resources=_largest_first(resources),
            namespaces=_largest_first(namespaces),
            managers=sorted(self._managers.values(), key=lambda one: (-one.written_bytes, one.name)),
            largest=self._largest(),
            churn=[
                Churn(key_text(key), self._directories.of(key).label, count, size)
                for key, size, count in self._most_changed(changes)
            ],
            leases=self._leases(),
            history=told,
            is_whole=self._has_key is None,
            window_minutes=(end - start).total_seconds() / 60 if told and start and end and end > start else 0.0,
        )

    def _most_changed(self, changes: SortedKeys) -> list[tuple[bytes, int, int]]:
        """The cluster's own keys that changed most, more than once: bytes of all revisions, and how many there are."""
        every = (zip(block.keys, block.high, block.low, strict=True) for block in changes.blocks())
        own = (one for one in chain.from_iterable(every) if one[2] > 1 and self._store.owns(one[0]))
        return heapq.nsmallest(self._top, own, key=lambda one: (-one[2], one[0]))

    def _usage(self, key: bytes) -> Usage:
        """
        What the keys of one directory take: they belong together, to what is found out in the end.

        Whether that is this cluster is asked in the end, too: to know its prefix, a file's keys are read.
        """
        directory = key[: key.rfind(b"/") + 1]
        found = self._by_directory.get(directory)
        if found is None:
            found = self._by_directory[directory] = key, Usage("")
        return found[1]

    # ---- the live records

    def _everything(self) -> Iterator[Record]:
        """All records of the store; those of the cluster alone where the user may read no others."""
        store = self._store
        try:
            store.source.first(revision=store.revision)
        except AccessDenied:
            return store.records()
        return store.source.scan(revision=store.revision)

    def _read_live(self) -> None:
        heap, top, has_key = self._heap, self._top, self._has_key
        read, owns = self._store.codec.read, self._store.owns
        for record in self._everything():
            key = record.key
            if has_key is not None and not has_key(key):
                continue
            size = key_value_size(record)
            usage = self._usage(key)
            usage.objects += 1
            usage.live_bytes += size
            self._step()
            if not owns(key):
                continue
            if record.lease:
                self._leased[record.lease] += 1
            if len(heap) < top:
                heapq.heappush(heap, (size, key))
            elif heap and size > heap[0][0]:
                heapq.heapreplace(heap, (size, key))
            found = read(record, _LOOKED_AT)
            if isinstance(found, StoredObject):
                self._count_managers(found, size)
            elif not is_housekeeping(record):
                usage.undecodable += 1
                self._unreadable(found)

    def _count_managers(self, read: StoredObject, size: int) -> None:
        metadata = read.object.get("metadata")
        if not isinstance(metadata, dict):
            return
        entries = metadata.get("managedFields")
        if moment := newest_time(metadata):
            self._clock.note(read.record.mod_revision, moment)
        last, last_time, seen = _NO_MANAGER, "", set()
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict):
                continue
            name = str(entry.get("manager") or _NO_MANAGER)
            manager = self._manager(name)
            fields = entry.get("fieldsV1")
            manager.field_set_bytes += 0 if fields is None else json_size(fields)
            if name not in seen:
                seen.add(name)
                manager.objects += 1
            time = str(entry.get("time") or "")
            if time >= last_time:
                last, last_time = name, time
        if not seen:
            self._manager(last).objects += 1
        self._manager(last).written_bytes += size

    def _manager(self, name: str) -> ManagerUsage:
        found = self._managers.get(name)
        if found is None:
            found = self._managers[name] = ManagerUsage(name)
        return found

    # ---- the history

    def _read_history(self, status: StoreStatus, changes: SortedKeys) -> bool:
        """Count all revisions, the live ones too; whether the store has a history to tell."""
        compacted, has_key = status.compact_revision, self._has_key
        numbers, at_once = changes.numbers, changes.at_once
        try:
            for key, mod_revision, size, deleted in self._store.source.history_sizes():
                if has_key is not None and not has_key(key):
                    continue
                usage = self._usage(key)
                if deleted:
                    usage.tombstones += 1
                    usage.tombstone_bytes += size
                else:
                    usage.history_revisions += 1
                    usage.history_bytes += size
                if mod_revision > compacted:
                    usage.changes += 1
                    numbers[key] = numbers.get(key, 0) + (size << 32) + 1
                    if len(numbers) >= at_once:
                        changes.put_aside()
                self._step()
        except (Unsupported, AccessDenied):  # of all keys, which not every user may read
            return False
        return True

    def _step(self) -> None:
        self._seen += 1
        if not self._seen & 0xFF:
            self._progress(self._seen)

    # ---- what needs a second look

    def _largest(self) -> list[LargeObject]:
        found = []
        for size, key in sorted(self._heap, key=lambda item: (-item[0], item[1])):
            record = self._store.source.get(key, revision=self._store.revision)
            if record is None:
                continue  # deleted meanwhile
            read = self._store.codec.read(record)
            fields = () if isinstance(read, Undecodable) else large_fields(read.object)
            found.append(LargeObject(key_text(key), self._directories.of(key).label, size, fields))
        return found

    def _leases(self) -> LeaseUsage | None:
        try:
            granted = self._store.source.leases()
        except Unsupported:
            return None
        attached = [lease for lease in self._leased if lease in granted]
        return LeaseUsage(
            granted=len(granted),
            attached=len(attached),
            keys=sum(self._leased.values()),
            unknown=len(self._leased) - len(attached),
            ttl_seconds=dict(sorted(Counter(granted.values()).items())),
        )


def _at(groups: dict[str, Usage], name: str) -> Usage:
    return groups.setdefault(name, Usage(name))


def _largest_first(groups: dict[str, Usage]) -> list[Usage]:
    return sorted(groups.values(), key=lambda one: (-one.total_bytes, one.name))
