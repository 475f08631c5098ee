"""
What every store offers: reading records in key order at one revision, and, apart, guarded writing.

Small on purpose: a fake for a test is `scan`, `get` and a revision. Knows nothing of Kubernetes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Self

from kstore.errors import Unsupported
from kstore.records import Mutation, Progress, Record, Revision, RevisionSize, key_value_size, prefix_end

_KEYS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What a store says of itself; sizes are bytes and 0 where the store cannot tell."""

    location: str
    """The address as a person would write it: endpoints, or a path."""
    kind: str
    """`etcd`, `kine`, `sqlite`, `snapshot`, `database`, `directory`, `vcluster`, `etcd2` or `memory`."""
    revision: int
    compact_revision: int = 0
    server_version: str = ""
    size: int = 0
    """The database file with its free pages."""
    size_in_use: int = 0
    quota: int = 0
    alarms: tuple[str, ...] = ()
    cluster_id: str = ""
    """Which etcd cluster it is, in hex; empty where the store has no such name."""
    details: dict[str, str] = field(default_factory=dict)
    """What only this kind of store can tell (raft term, members, checksum), for display."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one transaction may hold."""

    operations: int = 128
    """etcd's `--max-txn-ops`."""
    request_bytes: int = 1_572_864
    """etcd's `--max-request-bytes`: 1.5 MiB."""
    single_key: bool = False
    """True where only the apiserver's own single-key transactions are accepted (kine)."""


@dataclass(frozen=True, slots=True)
class Committed:
    """How a transaction went: either all of its mutations happened, at `revision`, or none did."""

    succeeded: bool
    revision: int


class Source(ABC):
    """
    A store that can be read. Reading never writes.

    All reads without an explicit `revision` see the newest state; `scan` pins one revision for its whole length. As a
    context manager a source closes itself.
    """

    file_sha256: str = ""
    """Of the file that was fetched to be read, in hexadecimal; empty for a store that was not."""
    notes: tuple[str, ...] = ()
    """What whoever reads this store should know of how it was opened."""

    @abstractmethod
    def status(self) -> StoreStatus:
        """What the store says of itself: location, revision, sizes, alarms."""

    def across_compactions(self) -> Source:
        """
        The same store, whose scans of now go on at the newest revision when theirs is compacted away under them.

        As with the apiserver's inconsistent continue token, what is then listed is no longer of one revision. A scan
        at a revision that the caller asked for never does so; and of a file nothing is compacted while it is read.
        """
        return self

    @abstractmethod
    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """
        Yield the live records whose key begins with `prefix`, in key order, as of one revision.

        Args:
            prefix: empty for the whole store.
            revision: look at the store as of this revision; 0 is now, pinned when the scan begins.
            start: begin at this key (inclusive) instead of the first; must begin with `prefix`.

        Raises:
            Compacted: the revision is no longer held.
            SourceError: the store failed.
        """

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """Yield the keys that `scan` yields the records of; most stores need read no value for it."""
        return (record.key for record in self.scan(prefix, revision=revision, start=start))

    def key_pages(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Sequence[bytes]]:
        """Yield the same keys many at once, as suits the store: whoever passes on a million saves half of the time."""
        keys = self.keys(prefix, revision=revision, start=start)
        while page := list(islice(keys, _KEYS_AT_ONCE)):
            yield page

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """The record of exactly this key, or None when it is not live at that revision."""
        for record in self.scan(key, revision=revision):
            return record if record.key == key else None
        return None

    def get_all(self, keys: Sequence[bytes], *, revision: int = 0) -> list[Record | None]:
        """What `get` gives for each of these keys; running servers are asked for many at once."""
        return [self.get(key, revision=revision) for key in keys]

    def first(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Record | None:
        """The first record that `scan` yields, or None; running servers read no more than that."""
        return next(iter(self.scan(prefix, revision=revision, start=start)), None)

    def count(self, prefix: bytes = b"", *, revision: int = 0) -> int:
        """The number of live keys that begin with `prefix`."""
        return sum(1 for _ in self.keys(prefix, revision=revision))

    def history(self, key: bytes) -> Iterator[Revision]:
        """
        Yield what is left of the key's history, oldest first, tombstones included.

        Raises:
            Unsupported: this kind of store keeps no history.
        """
        raise Unsupported("this store keeps no history", where=self.status().location)

    def history_scan(self, prefix: bytes = b"") -> Iterator[Revision]:
        """
        Yield every revision of every key that begins with `prefix`, in revision order, tombstones included.

        Raises:
            Unsupported: this kind of store cannot list its history.
        """
        raise Unsupported("this store cannot list its history", where=self.status().location)

    def history_sizes(self) -> Iterator[RevisionSize]:
        """
        Yield what `history_scan` yields of the whole store, without the values: quicker where they are in a file.

        Raises:
            Unsupported: this kind of store cannot list its history.
        """
        for revision in self.history_scan():
            record = revision.record
            size = len(record.key) + 2 if revision.deleted else key_value_size(record)
            yield RevisionSize(record.key, record.mod_revision, size, revision.deleted)

    def watch(self, prefix: bytes = b"", *, start_revision: int = 0) -> Iterator[Revision | Progress]:
        """
        Yield changes of the keys that begin with `prefix` as they happen, for ever, and how far the watch has come.

        Args:
            prefix: empty for the whole store.
            start_revision: the first revision whose changes are wanted; 0 for those after now.

        Raises:
            Compacted: these changes are no longer held.
            Unsupported: this kind of store does not change.
        """
        raise Unsupported(
            "this store cannot be watched",
            where=self.status().location,
            hint="only a running etcd can; `store.history(key)` has the changes that a file holds",
        )

    def readable(self) -> tuple[bytes, ...]:
        """What the keys begin with that may be read, where a user is limited to them; empty for no limit known."""
        return ()

    def leases(self) -> dict[int, int]:
        """
        The leases of the store and their granted time to live, in seconds.

        Raises:
            Unsupported: this kind of store knows no leases.
        """
        raise Unsupported("this store knows no leases", where=self.status().location)

    def close(self) -> None:  # noqa: B027 - most sources hold nothing
        """Let go of files and connections; harmless when called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WritableSource(Source):
    """A store that can also be written, by compare-and-swap only: there is no way to put blindly."""

    @abstractmethod
    def limits(self) -> Limits:
        """What one transaction may hold."""

    @abstractmethod
    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        """
        Do all of the mutations if every key still has its expected `mod_revision`, else none of them.

        Raises:
            RequestTooLarge: the server takes fewer operations or bytes.
            NoSpace: the server has no room.
            SourceError: the store failed; whether the transaction happened is then unknown, and must be read.
        """

    def require_writable(self) -> None:
        """
        See that it may be written, as it was opened; a kind of store that always may has nothing to do here.

        Raises:
            NotWritable: what it reads may be stale.
        """

    def grant_lease(self, lease: int, seconds: int) -> int:
        """
        See that there is a lease: of this id, if the store lets one choose, and if it has it already, that one.

        Args:
            lease: the id that is wanted.
            seconds: its time to live, if it is granted now.

        Returns:
            The id to put keys with.

        Raises:
            Unsupported: this kind of store grants no leases.
        """
        raise Unsupported("this store grants no leases", where=self.status().location)


__all__ = ["Committed", "Limits", "Source", "StoreStatus", "WritableSource", "prefix_end"]
