"""
What a member of etcd is asked to do by an entry of the raft log: puts, deletions, transactions, compactions, leases.

Knows `InternalRaftRequest` and the requests within it, field by field (`api/etcdserverpb/raft_internal.proto`,
`rpc.proto`), as etcd 3.0 to 3.7 write them. Knows nothing of files, and does nothing that it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore import wire

_V2 = 2
"""The field of a request to the v2 API."""
_KEY, _VALUE, _LEASE = 1, 2, 3


class Message:
    """
    The fields of a protobuf message whose type the caller knows.

    Raises:
        WireFault: it is none.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._fields = wire.fields(data, 0, len(data))
        except IndexError:
            raise wire.WireFault("the message ends within a field") from None

    def __contains__(self, number: int) -> bool:
        return any(found == number for found, _ in self._fields)

    def number(self, number: int) -> int:
        """An int64; 0 when it is not there."""
        value = next((value for found, value in reversed(self._fields) if found == number), 0)
        if not isinstance(value, int):
            raise wire.WireFault(f"field {number} is no number")
        return wire.signed(value)

    def data(self, number: int) -> bytes:
        """Bytes, text or a message; empty when it is not there."""
        parts = self.all(number)
        return parts[-1] if parts else b""

    def all(self, number: int) -> list[bytes]:
        """A repeated field of bytes or messages."""
        parts = []
        for found, value in self._fields:
            if found == number:
                if not isinstance(value, bytes):
                    raise wire.WireFault(f"field {number} is a number")
                parts.append(value)
        return parts


@dataclass(frozen=True, slots=True)
class PutRequest:
    """A key is to have a value."""

    key: bytes
    value: bytes
    lease: int = 0
    ignore_value: bool = False
    """Keep the value that is there."""
    ignore_lease: bool = False
    """Keep the lease that is there."""


@dataclass(frozen=True, slots=True)
class DeleteRange:
    """A key, or all from `key` to before `range_end` (`\\0`: to the end), are to go."""

    key: bytes
    range_end: bytes = b""


@dataclass(frozen=True, slots=True)
class Read:
    """Keys are to be read, at a revision or at the newest (0): it changes nothing, but can fail a transaction."""

    revision: int


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition of a transaction, on a key or on every key of a range."""

    key: bytes
    range_end: bytes
    target: str
    """`version`, `create_revision`, `mod_revision`, `value` or `lease`: a field of the record."""
    result: str
    """`=`, `>`, `<` or `!=`: how the record's field must stand to `operand`."""
    operand: int | bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """If all conditions hold the one, else the other operations are to be done, at one revision."""

    conditions: tuple[Compare, ...]
    success: tuple[Operation, ...]
    failure: tuple[Operation, ...]


Operation = PutRequest | DeleteRange | Read | Transaction
"""What a transaction is made of."""


@dataclass(frozen=True, slots=True)
class Compact:
    """What is older than a revision is to be forgotten."""

    revision: int


@dataclass(frozen=True, slots=True)
class GrantLease:
    """A lease is to be known."""

    lease: int
    seconds: int


@dataclass(frozen=True, slots=True)
class RevokeLease:
    """A lease is to go, and with it all keys that have it."""

    lease: int


@dataclass(frozen=True, slots=True)
class SetAlarm:
    """A member's alarm is to be raised or taken back."""

    member: int
    alarm: int
    raised: bool


Request = Operation | Compact | GrantLease | RevokeLease | SetAlarm

# rpc.proto: Compare.CompareTarget and Compare.CompareResult, by number; where each target's operand is
_TARGETS = (("version", 4), ("create_revision", 5), ("mod_revision", 6), ("value", 7), ("lease", 8))
_RESULTS = ("=", ">", "<", "!=")
_RANGE_END = 64
_RAISE, _TAKE_BACK = 1, 2


def parse_request(data: bytes) -> Request | None:
    """
    Read the data of an entry; None when it changes nothing that a store of keys would show.

    That is an empty entry (a new leader's first), a read, a matter of etcd's own (versions, members, users), or a
    request to the v2 API, which old etcds also log without the envelope (`etcdserver/server.go`, `applyEntryNormal`).

    Raises:
        WireFault: it is no request at all.
    """
    try:
        message = Message(data)
        if _V2 in message:
            Message(message.data(_V2))
            return None
        return _request(message)
    except wire.WireFault:
        if _is_v2(data):
            return None
        raise


def _request(message: Message) -> Request | None:
    """The one request that the envelope holds (`raft_internal.proto`)."""
    if 4 in message:
        return _put(Message(message.data(4)))
    if 5 in message:
        return _delete(Message(message.data(5)))
    if 6 in message:
        return _transaction(Message(message.data(6)))
    if 7 in message:
        return Compact(Message(message.data(7)).number(1))
    if 8 in message:
        grant = Message(message.data(8))
        return GrantLease(grant.number(2), grant.number(1))
    if 9 in message:
        return RevokeLease(Message(message.data(9)).number(1))
    if 10 in message:
        alarm = Message(message.data(10))
        if alarm.number(1) in (_RAISE, _TAKE_BACK):
            member = alarm.number(2) & wire.MASK64  # an id is a uint64 (`rpc.proto`, AlarmRequest)
            return SetAlarm(member, alarm.number(3), alarm.number(1) == _RAISE)
    return None


def _put(message: Message) -> PutRequest:
    return PutRequest(
        message.data(_KEY),
        message.data(_VALUE),
        message.number(_LEASE),
        bool(message.number(5)),
        bool(message.number(6)),
    )


def _delete(message: Message) -> DeleteRange:
    return DeleteRange(message.data(1), message.data(2))


def _transaction(message: Message) -> Transaction:
    return Transaction(
        tuple(_compare(Message(each)) for each in message.all(1)),
        _operations(message.all(2)),
        _operations(message.all(3)),
    )


def _operations(messages: list[bytes]) -> tuple[Operation, ...]:
    """`RequestOp`: a read (1), a put (2), a deletion (3) or a transaction (4)."""
    found: list[Operation] = []
    for message in map(Message, messages):
        if 1 in message:
            found.append(Read(Message(message.data(1)).number(4)))
        elif 2 in message:
            found.append(_put(Message(message.data(2))))
        elif 3 in message:
            found.append(_delete(Message(message.data(3))))
        elif 4 in message:
            found.append(_transaction(Message(message.data(4))))
    return tuple(found)


def _compare(message: Message) -> Compare:
    result, target = message.number(1), message.number(2)
    if not (0 <= result < len(_RESULTS) and 0 <= target < len(_TARGETS)):
        raise wire.WireFault(f"a condition of kind {target}, {result}")
    name, field = _TARGETS[target]
    operand = message.data(field) if name == "value" else message.number(field)
    return Compare(message.data(3), message.data(_RANGE_END), name, _RESULTS[result], operand)


def _is_v2(data: bytes) -> bool:
    """Whether this is a bare `etcdserverpb.Request`: an id, a method in capitals, a path."""
    try:
        message = Message(data)
        method, path = message.data(2), message.data(3)
    except wire.WireFault:
        return False
    return (method.isupper() or not method) and (path.startswith(b"/") or not path)


__all__ = [
    "Compact",
    "Compare",
    "DeleteRange",
    "GrantLease",
    "Message",
    "Operation",
    "PutRequest",
    "Read",
    "Request",
    "RevokeLease",
    "SetAlarm",
    "Transaction",
    "parse_request",
]
