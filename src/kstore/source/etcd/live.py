"""
A running etcd v3, or a kine, as a store that can be read and written.

Puts together paging, watching and status, and knows what a transaction looks like: the apiserver's own for
one key (the only one that kine accepts), and the same compares and puts side by side for several. Knows
nothing of Kubernetes.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any

from kstore.errors import AccessDenied, Compacted, LeaseExists, NotWritable, RequestTooLarge, Unsupported, UsageError
from kstore.printable import key_text
from kstore.records import Delete, Mutation, Progress, Put, Record, Revision, prefix_end
from kstore.source.etcd import messages as rpc
from kstore.source.etcd.connection import Connection
from kstore.source.etcd.paging import RangeReader
from kstore.source.etcd.permissions import readable
from kstore.source.etcd.status import describe
from kstore.source.etcd.watch import compacted_through, replay, to_record, watch
from kstore.source.interface import Committed, Limits, StoreStatus, WritableSource
from kstore.source.options import SourceOptions

_PROBE = b"/registry/health"
"""A key that need not exist, to learn revisions with. kine keeps one of this name for the same reason."""


class LiveSource(WritableSource):
    """
    The store behind some endpoints of one etcd cluster, or of a kine.

    Args:
        endpoints: addresses such as `https://10.0.0.1:2379`; one that answers is used, the others stand by.
        options: credentials and times.
        client: an `etcd3.Etcd3Client` of the caller's own to use instead of endpoints and credentials.

    Raises:
        UsageError: an address or credential that cannot be meant. Nothing is contacted before the first
        request.
    """

    def __init__(
        self, endpoints: Sequence[str] = (), options: SourceOptions | None = None, *, client: Any = None
    ) -> None:
        self._connection = Connection(endpoints, options or SourceOptions(), client)
        self._limits = Limits()
        self._streams = True
        self._across_compactions = False

    @property
    def client(self) -> Any:
        """The `etcd3.Etcd3Client` of the endpoint in use, for what kstore itself has no need of."""
        return self._connection.member().client

    @property
    def options(self) -> SourceOptions:
        """How the store is reached."""
        return self._connection.options

    @property
    def compactions(self) -> int:
        """How often a scan went on at a newer revision; see `across_compactions`."""
        return self._connection.compactions

    def reach(self) -> None:
        """
        Make sure that a server answers.

        Raises:
            StoreUnreachable: none does.
            AccessDenied: user and password are refused.
        """
        self._connection.member()

    def status(self) -> StoreStatus:
        """What the endpoint in use and the other members say of themselves."""
        return describe(self._connection, self.revision(), self.compact_revision())

    def revision(self, key: bytes = b"") -> int:
        """
        The store's newest revision.

        Args:
            key: what to ask for it with; empty for any that the user may read.
        """
        return int(self._ask_range(key=key or self._probe, count_only=True).header.revision)

    @cached_property
    def _probe(self) -> bytes:
        """A key to learn revisions with, which the user may read."""
        try:
            self._ask_range(key=_PROBE, count_only=True)
        except AccessDenied:
            return next(iter(self.readable()), _PROBE)
        return _PROBE

    def readable(self) -> tuple[bytes, ...]:
        """See `Source.readable`: what the roles of the user name that was given say (`auth/store.go`)."""
        return readable(self._connection)

    def compact_revision(self, key: bytes = b"") -> int:
        """
        The oldest revision that the store can still be looked at as of; 0 as long as nothing was compacted.

        Args:
            key: what to ask for it with; empty for any that the user may read.
        """
        key = key or self._probe
        try:
            self._ask_range(key=key, count_only=True, revision=1)
        except Compacted:
            return compacted_through(self._connection, key)
        return 0

    # ---- reading

    def across_compactions(self) -> LiveSource:
        """See `Source.across_compactions`; it is the same connection."""
        found = copy.copy(self)
        found._across_compactions = True
        return found

    def scan(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Record]:
        """See `Source.scan`; `across_compactions` says what happens at a compaction meanwhile."""
        for page in self._pages(prefix, revision, start, keys_only=False):
            for entry in page:
                yield to_record(entry)

    def keys(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[bytes]:
        """See `Source.keys`; the server leaves the values out."""
        return chain.from_iterable(self.key_pages(prefix, revision=revision, start=start))

    def key_pages(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Iterator[Sequence[bytes]]:
        """See `Source.key_pages`: a page is an answer of the server."""
        for page in self._pages(prefix, revision, start, keys_only=True):
            yield [entry.key for entry in page]

    def _pages(self, prefix: bytes, revision: int, start: bytes, *, keys_only: bool) -> Iterator[Sequence[Any]]:
        if not start.startswith(prefix) and start:
            raise UsageError(f"{start!r} does not begin with {prefix!r}")
        key, end = self._bounds(prefix)
        reader = RangeReader(
            self._connection,
            start or key,
            end,
            revision=revision,
            keys_only=keys_only,
            streams=self._streams,
            across_compactions=self._across_compactions,
        )
        yield from reader.pages()
        self._streams = reader.streams

    def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """See `Source.get`."""
        answer = self._ask_range(key=key, revision=revision, where=key_text(key))
        return to_record(answer.kvs[0]) if answer.kvs else None

    def get_all(self, keys: Sequence[bytes], *, revision: int = 0) -> list[Record | None]:
        """See `Source.get_all`: transactions that only read, which etcd answers without its log, as it does ranges."""
        found: list[Record | None] = []
        while len(found) < len(keys):
            limits = self.limits()
            if limits.single_key or self.options.serializable:  # kine, and a learner, take no such transaction
                return found + super().get_all(keys[len(found) :], revision=revision)
            request = _reading(keys[len(found) : len(found) + limits.operations], revision)
            try:
                answer = self._connection.ask(lambda member: member.client.kvstub.Txn, request)
            except RequestTooLarge as error:
                if len(request.success) == 1:
                    raise
                self._lower_limits(error, len(request.success), request.ByteSize())
            except Unsupported:
                self._limits = _of_single_keys(self._limits)
            else:
                answers = (one.response_range.kvs for one in answer.responses)
                found += (to_record(kvs[0]) if kvs else None for kvs in answers)
        return found

    def first(self, prefix: bytes = b"", *, revision: int = 0, start: bytes = b"") -> Record | None:
        """See `Source.first`; the server sends one key."""
        key, end = self._bounds(prefix)
        answer = self._ask_range(key=start or key, range_end=end, limit=1, revision=revision)
        return to_record(answer.kvs[0]) if answer.kvs else None

    def count(self, prefix: bytes = b"", *, revision: int = 0) -> int:
        """See `Source.count`; the server counts."""
        key, end = self._bounds(prefix)
        return int(self._ask_range(key=key, range_end=end, count_only=True, revision=revision).count)

    def history(self, key: bytes) -> Iterator[Revision]:
        """
        See `Source.history`: what was left at the last compaction, then every change since, as watches replay
        it.
        """
        yield from self._history(key, b"")

    def history_scan(self, prefix: bytes = b"") -> Iterator[Revision]:
        """
        See `Source.history_scan`; holds in memory what was live at the last compaction, to bring it in order.
        """
        yield from self._history(*self._bounds(prefix))

    def watch(self, prefix: bytes = b"", *, start_revision: int = 0) -> Generator[Revision | Progress, None, None]:
        """
        Yield changes of the keys that begin with `prefix`, for ever, and how far the watch has come.

        Args:
            prefix: empty for the whole store.
            start_revision: the first revision whose changes are wanted; 0 for those after now.

        Raises:
            Compacted: these changes are no longer held.
            SourceError: the store failed, or has been gone too long.
        """
        key, end = self._bounds(prefix)
        return watch(self._connection, key, end, start_revision or self.revision(key) + 1)

    def leases(self) -> dict[int, int]:
        """See `Source.leases`."""
        answer = self._connection.ask(lambda member: member.client.leasestub.LeaseLeases, rpc.LeaseLeasesRequest())
        granted: dict[int, int] = {}
        for lease in answer.leases:
            request = rpc.LeaseTimeToLiveRequest(ID=lease.ID)
            times = self._connection.ask(lambda member: member.client.leasestub.LeaseTimeToLive, request)
            if times.TTL >= 0:  # -1: it expired in between
                granted[lease.ID] = times.grantedTTL
        return granted

    def _history(self, key: bytes, end: bytes) -> Iterator[Revision]:
        """
        Start again when a compaction comes in between; once something was yielded it is the reader's to do
        so.
        """
        yielded = False
        while True:
            try:
                through, compacted = self.revision(key), self.compact_revision(key)
                for entry in self._replayed(key, end, compacted, through):
                    yielded = True
                    yield entry
            except Compacted:
                if yielded:
                    raise
            else:
                return

    def _replayed(self, key: bytes, end: bytes, compacted: int, through: int) -> Iterator[Revision]:
        if compacted:
            kept = [
                to_record(entry)
                for page in RangeReader(self._connection, key, end, revision=compacted, streams=self._streams).pages()
                for entry in page
            ]
            yield from map(Revision, sorted(kept, key=lambda record: record.mod_revision))
        yield from replay(self._connection, key, end, compacted + 1, through)

    def _bounds(self, prefix: bytes) -> tuple[bytes, bytes]:
        """The prefix as a range."""
        if prefix:
            return prefix, prefix_end(prefix)
        # kine knows etcd's "all" only as both ends, which a second page has no more; its keys are Kubernetes'
        # ASCII
        return b"\0", b"\x7f" if self._connection.member().is_kine else b"\0"

    def _ask_range(self, *, where: str = "", **fields: Any) -> Any:
        request = rpc.RangeRequest(serializable=self.options.serializable, **fields)
        return self._connection.ask(lambda member: member.client.kvstub.Range, request, where=where)

    # ---- writing

    def require_writable(self) -> None:
        """
        See `WritableSource.require_writable`: a serializable read may be older than a write whose end it is to tell.
        """
        if self.options.serializable:
            raise NotWritable(
                "a serializable read may be stale: nothing is written on the strength of one",
                where=self._connection.location, hint="a write takes a quorum: leave `serializable=True` out",
            )  # fmt: skip

    def limits(self) -> Limits:
        """What one transaction may hold, as far as the server has told by refusing."""
        if self._connection.member().is_kine:
            return _of_single_keys(self._limits)
        return self._limits

    def commit(self, mutations: Sequence[Mutation]) -> Committed:
        """
        See `WritableSource.commit`.

        Sent once: after `StoreUnreachable` it may have happened. A refusal for its size lowers `limits()`.
        """
        if not mutations:
            return Committed(True, self.revision())
        if len(mutations) > 1 and self.limits().single_key:
            raise RequestTooLarge("kine takes one key a transaction", where=self._connection.location)
        request = transaction(mutations)
        try:
            answer = self._connection.ask(lambda member: member.client.kvstub.Txn, request, repeatable=False)
        except RequestTooLarge as error:
            self._lower_limits(error, len(mutations), request.ByteSize())
            raise
        except Unsupported as error:
            if len(mutations) > 1:
                self._limits = _of_single_keys(self._limits)
                raise RequestTooLarge(
                    "the server takes one key a transaction", where=error.where, hint="kine does"
                ) from None
            raise
        return Committed(bool(answer.succeeded), int(answer.header.revision))

    def grant_lease(self, lease: int, seconds: int) -> int:
        """See `WritableSource.grant_lease`; kine's leases are but times to live, each its own id."""
        request = rpc.LeaseGrantRequest(ID=lease, TTL=max(seconds, 1))
        try:
            return int(self._connection.ask(lambda member: member.client.leasestub.LeaseGrant, request).ID)
        except LeaseExists:
            return lease

    def _lower_limits(self, error: RequestTooLarge, operations: int, size: int) -> None:
        """Learn from a refusal; of a request within the known limits only that half of it may do."""
        known = self._limits
        if "operations" in error.message and operations <= known.operations:
            self._limits = replace(known, operations=max(operations // 2, 1))
        elif error.request_bytes:
            self._limits = replace(known, request_bytes=error.request_bytes)
        elif size <= known.request_bytes:
            self._limits = replace(known, request_bytes=size // 2)

    def close(self) -> None:
        """Close the connections; a client that was handed in stays open."""
        self._connection.close()


def transaction(mutations: Sequence[Mutation]) -> Any:
    """
    The `TxnRequest` that does all mutations if each key still has its expected revision.

    For one key exactly what the apiserver sends through `client/v3/kubernetes/client.go`: the current state is asked
    for in the other case, except when the key was to be created. kine knows transactions by this shape.
    """
    request = rpc.TxnRequest(
        compare=[
            rpc.Compare(
                result=rpc.Compare.EQUAL,
                target=rpc.Compare.MOD,
                key=mutation.key,
                mod_revision=mutation.expected_mod_revision,
            )
            for mutation in mutations
        ],
        success=[_operation(mutation) for mutation in mutations],
    )
    only = mutations[0]
    if len(mutations) == 1 and only.expected_mod_revision:
        request.failure.append(rpc.RequestOp(request_range=rpc.RangeRequest(key=only.key)))
    return request


def _of_single_keys(limits: Limits) -> Limits:
    return replace(limits, operations=1, single_key=True)


def _reading(keys: Sequence[bytes], revision: int) -> Any:
    """The `TxnRequest` that reads keys."""
    ranges = (rpc.RangeRequest(key=key, revision=revision) for key in keys)
    return rpc.TxnRequest(success=[rpc.RequestOp(request_range=one) for one in ranges])


def _operation(mutation: Mutation) -> Any:
    match mutation:
        case Put(key, value, _, lease):
            return rpc.RequestOp(request_put=rpc.PutRequest(key=key, value=value, lease=lease))
        case Delete(key, _):
            return rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=key))
