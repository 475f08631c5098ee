"""
A write-ahead log applied on top of a database, as a member of etcd does when it starts.

Knows what each request does to keys, leases and alarms, and what makes it fail (`server/etcdserver/txn`, `apply`,
`lease`): which entries count, conditions, revisions within a transaction. Knows nothing of files; changes the store in
memory only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kstore.errors import DamagedStore, SourceError, Unsupported
from kstore.records import Record
from kstore.source.bbolt.database import Damage
from kstore.source.mvcc.reader import Mvcc
from kstore.source.wal.raft_request import (
    Compact,
    Compare,
    DeleteRange,
    GrantLease,
    Message,
    Operation,
    PutRequest,
    Read,
    Request,
    RevokeLease,
    SetAlarm,
    Transaction,
    parse_request,
)
from kstore.source.wal.segments import CONF_CHANGE, CONF_CHANGE_V2, NORMAL, Log, LogEntry, read_log
from kstore.wire import WireFault

_ADD_NODE, _REMOVE_NODE = 0, 1
"""`raftpb.ConfChangeType`."""
_NOSPACE, _CORRUPT = 1, 2
_TO_THE_END = b"\0"
_LONGEST_LEASE = 9_000_000_000
"""`lease.MaxLeaseTTL`."""


def replay(mvcc: Mvcc, folder: Path, *, salvage: bool = False) -> tuple[int, list[Damage]]:
    """
    Bring a store to where its log ends.

    Applied are the entries after the database's consistent index, up to the last that is known to be committed; of a
    cluster of one member all, since what such a member has written is committed. An entry that failed when it was
    applied (a condition on a lease that is not there, an alarm that was raised) fails here as well.

    Args:
        mvcc: the store.
        folder: where the log's segments are.
        salvage: read the log as far as it holds.

    Returns:
        How many entries changed something, and what could not be read.

    Raises:
        DamagedStore: the log is damaged, and it is not to be salvaged.
        SourceError: the log does not go with the database.
        Unsupported: users and roles decide what may be applied.
    """
    if dict(mvcc.bucket_items(b"auth")).get(b"authEnabled") == b"\x01":
        raise Unsupported(
            "with authentication enabled, what the log may change is not known from the log alone", where=str(folder)
        )
    index = mvcc.cluster.consistent_index
    log = read_log(folder, index, salvage=salvage)
    entries = list(_to_apply(mvcc, log, folder))
    applier = _Applier(mvcc)
    changed = 0
    for entry in entries:
        if entry.type != NORMAL or not entry.data:
            continue
        try:
            request = parse_request(entry.data)
        except WireFault as error:
            problem = f"entry {entry.index} is no request: {error}"
            if not salvage:
                raise DamagedStore(problem, where=str(folder)) from None
            log.damage.append(Damage(0, problem, f"the changes of the log's entries from {entry.index} on"))
            break
        changed += applier.apply(request)
    return changed, log.damage


def _to_apply(mvcc: Mvcc, log: Log, folder: Path) -> Iterator[LogEntry]:
    """The entries that the database does not have yet, if the log goes with it."""
    index = mvcc.cluster.consistent_index
    snapshot = max(log.snapshots, default=0)
    if snapshot > index:
        raise SourceError(
            f"the database has been brought to entry {index}, the member's snapshot to {snapshot}: another"
            " database belongs to this log",
            where=str(folder),
            hint="look for a file *.snap.db beside the database",
        )
    first = log.entries[0] if log.entries else None
    if first and first.index > index + 1:
        raise SourceError(
            f"the database has been brought to entry {index}, the log begins with {first.index}", where=str(folder)
        )
    if first and first.index == index and mvcc.cluster.term not in (0, first.term):
        raise SourceError(
            f"entry {index} is of term {first.term} in the log, of term {mvcc.cluster.term} in the database:"
            " they are not of the same member",
            where=str(folder),
        )
    everything = _is_alone(mvcc.cluster.voters(), log)
    for entry in log.entries:
        if entry.index > index and (everything or entry.index <= log.commit):
            yield entry


def _is_alone(voters: set[int], log: Log) -> bool:
    """Whether the member is a cluster of its own from what is known to be committed on, so that all that follows is."""
    voters = set(voters)
    for entry in log.entries:
        if len(voters) > 1 and entry.index > log.commit:
            return False
        if entry.type == CONF_CHANGE:
            change = Message(entry.data)
            kind, node = change.number(2), change.number(3) & 0xFFFF_FFFF_FFFF_FFFF
            if kind == _ADD_NODE:
                voters.add(node)
            elif kind == _REMOVE_NODE:
                voters.discard(node)
        if entry.type == CONF_CHANGE_V2:
            return False
    return len(voters) == 1


class _Applier:
    """The store, and what has been changed on top of it."""

    def __init__(self, mvcc: Mvcc) -> None:
        self._mvcc = mvcc
        self._base = mvcc.view()
        self._changed: dict[bytes, Record | None] = {}
        """The newest record of each key that the log changes; None when it is gone."""
        self._lease_keys: dict[int, set[bytes]] | None = None
        self._sub = 0
        """How many changes the transaction that is being applied has made."""

    def apply(self, request: Request | None) -> bool:
        """Do what is asked, unless it fails; whether it changed anything."""
        standing = self._mvcc.cluster.raised
        alarms = {number for _, number in standing}
        self._sub = 0
        match request:
            case SetAlarm(member, alarm, raised):
                (standing.add if raised and alarm else standing.discard)((member, alarm))
                return True
            case _ if _CORRUPT in alarms or (_NOSPACE in alarms and _writes(request)):
                return False
            case Compact(revision):
                return self._compact(revision)
            case PutRequest() | DeleteRange() | Transaction():
                path = self._choose(request)
                if self._fails(path):
                    return False
                for operation in path:
                    self._do(operation)
            case GrantLease(lease, seconds):
                if lease == 0 or seconds > _LONGEST_LEASE or lease in self._mvcc.cluster.granted:
                    return False
                self._mvcc.cluster.granted[lease] = seconds
                return True
            case RevokeLease(lease):
                return self._revoke(lease)
        return self._sub > 0

    def _compact(self, revision: int) -> bool:
        if not self._mvcc.compact_revision < revision <= self._mvcc.current_revision:
            return False
        self._mvcc.compact(revision)
        return True

    def _revoke(self, lease: int) -> bool:
        """Delete the keys of a lease in their order, at one revision (`lessor.Revoke`)."""
        if self._mvcc.cluster.granted.pop(lease, None) is None:
            return False
        for key in sorted(self._keys_of(lease)):
            self._delete(key)
        return True

    # ---- transactions

    def _choose(self, operation: Operation) -> list[Operation]:
        """The operations that are to be done, all conditions judged before the first is (`compareToPath`)."""
        if not isinstance(operation, Transaction):
            return [operation]
        holds = all(map(self._holds, operation.conditions))
        chosen = operation.success if holds else operation.failure
        return [each for nested in chosen for each in self._choose(nested)]

    def _holds(self, condition: Compare) -> bool:
        """`applyCompare`: of a range every record must stand; a key that is not there has zeroes, but no value."""
        records = self._range(condition.key, condition.range_end)
        if not records:
            return condition.target != "value" and _stands(0, condition.result, condition.operand)
        return all(
            _stands(getattr(record, condition.target), condition.result, condition.operand) for record in records
        )

    def _fails(self, operations: list[Operation]) -> bool:
        """Whether one of the operations cannot be done, so that none is (`checkTxn`)."""
        for operation in operations:
            if isinstance(operation, Read) and operation.revision:
                if not self._mvcc.compact_revision <= operation.revision <= self._mvcc.current_revision:
                    return True
            elif isinstance(operation, PutRequest):
                keeps = operation.ignore_value or operation.ignore_lease
                if keeps and self._get(operation.key) is None:
                    return True
                if operation.lease and operation.lease not in self._mvcc.cluster.granted:
                    return True
        return False

    def _do(self, operation: Operation) -> None:
        if isinstance(operation, PutRequest):
            self._put(operation)
        elif isinstance(operation, DeleteRange):
            for record in self._range(operation.key, operation.range_end):
                self._delete(record.key)

    def _put(self, put: PutRequest) -> None:
        old = self._get(put.key)
        revision = self._revision()
        value = old.value if old and put.ignore_value else put.value
        lease = old.lease if old and put.ignore_lease else put.lease
        created, version = (old.create_revision, old.version + 1) if old else (revision, 1)
        self._change(put.key, old, Record(put.key, value, created, revision, version, lease))

    def _delete(self, key: bytes) -> None:
        old = self._get(key)
        if old is not None:
            self._change(key, old, None)

    def _revision(self) -> int:
        """The revision of the transaction: the first change makes it the store's."""
        return self._mvcc.current_revision + (self._sub == 0)

    def _change(self, key: bytes, old: Record | None, new: Record | None) -> None:
        self._mvcc.append(self._revision(), self._sub, new, key)
        self._sub += 1
        self._changed[key] = new
        if self._lease_keys is not None:
            if old and old.lease:
                self._lease_keys.get(old.lease, set()).discard(key)
            if new and new.lease:
                self._lease_keys.setdefault(new.lease, set()).add(key)

    # ---- the state so far

    def _get(self, key: bytes) -> Record | None:
        if key in self._changed:
            return self._changed[key]
        place = self._base.find(key)
        return self._mvcc.record(*place) if place else None

    def _range(self, key: bytes, end: bytes) -> list[Record]:
        """The records of a key, or of all keys from it to before `end`."""
        if not end:
            record = self._get(key)
            return [record] if record else []
        base = self._base
        stop = len(base) if end == _TO_THE_END else base.position(end)
        names = {place.key for place in base.places(range(base.position(key), stop))}
        names.update(name for name in self._changed if key <= name and (end == _TO_THE_END or name < end))
        records = map(self._get, sorted(names))
        return [record for record in records if record]

    def _keys_of(self, lease: int) -> set[bytes]:
        """The keys that have a lease; the database's own are gone through once."""
        if self._lease_keys is None:
            self._lease_keys = {}
            for place in self._base.places(self._base.span()):
                key = place.key
                record = self._changed[key] if key in self._changed else self._mvcc.record(*place, keys_only=True)
                if record and record.lease:
                    self._lease_keys.setdefault(record.lease, set()).add(key)
            for key, record in self._changed.items():
                if record and record.lease:
                    self._lease_keys.setdefault(record.lease, set()).add(key)
        return self._lease_keys.get(lease, set())


def _stands(found: int | bytes, result: str, operand: int | bytes) -> bool:
    """Whether a field stands to an operand as a condition says; both are of one type."""
    if result == "=":
        return found == operand
    if result == "!=":
        return found != operand
    greater: bool = found > operand  # type: ignore[operator]
    return greater if result == ">" else found != operand and not greater


def _writes(request: Request | None) -> bool:
    """Whether a request needs room: a put or a grant; a transaction with a put in it, done or not (`costTxn`)."""
    if isinstance(request, Transaction):
        return any(map(_writes, (*request.success, *request.failure)))
    return isinstance(request, PutRequest | GrantLease)
