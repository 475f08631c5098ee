"""
What is to be written to one key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from kstore.records import Delete, Mutation, Put, Record

_OVERHEAD = 96
"""Bytes that a compare and a put need beside key and value, generously."""


class Change(Protocol):
    """Whatever can say which write it comes to: a step of a migration, a key that is put back."""

    def mutation(self) -> Mutation:
        """The write, with the revision of the key that it depends on."""
        ...


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key as it was read and as it shall be; knows the write."""

    key: bytes
    before: Record | None
    """The record as it was read; None where nothing was stored."""
    value: bytes | None = field(repr=False)
    """The bytes to store; None deletes the key."""
    lease: int = 0
    """The lease that the key shall have, or 0."""

    def mutation(self) -> Mutation:
        """The write: only if the key is as it was read."""
        revision = self.before.mod_revision if self.before else 0
        if self.value is None:
            return Delete(self.key, revision)
        return Put(self.key, self.value, revision, self.lease)


def request_size(mutation: Mutation) -> int:
    """The bytes that a write takes of a request, rounded up."""
    return 2 * len(mutation.key) + (len(mutation.value) if isinstance(mutation, Put) else 0) + _OVERHEAD


def is_written(mutation: Mutation, record: Record | None) -> bool:
    """
    Whether what is stored now is what a write, whose end nobody saw, was to leave.

    A key that has been deleted and created again since it was read did not get its value from a write that depends on
    what was read.
    """
    if isinstance(mutation, Delete):
        return record is None
    expected = mutation.expected_mod_revision
    if record is None or is_another(record, expected):
        return False
    return record.mod_revision > expected and record.value == mutation.value


def is_another(record: Record, expected_mod_revision: int) -> bool:
    """Whether a key was created after the revision that a write depends on; no key has that revision again."""
    return 0 < expected_mod_revision < record.create_revision
