"""
What changed from one revision of an object to the next, and who did it.

etcd knows no authors; managedFields does: the manager whose entry is new, or newer than before.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kstore.codec import StoredObject, Undecodable
from kstore.decode.json.raw_json import plain
from kstore.differences import Difference, object_differences
from kstore.errors import KstoreError
from kstore.inspect.clock import newest_time
from kstore.inspect.survey import members_of, metadata_of
from kstore.naming import GroupVersionKind
from kstore.printable import key_text
from kstore.records import Record, Revision
from kstore.store import Store

CREATED, CHANGED, DELETED = "created", "changed", "deleted"
Read = StoredObject | Undecodable


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a revision, as far as managedFields tell."""

    manager: str
    operation: str
    """`Apply` or `Update`."""
    time: str
    subresource: str = ""

    def __str__(self) -> str:
        return f"{self.manager}{f' ({self.subresource})' if self.subresource else ''}"


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of a key, beside the one before."""

    key: str
    revision: int
    what: str
    """`created`, `changed` or `deleted`."""
    read: Read | None
    """The object as of this revision; None when it was deleted."""
    before: Read | None
    """As of the revision before; None when there was none, or it is not held any more."""
    differences: tuple[Difference, ...]
    authors: tuple[Author, ...]
    time: str

    @property
    def kind(self) -> str:
        """The object's kind; empty where it cannot be told."""
        found = self.read or self.before
        return found.gvk.kind if isinstance(found, StoredObject) else ""

    def as_document(self) -> dict[str, Any]:
        """One line of `-o jsonl`."""
        read = self.read
        return {
            "key": self.key,
            "revision": self.revision,
            "change": self.what,
            "time": self.time,
            "authors": [
                {"manager": one.manager, "operation": one.operation, "subresource": one.subresource, "time": one.time}
                for one in self.authors
            ],
            "apiVersion": read.gvk.api_version if isinstance(read, StoredObject) else "",
            "kind": self.kind,
            "size": len(read.record.value) if read else 0,
            **(
                {"error": {"code": read.error.code, "message": str(read.error)}}
                if isinstance(read, Undecodable)
                else {}
            ),
            "differences": [as_document(one) for one in self.differences],
        }


def as_document(one: Difference) -> dict[str, Any]:
    """A difference for programs."""
    return {"path": one.path, "kind": one.kind, "old": one.old, "new": one.new}


class Changes:
    """
    Turns revisions into steps.

    Args:
        store: through which they are read.
        previous: finds what a key held before a revision, where that has not passed by; None for nothing.
        remembered: the keys of which more than one revision passes by (see `changed_again`); None for all.
        managed_fields: compare managedFields, too.
    """

    def __init__(
        self,
        store: Store,
        *,
        previous: Callable[[Record], Record | None] | None = None,
        remembered: Container[bytes] | None = None,
        managed_fields: bool = False,
    ) -> None:
        self._store = store
        self._previous = previous
        self._remembered = remembered
        self._managed_fields = managed_fields
        self._last: dict[bytes, Record] = {}

    def steps(self, revisions: Iterable[Revision]) -> Iterator[Step]:
        """Yield a step a revision, in their order; holds the last record of each key that is remembered."""
        for revision in revisions:
            yield self.step(revision)

    def step(self, revision: Revision) -> Step:
        """The step to a revision."""
        record = revision.record
        last = self._previous(record) if self._previous else self._last.pop(record.key, None)
        before = self._store.codec.read(last) if last is not None else None
        key = key_text(record.key)
        if revision.deleted:
            return Step(key, record.mod_revision, DELETED, None, before, (), (), _deletion_time(before))
        if self._previous is None and (self._remembered is None or record.key in self._remembered):
            self._last[record.key] = record
        read = self._store.codec.read(record)
        new = record.create_revision == record.mod_revision  # kine keeps no version, which would be 1
        if isinstance(read, Undecodable):
            return Step(key, record.mod_revision, CREATED if new else CHANGED, read, before, (), (), "")
        old = before if isinstance(before, StoredObject) and not new else None
        return Step(
            key, record.mod_revision, CREATED if new else CHANGED, read, None if new else before,
            tuple(differences_of(self._store, old, read, managed_fields=self._managed_fields)) if old else (),
            authors_of(metadata_of(read), metadata_of(old) if old else {}),
            newest_time(metadata_of(read)),
        )  # fmt: skip


def _deletion_time(before: Read | None) -> str:
    """When an object was to be deleted, if it had to wait; else etcd does not tell."""
    return str(metadata_of(before).get("deletionTimestamp") or "") if isinstance(before, StoredObject) else ""


def differences_of(
    store: Store, old: StoredObject, new: StoredObject, *, managed_fields: bool = False, as_stored: bool = False
) -> list[Difference]:
    """
    How two objects differ.

    Args:
        store: through which they were read.
        old: the one.
        new: the other; its version is the one that both are compared in, where the old one can be had in it.
        managed_fields: compare managedFields, too.
        as_stored: compare what is stored, even in two versions.
    """
    left, right = comparable(store, old, new, managed_fields=managed_fields, as_stored=as_stored)
    return differences_between(store, left, right, new.gvk)


def differences_between(
    store: Store, left: dict[str, Any], right: dict[str, Any], gvk: GroupVersionKind
) -> list[Difference]:
    """How two objects differ that `comparable` has given, of the kind of the new one."""
    catalog = store.codec.scheme.catalog
    type_name = catalog.kind(gvk).type if catalog.has_kind(gvk) else None
    return object_differences(left, right, type_name, catalog)


def comparable(
    store: Store, old: StoredObject, new: StoredObject, *, managed_fields: bool = False, as_stored: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two objects as they are compared; the arguments are those of `differences_of`."""
    left, right = old.object, new.object
    if old.gvk != new.gvk and not as_stored:
        try:
            left = store.as_version(old, new.gvk.group_version)
            right = store.as_version(new, new.gvk.group_version)
        except KstoreError:
            pass  # then as they are stored
    if managed_fields:
        return left, right
    return without_managed_fields(left), without_managed_fields(right)


def without_managed_fields(obj: dict[str, Any]) -> dict[str, Any]:
    """The object itself, or a copy without its managedFields."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {name: value for name, value in metadata.items() if name != "managedFields"}}


def authors_of(metadata: dict[str, Any], before: dict[str, Any]) -> tuple[Author, ...]:
    """The managers whose entries are not as they were before; of a new object all of them."""
    entries = [one for one in members_of(metadata, "managedFields") if isinstance(one, dict)]
    known = [plain(one) for one in members_of(before, "managedFields") if isinstance(one, dict)]
    changed = [one for one in entries if plain(one) not in known]
    if not changed:  # a second change within the same second leaves its entry as it was
        newest = max((str(one.get("time") or "") for one in entries), default="")
        changed = [one for one in entries if str(one.get("time") or "") == newest]
    return tuple(
        Author(*(str(one.get(name) or "") for name in ("manager", "operation", "time", "subresource")))
        for one in changed
    )
