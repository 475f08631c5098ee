"""
Changes brought into a running store: noted, compared and swapped, and what to do when that does not go through.

What decides that a write is a compare-and-swap is `Change.mutation`: it names the revision of the key that it depends
on, and the store does it only as long as the key has that revision. Every write of kstore goes through `Writer`, so
that the same fault ends in the same way whoever writes:

- a conflict, or a lease that is gone, splits a batch until the one key that it is about is alone: the others are
  written;
- a request that is too large is split as well;
- a refusal (`REFUSALS`) ends the whole run: the next write would be refused, too;
- an end that nobody saw is found out about.

About that last one. When a request is given up, because its time is over, the leader has changed or the connection is
broken, the transaction may have happened, may never happen, or may happen later: it can be in a buffer of a server that
is frozen, or in the log of a leader that has lost its majority and gets it back. No time limit bounds that, and a
linearizable read does not either: it tells of transactions that went before it, and one that is still on its way comes
after. What does bound it is the transaction itself: it happens only as long as each of its keys has the revision that
was read, and no key ever has a revision again that it has left; but for one that is created: deleted, it can be created
once more. So:

- the store is asked; if the values are those that were to be written, the transaction happened;
- if not, the same transaction is sent once more. Of the two, one at most can happen. When the second is refused, the
  store is asked again, and so a first one that came late is noticed;
- when kstore ends before that, the journal has the batch as `undone` or without an end. Whoever goes on with the
  journal then judges each such batch by what is stored (see `migrate/settle.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from kstore.errors import (
    AccessDenied,
    Compacted,
    Conflict,
    DamagedStore,
    Interrupted,
    KstoreError,
    NoSpace,
    NotWritable,
    RequestTooLarge,
    SourceError,
    Unsupported,
)
from kstore.records import Delete, Mutation, Record
from kstore.source.interface import Source, WritableSource
from kstore.write.compare_and_swap import Change, is_written, request_size
from kstore.write.retry import Retry

C = TypeVar("C", bound=Change)
C_contra = TypeVar("C_contra", bound=Change, contravariant=True)

REFUSALS = (AccessDenied, DamagedStore, NoSpace, Unsupported)
"""What a write is refused with when another one would be, too: nothing was written, and a run ends."""
UNKNOWN = "unknown"
"""The reason of a batch that is undone because the store did not have it, though nobody saw how it ended."""
_ATTEMPTS = 8
"""How often a transaction is sent whose end nobody sees."""


class Log(Protocol[C_contra]):
    """Where a batch is noted before it is written, and what came of it after: a journal."""

    def begin(self, changes: Sequence[C_contra]) -> int:
        """Note a batch, durably; its number."""
        ...

    def done(self, number: int, revision: int) -> None:
        """A batch was written at this revision."""
        ...

    def undone(self, number: int, reason: str) -> None:
        """A batch was not written."""
        ...


class NoLog:
    """For what needs no journal: a rollback has one already, and single objects are saved as files first."""

    def begin(self, changes: Sequence[Change]) -> int:
        """Note nothing."""
        return 0

    def done(self, number: int, revision: int) -> None:
        """Note nothing."""

    def undone(self, number: int, reason: str) -> None:
        """Note nothing."""


@dataclass(frozen=True, slots=True)
class Written(Generic[C]):
    """A change that happened."""

    change: C
    revision: int
    """When; 0 where only what it left tells of it: a deletion whose end nobody saw."""


@dataclass(frozen=True, slots=True)
class Left(Generic[C]):
    """A change that did not happen, its key being as others have left it."""

    change: C
    fault: Conflict | RequestTooLarge
    """`LeaseGone` where the lease is gone that the key was to have."""
    found: Record | None
    """What is stored under the key now."""


class Writer(Generic[C]):
    """
    Brings changes into a store; used by several threads at once.

    Args:
        source: the store.
        log: where each batch is noted.
        retry: how long to wait for a store that does not answer.
    """

    def __init__(self, source: WritableSource, log: Log[C] | None = None, *, retry: Retry | None = None) -> None:
        self.source = source
        self.retry = retry or Retry()
        self.saw_every_end = True
        """False once it was unknown whether a transaction had happened."""
        self._log: Log[C] = log or NoLog()

    def write(self, changes: Sequence[C]) -> Iterator[Written[C] | Left[C]]:
        """
        Write a batch in as few transactions as it takes, and yield what became of each change, in order.

        Raises:
            NoSpace: the server is full.
            AccessDenied: the user may not write this.
            StoreUnreachable: the store stayed away for longer than it is waited for.
            Interrupted: somebody asked to stop; what was not yielded was not written, or is noted without an end.
            KstoreError: it cannot be noted.
        """
        outcome = self._transaction(changes)
        if isinstance(outcome, int):
            yield from (Written(change, outcome) for change in changes)
        elif len(changes) > 1:
            middle = len(changes) // 2
            yield from self.write(changes[:middle])
            yield from self.write(changes[middle:])
        else:
            yield self._single(changes[0], outcome)

    def _transaction(self, changes: Sequence[C]) -> int | Conflict | RequestTooLarge:
        """The revision at which the changes were written together, or why they were not."""
        mutations = [change.mutation() for change in changes]
        unseen: KstoreError | None = None
        for attempt in range(_ATTEMPTS):
            if self.retry.stop.asked or (attempt and self.retry.stop.wait(0.01 * 2**attempt)):
                raise Interrupted("stopped between two transactions")
            number = self._log.begin(changes)
            try:
                committed = self.source.commit(mutations)
            except (Conflict, RequestTooLarge) as error:
                fault: Conflict | RequestTooLarge = error
            except REFUSALS as error:
                self._log.undone(number, error.code)
                raise
            except SourceError as error:
                unseen, self.saw_every_end = error, False
                revision = self._happened(mutations)
                if revision is not None:
                    self._log.done(number, revision)
                    return revision
                self._log.undone(number, UNKNOWN)
                continue
            else:
                if committed.succeeded:
                    self._log.done(number, committed.revision)
                    return committed.revision
                fault = Conflict("changed by others since it was read")
            revision = self._happened(mutations) if unseen else None
            if revision is not None:  # an earlier attempt came through late
                self._log.done(number, revision)
                return revision
            self._log.undone(number, fault.code)
            return fault
        assert unseen is not None
        raise unseen

    def _single(self, change: C, fault: Conflict | RequestTooLarge) -> Written[C] | Left[C]:
        """
        One change that did not go through: it is stored all the same, or is left.

        What is stored all the same is not noted: it came from another batch of an earlier process, which may have
        written more than this key and is judged as a whole (`migrate/settle.py`), or from somebody else.
        """
        mutation = change.mutation()
        found = self._read(mutation.key)
        if not isinstance(mutation, Delete) and found is not None and is_written(mutation, found):
            return Written(change, found.mod_revision)
        return Left(change, self._sized(fault, mutation), found)

    def _sized(self, fault: Conflict | RequestTooLarge, mutation: Mutation) -> Conflict | RequestTooLarge:
        """The fault, with the sizes where these are what it is about."""
        size, limit = request_size(mutation), self.source.limits().request_bytes
        if not isinstance(fault, RequestTooLarge) or size <= limit:
            return fault
        return RequestTooLarge(
            f"would be a request of {size} bytes, and the server takes {limit}",
            request_bytes=limit,
            where=fault.where,
            hint="raise etcd's --max-request-bytes",
        )

    def _happened(self, mutations: Sequence[Mutation]) -> int | None:
        """
        Ask the store whether a transaction of unknown end happened, so far: its revision, 0 where that cannot be told,
        or None.
        """
        stored = [(one, self._read(one.key)) for one in mutations]
        # the first of the revisions: others may have written some of the keys since
        revision = min((record.mod_revision for _, record in stored if record is not None), default=0)
        if revision:
            return revision if all(self._done_at(revision, one, record) for one, record in stored) else None
        # that a key is gone says little, since anybody deletes the same way
        return 0 if all(isinstance(one, Delete) for one in mutations) else None

    def _done_at(self, revision: int, mutation: Mutation, now: Record | None) -> bool:
        """Whether a key has what a mutation leaves since just that revision; once that is compacted, it is taken so."""
        try:
            after = stored_at(self.source, mutation.key, now, revision, self.retry)
            if not isinstance(mutation, Delete):
                return is_written(mutation, after) and after is not None and after.mod_revision == revision
            if after is not None:
                return False
            before = stored_at(self.source, mutation.key, None, revision - 1, self.retry)
        except Compacted:
            return True
        return before is not None and before.mod_revision == mutation.expected_mod_revision

    def _read(self, key: bytes) -> Record | None:
        return self.retry.ask(lambda: self.source.get(key))


def stored_at(source: Source, key: bytes, now: Record | None, revision: int, retry: Retry) -> Record | None:
    """
    What was stored under a key at a revision, which need not be asked for where nobody has written the key since.

    Args:
        source: the store.
        key: the key.
        now: what is stored under it now.
        revision: of the store.
        retry: how long to wait for a store that does not answer.

    Raises:
        Compacted: the store has forgotten it.
        SourceError: the store failed.
    """
    if now is not None and now.mod_revision <= revision:
        return now
    return retry.ask(lambda: source.get(key, revision=revision))


def writable(source: Source) -> WritableSource:
    """
    The store as one that can be written.

    Raises:
        NotWritable: it is only read, or opened so that it must not be written.
    """
    if not isinstance(source, WritableSource):
        raise NotWritable(
            "this store is only read", where=source.status().location, hint="only a running etcd is changed in place"
        )
    source.require_writable()
    return source
