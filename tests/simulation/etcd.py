"""
A model of etcd: what one member answers to the requests that kstore makes, and every change with its author.

Held against a real etcd by `test_model.py`: the same requests to both, the same answers, revisions and refusals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc

from kstore.source.etcd import messages as rpc

_CODE = grpc.StatusCode
CLUSTER, MEMBER = 0xC1, 0xE1


class Refused(grpc.RpcError):
    """What a call ends with that is not answered."""

    def __init__(self, code: Any, details: str) -> None:
        super().__init__(details)
        self._code = code
        self._details = details

    def code(self) -> Any:
        """As grpc's own errors have it."""
        return self._code

    def details(self) -> str:
        """As grpc's own errors have it."""
        return self._details


class KeyValue(NamedTuple):
    """A key at one revision."""

    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    lease: int


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one key."""

    key: bytes
    revision: int
    before: KeyValue | None
    after: KeyValue | None
    author: str


class Etcd:
    """
    The state of a cluster.

    Args:
        operations: `--max-txn-ops`.
        request_bytes: `--max-request-bytes`.
        quota: `--quota-backend-bytes` as its status tells it; 0 for an etcd that does not.
    """

    def __init__(self, *, operations: int = 128, request_bytes: int = 1_572_864, quota: int = 2 << 30) -> None:
        self.revision = 1
        self.compacted = -1
        self.live: dict[bytes, KeyValue] = {}
        self.events: list[Event] = []
        """All changes, oldest first: what was compacted, too."""
        self.leases: dict[int, int] = {}
        self.alarmed = False
        self.quota = quota
        self.size = 100_000
        self._operations = operations
        self._request_bytes = request_bytes

    # ---- reading

    def range(self, request: Any) -> Any:
        """`KV.Range`: see `server/etcdserver/txn/range.go` and `server/storage/mvcc/kvstore_txn.go`, `rangeKeys`."""
        at = request.revision
        if at > self.revision:
            raise Refused(_CODE.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision")
        if 0 < at < self.compacted:
            raise Refused(_CODE.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted")
        state = self.live if at <= 0 else self._as_of(at)
        keys = sorted(key for key in state if _within(key, request.key, request.range_end))
        answer = rpc.RangeResponse(header=self._header(), count=len(keys))
        if request.count_only:
            return answer
        if request.limit and len(keys) > request.limit:
            keys, answer.more = keys[: request.limit], True
        for key in keys:
            found = state[key]
            answer.kvs.add(
                key=key, value=b"" if request.keys_only else found.value, create_revision=found.create_revision,
                mod_revision=found.mod_revision, version=found.version, lease=found.lease,
            )  # fmt: skip
        return answer

    def _as_of(self, revision: int) -> dict[bytes, KeyValue]:
        found: dict[bytes, KeyValue] = {}
        for event in self.events:
            if event.revision > revision:
                break
            if event.after is None:
                found.pop(event.key, None)
            else:
                found[event.key] = event.after
        return found

    # ---- writing

    def txn(self, request: Any, author: str) -> Any:
        """`KV.Txn`, of compares of revisions, puts and deletions: `server/etcdserver/txn/txn.go`."""
        most = max(len(request.compare), len(request.success), len(request.failure))
        if most > self._operations:
            raise Refused(_CODE.INVALID_ARGUMENT, "etcdserver: too many operations in txn request")
        keys = [one.request_put.key for one in request.success if one.WhichOneof("request") == "request_put"]
        if len(set(keys)) < len(keys):
            raise Refused(_CODE.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request")
        if request.ByteSize() > self._request_bytes:
            raise Refused(_CODE.INVALID_ARGUMENT, "etcdserver: request is too large")
        if self.alarmed and any(one.WhichOneof("request") == "request_put" for one in request.success):
            raise Refused(_CODE.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded")
        succeeded = all(self._holds(compare) for compare in request.compare)
        operations = request.success if succeeded else request.failure
        for one in operations:
            if one.WhichOneof("request") == "request_put":
                self._check_lease(one.request_put.lease)
        answer = rpc.TxnResponse(succeeded=succeeded)
        self.revision += any(self._changes(one) for one in operations)
        for one in operations:
            self._do(one, answer.responses.add(), author)
        answer.header.CopyFrom(self._header())
        return answer

    def _holds(self, compare: Any) -> bool:
        if (compare.target, compare.result) != (rpc.Compare.MOD, rpc.Compare.EQUAL):
            raise NotImplementedError(compare)
        found = self.live.get(compare.key)
        return (found.mod_revision if found else 0) == compare.mod_revision

    def _check_lease(self, lease: int) -> None:
        if lease and lease not in self.leases:
            raise Refused(_CODE.NOT_FOUND, "etcdserver: requested lease not found")

    def _changes(self, operation: Any) -> bool:
        kind = operation.WhichOneof("request")
        return kind == "request_put" or (
            kind == "request_delete_range" and operation.request_delete_range.key in self.live
        )

    def _do(self, operation: Any, answer: Any, author: str) -> None:
        match operation.WhichOneof("request"):
            case "request_put":
                put = operation.request_put
                self._set(put.key, put.value, put.lease, author)
                answer.response_put.header.revision = self.revision
            case "request_delete_range":
                deleted = self._remove(operation.request_delete_range.key, author)
                answer.response_delete_range.header.revision = self.revision
                answer.response_delete_range.deleted = deleted
            case "request_range":
                answer.response_range.CopyFrom(self.range(operation.request_range))
                answer.response_range.header.CopyFrom(rpc.ResponseHeader(revision=self.revision))

    def _set(self, key: bytes, value: bytes, lease: int, author: str) -> None:
        old = self.live.get(key)
        made, version = (old.create_revision, old.version + 1) if old else (self.revision, 1)
        self.live[key] = new = KeyValue(value, made, self.revision, version, lease)
        self.events.append(Event(key, self.revision, old, new, author))
        self.size += len(key) + len(value) + 40

    def _remove(self, key: bytes, author: str) -> int:
        old = self.live.pop(key, None)
        if old is not None:
            self.events.append(Event(key, self.revision, old, None, author))
        return int(old is not None)

    # ---- what other clients do

    def put(self, key: bytes, value: bytes, lease: int, author: str) -> None:
        """A put as another client makes it."""
        self._check_lease(lease)
        self.revision += 1
        self._set(key, value, lease, author)

    def delete(self, key: bytes, author: str) -> None:
        """A deletion as another client makes it."""
        if key in self.live:
            self.revision += 1
            self._remove(key, author)

    def compact(self, revision: int) -> None:
        """`KV.Compact`: the revisions before this one are held no longer."""
        if revision <= self.compacted:
            raise Refused(_CODE.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted")
        if revision > self.revision:
            raise Refused(_CODE.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision")
        self.compacted = revision

    # ---- leases

    def grant(self, request: Any) -> Any:
        """`Lease.LeaseGrant`, of an id that the client chooses."""
        if request.ID in self.leases:
            raise Refused(_CODE.FAILED_PRECONDITION, "etcdserver: lease already exists")
        self.leases[request.ID] = request.TTL
        return rpc.LeaseGrantResponse(header=self._header(), ID=request.ID, TTL=request.TTL)

    def revoke(self, lease: int, author: str = "etcd") -> None:
        """`Lease.LeaseRevoke`, or what happens when it ends: its keys go, all at one revision."""
        if lease not in self.leases:
            raise Refused(_CODE.NOT_FOUND, "etcdserver: requested lease not found")
        del self.leases[lease]
        keys = sorted(key for key, found in self.live.items() if found.lease == lease)
        self.revision += bool(keys)
        for key in keys:
            self._remove(key, author)

    def lease_list(self, _: Any) -> Any:
        """`Lease.LeaseLeases`."""
        leases = [rpc.LeaseStatus(ID=lease) for lease in self.leases]
        return rpc.LeaseLeasesResponse(header=self._header(), leases=leases)

    def time_to_live(self, request: Any) -> Any:
        """`Lease.LeaseTimeToLive`."""
        seconds = self.leases.get(request.ID)
        header = self._header()
        if seconds is None:
            return rpc.LeaseTimeToLiveResponse(header=header, ID=request.ID, TTL=-1)
        return rpc.LeaseTimeToLiveResponse(header=header, ID=request.ID, TTL=seconds, grantedTTL=seconds)

    # ---- the cluster

    def status(self, _: Any) -> Any:
        """`Maintenance.Status`."""
        return rpc.StatusResponse(
            header=self._header(), version="3.6.0", dbSize=self.size, dbSizeInUse=self.size, leader=MEMBER, raftTerm=2,
            dbSizeQuota=self.quota,
        )  # fmt: skip

    def alarms(self, _: Any) -> Any:
        """`Maintenance.Alarm`, asked for what is raised."""
        raised = [rpc.AlarmMember(memberID=MEMBER, alarm=rpc.NOSPACE)] if self.alarmed else []
        return rpc.AlarmResponse(header=self._header(), alarms=raised)

    def members(self, _: Any) -> Any:
        """`Cluster.MemberList`: one."""
        return rpc.MemberListResponse(header=self._header(), members=[rpc.Member(ID=MEMBER, name="one")])

    def watch(self, request: Any) -> Iterator[Any]:
        """`Watch.Watch` as `compacted_through` uses it: what a watch from a compacted revision is told."""
        if 0 < request.create_request.start_revision <= self.compacted:
            yield rpc.WatchResponse(header=self._header(), compact_revision=self.compacted, canceled=True)

    def _header(self) -> Any:
        return rpc.ResponseHeader(cluster_id=CLUSTER, member_id=MEMBER, revision=self.revision, raft_term=2)


def _within(candidate: bytes, key: bytes, end: bytes) -> bool:
    if not end:
        return candidate == key
    return candidate >= key and (end == b"\0" or candidate < end)
