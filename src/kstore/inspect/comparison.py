"""
Two states compared: of two stores, or of one at two revisions; by resource, then object, then field.

Both are read in key order side by side, so that memory does not grow with them; only what differs in bytes is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kstore.codec import StoredObject, Undecodable
from kstore.decode.projection import EVERYTHING, METADATA
from kstore.differences import ADDED, CHANGED, REMOVED, Difference
from kstore.inspect.changes import as_document, comparable, differences_between, without_managed_fields
from kstore.inspect.directories import Directories
from kstore.printable import key_text
from kstore.records import Record
from kstore.store import Store

RESTORED = "stored-otherwise"
"""The same object in other bytes: another version, encoding or key."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two states."""

    store: Store
    revision: int = 0

    def records(self, prefix: bytes) -> Iterator[Record]:
        """Yield its records in key order: all of the cluster where the prefix is empty."""
        if not prefix:
            return self.store.records(self.revision)
        return self.store.source.scan(prefix, revision=self.revision or self.store.revision)

    def count(self) -> int:
        """How many keys the cluster has."""
        store = self.store
        return store.source.count(f"{store.prefix}/".encode(), revision=self.revision or store.revision)


@dataclass(frozen=True, slots=True)
class Compared:
    """One key that is not the same on both sides."""

    key: str
    resource: str
    namespace: str
    what: str
    """`added`, `removed`, `changed`, or `stored-otherwise`."""
    kind: str = ""
    note: str = ""
    """How it is stored otherwise, or why it cannot be compared."""
    differences: tuple[Difference, ...] = ()
    undecodable: bool = False
    before: dict[str, Any] | None = None
    """The old object as it was compared; None where there is none, or whole objects were not asked for."""
    after: dict[str, Any] | None = None
    old_key: str = ""
    """Where the old object is, if not at the same key."""

    def as_document(self) -> dict[str, Any]:
        """One line of `-o jsonl`."""
        return {
            "key": self.key, "resource": self.resource, "namespace": self.namespace, "change": self.what,
            "kind": self.kind, "note": self.note, "differences": [as_document(one) for one in self.differences],
        }  # fmt: skip


def compare(
    old: Side,
    new: Side,
    prefix: bytes = b"",
    *,
    has_key: Callable[[bytes], bool] = lambda _: True,
    wanted: Callable[[StoredObject], bool] | None = None,
    managed_fields: bool = False,
    as_stored: bool = False,
    whole: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Compared]:
    """
    Yield each key that differs, in key order.

    Args:
        old: the one state.
        new: the other.
        prefix: only keys that begin so.
        has_key: whether a key is compared.
        wanted: a condition that an object must meet on one side at least; what cannot be read is compared.
        managed_fields: compare managedFields, too.
        as_stored: compare what is stored, even in two versions.
        whole: give the objects, too, also those that only one side has.
        progress: told how many keys have been compared.
    """
    directories = Directories(new.store)
    for number, (left, right) in enumerate(_side_by_side(old.records(prefix), new.records(prefix)), 1):
        if not number & 0xFF:
            progress(number)
        record = left or right
        assert record is not None
        if not has_key(record.key) or (left is not None and right is not None and left.value == right.value):
            continue
        directory = directories.of(record.key)
        key = key_text(record.key)
        if left is None or right is None:
            side, what = (new, ADDED) if left is None else (old, REMOVED)
            read = side.store.codec.read(record, METADATA if wanted is None and not whole else EVERYTHING)
            if not _is_wanted(wanted, read):
                continue
            kind = read.gvk.kind if isinstance(read, StoredObject) else ""
            alone = _alone(read, managed_fields=managed_fields) if whole else None
            yield Compared(
                key,
                directory.label,
                directory.namespace,
                what,
                kind,
                undecodable=_is_fault(read, directory.resource is not None),
                before=alone if left else None,
                after=alone if right else None,
            )
            continue
        before, after = old.store.codec.read(left), new.store.codec.read(right)
        if not _is_wanted(wanted, before, after):
            continue
        if isinstance(before, Undecodable) or isinstance(after, Undecodable):
            error = next(one.error for one in (before, after) if isinstance(one, Undecodable))
            fault = directory.resource is not None
            yield Compared(key, directory.label, directory.namespace, CHANGED, "", f"other bytes: {error}", (), fault)
            continue
        old_one, new_one = comparable(new.store, before, after, managed_fields=managed_fields, as_stored=as_stored)
        found = tuple(differences_between(new.store, old_one, new_one, after.gvk))
        note = _stored_otherwise(before, after)
        if found or note:
            what = CHANGED if found else RESTORED
            objects = (old_one, new_one) if whole else (None, None)
            yield Compared(
                key, directory.label, directory.namespace, what, after.gvk.kind, note, found, False, *objects
            )


def _alone(read: StoredObject | Undecodable, *, managed_fields: bool) -> dict[str, Any] | None:
    """The object that only one side has, as far as it can be read."""
    if isinstance(read, Undecodable):
        return None
    return read.object if managed_fields else without_managed_fields(read.object)


def _is_wanted(wanted: Callable[[StoredObject], bool] | None, *reads: StoredObject | Undecodable) -> bool:
    return wanted is None or any(isinstance(read, Undecodable) or wanted(read) for read in reads)


def _is_fault(read: StoredObject | Undecodable, is_object: bool) -> bool:
    return is_object and isinstance(read, Undecodable)


def _stored_otherwise(before: StoredObject, after: StoredObject) -> str:
    """What is different about how two objects are stored; empty for nothing."""
    pairs = (
        (before.gvk.api_version, after.gvk.api_version),
        (before.encoding, after.encoding),
        (str(before.encryption_header or "plain"), str(after.encryption_header or "plain")),
    )
    return ", ".join(f"{old} → {new}" for old, new in pairs if old != new)


def _side_by_side(left: Iterator[Record], right: Iterator[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Pair two streams in key order: what only one has stands beside None."""
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old.key < new.key):
            yield old, None
            old = next(left, None)
        elif old is None or new.key < old.key:
            yield None, new
            new = next(right, None)
        else:
            yield old, new
            old, new = next(left, None), next(right, None)
