"""
The words for what a store holds: one key as etcd has it.

Knows revisions, versions and leases as numbers; knows nothing of Kubernetes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Record(NamedTuple):
    """
    One key of the store at one revision, as etcd's `mvccpb.KeyValue` has it.

    A tuple, since there is one for each key that is read: a frozen dataclass takes three times as long to make.
    """

    key: bytes
    """The full key, such as `b"/registry/pods/default/webserver"`."""
    value: bytes
    """The stored bytes, encrypted or plain; empty when only keys were asked for."""
    create_revision: int
    """The revision that created this incarnation of the key."""
    mod_revision: int
    """The revision of the last change: the object's `resourceVersion`."""
    version: int
    """The number of changes to this incarnation; 1 when it was created."""
    lease: int = 0
    """The lease that will delete the key, or 0."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a key's history: a value that was put, or a tombstone."""

    record: Record
    """The record as of that revision; of a tombstone only key and `mod_revision` say something."""
    deleted: bool = False
    """True when this revision deleted the key."""


class RevisionSize(NamedTuple):
    """One entry of a key's history without its value."""

    key: bytes
    mod_revision: int
    size: int
    """Bytes of the `mvccpb.KeyValue` that etcd keeps for it."""
    deleted: bool


def key_value_size(record: Record) -> int:
    """The bytes of a record as etcd keeps it, an `mvccpb.KeyValue`: tags and lengths, no field that is zero."""
    key, value, *numbers = record
    size = 0
    for length in (len(key), len(value)):
        if length:
            size += 1 + (length.bit_length() + 6) // 7 + length
    for number in numbers:
        if number:
            size += 1 + (number.bit_length() + 6) // 7
    return size


@dataclass(frozen=True, slots=True)
class Progress:
    """What a watch says when nothing happened: every change up to this revision has been told."""

    revision: int


@dataclass(frozen=True, slots=True)
class Put:
    """A write that happens only if the key is still as it was read."""

    key: bytes
    value: bytes
    expected_mod_revision: int
    """The key's `mod_revision` when it was read; 0 for a key that must not exist."""
    lease: int = 0
    """The lease that the key shall have: the one it had, unless a change is meant."""


@dataclass(frozen=True, slots=True)
class Delete:
    """A deletion that happens only if the key is still as it was read."""

    key: bytes
    expected_mod_revision: int


Mutation = Put | Delete


def prefix_end(prefix: bytes) -> bytes:
    """
    The first key after all keys that begin with `prefix`, as clientv3's `GetPrefixRangeEnd` computes it.

    Returns `b"\\0"` (etcd's "to the end") for an empty prefix or one of only 0xff bytes.
    """
    for index in range(len(prefix) - 1, -1, -1):
        if prefix[index] < 0xFF:
            return prefix[:index] + bytes([prefix[index] + 1])
    return b"\0"
