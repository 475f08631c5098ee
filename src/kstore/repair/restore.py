"""
Records put back as they were: which they are, and what putting each back comes to.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from kstore.records import Record, Revision
from kstore.source.interface import Source
from kstore.write.compare_and_swap import KeyChange
from kstore.write.leases import SameLeases, kept_lease

_AT_ONCE: Final = 64
"""Keys that are looked at together."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What putting one record back comes to."""

    record: Record
    current: Record | None
    """What is under the key now."""
    lease: int

    @property
    def same(self) -> bool:
        """Whether it is stored there already, byte for byte."""
        return self.current is not None and self.current.value == self.record.value

    @property
    def change(self) -> KeyChange:
        """The write."""
        return KeyChange(self.record.key, self.current, self.record.value, self.lease)


def plan_restore(target: Source, records: Iterable[Record], leases: dict[int, int]) -> Iterator[Plan]:
    """
    Yield what putting back each record would do: the bytes as they were, the lease that the key has now.

    Args:
        target: the store to be written.
        records: as they were, anywhere.
        leases: those of the target; a record's own lease is used only if it is among them.
    """
    of_record = SameLeases(leases)
    records = iter(records)
    while some := list(islice(records, _AT_ONCE)):
        stored = target.get_all([record.key for record in some])
        for record, current in zip(some, stored, strict=True):
            lease = kept_lease(current) if current else of_record.of(record)
            yield Plan(record, current, lease)


def last_before_deletion(revisions: Iterable[Revision], remembered: Container[bytes] | None = None) -> Iterator[Record]:
    """
    Yield the last record of each key that is deleted by now, in the order of their keys.

    Args:
        revisions: of any keys, in their order.
        remembered: the keys of which there is more than one (see `changed_again`); None for all.
    """
    last: dict[bytes, Record] = {}
    gone: dict[bytes, Record] = {}
    for revision in revisions:
        key = revision.record.key
        if revision.deleted:
            if key in last:
                gone[key] = last.pop(key)
        elif remembered is None or key in remembered:
            last[key] = revision.record
            gone.pop(key, None)
    yield from (gone[key] for key in sorted(gone))


_SERVERS_OWN = (
    "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "selfLink", "managedFields",
)  # fmt: skip


def manifest(obj: dict[str, Any]) -> dict[str, Any]:
    """
    An object as a manifest for `kubectl create`: without what only the server sets, and without its status.

    Owners are left out, too: they are named by the uid that they had.
    """
    metadata = obj.get("metadata")
    rest = {name: value for name, value in obj.items() if name != "status"}
    if isinstance(metadata, dict):
        left_out = (*_SERVERS_OWN, "ownerReferences")
        rest["metadata"] = {name: value for name, value in metadata.items() if name not in left_out}
    return rest
