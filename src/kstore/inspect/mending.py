"""
Putting single objects back, changing and deleting them: by compare-and-swap, and never without a copy of what was.

Which objects, and whether somebody agreed, is the caller's business; who else writes meanwhile is not: then nothing
happens to that key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kstore.codec import StorageCodec, StoredObject
from kstore.decode.json.raw_json import RawJSON, plain
from kstore.errors import NotWritable, RequestTooLarge, WriteRefused
from kstore.records import Mutation, Put, Record, Revision
from kstore.source.interface import Source, WritableSource

_OVERHEAD = 64
"""More than a transaction takes around one key and value."""


def writable(source: Source) -> WritableSource:
    """
    The store as one that can be written.

    Raises:
        NotWritable: it is only read.
    """
    if not isinstance(source, WritableSource):
        raise NotWritable(
            "this store is only read", where=source.status().location, hint="only a running etcd is changed in place"
        )
    return source


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one key."""

    key: bytes
    done: bool
    """False where somebody else had changed the key meanwhile."""
    revision: int = 0


def commit_each(source: WritableSource, mutations: Sequence[Mutation]) -> Iterator[Outcome]:
    """
    Do each of the mutations whose key is still as it was read, many in one transaction where the store lets us.

    A transaction that fails is done again key by key, so that one conflict stops no other.
    """
    limits = source.limits()
    most = 1 if limits.single_key else limits.operations
    batch: list[Mutation] = []
    size = 0
    for mutation in mutations:
        own = len(mutation.key) + (len(mutation.value) if isinstance(mutation, Put) else 0) + _OVERHEAD
        if batch and (len(batch) == most or size + own > limits.request_bytes):
            yield from _commit(source, batch)
            batch, size = [], 0
        batch.append(mutation)
        size += own
    if batch:
        yield from _commit(source, batch)


def _commit(source: WritableSource, batch: list[Mutation]) -> Iterator[Outcome]:
    try:
        committed = source.commit(batch)
    except RequestTooLarge:
        if len(batch) == 1:
            raise
    else:
        if committed.succeeded or len(batch) == 1:
            yield from (Outcome(one.key, committed.succeeded, committed.revision) for one in batch)
            return
    for mutation in batch:
        yield from _commit(source, [mutation])


# ---- putting back


@dataclass(frozen=True, slots=True)
class Plan:
    """What putting one record back comes to."""

    record: Record
    current: Record | None
    """What lies under the key now."""
    lease: int

    @property
    def same(self) -> bool:
        """Whether it lies there already, byte for byte."""
        return self.current is not None and self.current.value == self.record.value

    @property
    def put(self) -> Put:
        """The write."""
        return Put(self.record.key, self.record.value, self.current.mod_revision if self.current else 0, self.lease)


def plan_restore(target: Source, records: Iterable[Record], leases: dict[int, int]) -> Iterator[Plan]:
    """
    Yield what putting back each record would do: the bytes as they were, the lease that the key has now.

    Args:
        target: the store to be written.
        records: as they were, anywhere.
        leases: those of the target; a record's own lease is kept only if it is among them.
    """
    for record in records:
        current = target.get(record.key)
        lease = current.lease if current else record.lease if record.lease in leases else 0
        yield Plan(record, current, lease)


def last_before_deletion(revisions: Iterable[Revision]) -> Iterator[Record]:
    """Yield the last record of each key that is deleted by now, in the order of their keys."""
    last: dict[bytes, Record] = {}
    gone: dict[bytes, Record] = {}
    for revision in revisions:
        key = revision.record.key
        if revision.deleted:
            if key in last:
                gone[key] = last.pop(key)
        else:
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
    kept = {name: value for name, value in obj.items() if name != "status"}
    if isinstance(metadata, dict):
        left_out = (*_SERVERS_OWN, "ownerReferences")
        kept["metadata"] = {name: value for name, value in metadata.items() if name not in left_out}
    return kept


# ---- changing


_IDENTITY = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_UNUSUAL = ("metadata.uid", "metadata.creationTimestamp", "metadata.deletionTimestamp", "metadata.finalizers",
            "metadata.ownerReferences", "metadata.generation")  # fmt: skip
_IMMUTABLE: dict[str, tuple[str, ...]] = {
    "Deployment": ("spec.selector",),
    "DaemonSet": ("spec.selector",),
    "ReplicaSet": ("spec.selector",),
    "StatefulSet": ("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"),
    "Job": ("spec.selector", "spec.template", "spec.completionMode"),
    "Pod": ("spec.containers", "spec.nodeName", "spec.volumes", "spec.serviceAccountName"),
    "Service": ("spec.clusterIP", "spec.clusterIPs"),
    "PersistentVolume": ("spec.nfs", "spec.csi", "spec.hostPath", "spec.local", "spec.volumeMode", "spec.nodeAffinity"),
    "PersistentVolumeClaim": ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeMode",
                              "spec.volumeName"),
    "StorageClass": ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"),
    "Secret": ("type", "immutable"),
    "ConfigMap": ("immutable",),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "CSIDriver": ("spec.attachRequired",),
}  # fmt: skip
"""Fields that the API's validation does not let anybody change (`pkg/apis/*/validation`), by kind."""


def oddity(kind: str, path: str) -> str:
    """What is odd about changing a field; empty for nothing."""
    if any(_within(path, one) for one in _UNUSUAL):
        return "set by the server"
    return "immutable in the API" if any(_within(path, one) for one in _IMMUTABLE.get(kind, ())) else ""


def _within(path: str, field: str) -> bool:
    return path == field or path.startswith((f"{field}.", f"{field}["))


def edited(codec: StorageCodec, read: StoredObject, changed: dict[str, Any]) -> bytes:
    """
    The stored bytes of a changed object: same version, same encoding, what was not touched byte for byte as it was.

    Args:
        codec: the store's.
        read: the object as it was read.
        changed: as it shall be.

    Raises:
        WriteRefused: it would lie under another's key; or its own bytes do not come back when nothing is changed, so
            that something would be lost.
        KstoreError: it does not fit its type.
    """
    for path in _IDENTITY:
        old, new = (_at(obj, path) for obj in (read.object, changed))
        if old != new:
            raise WriteRefused(
                f"{path} cannot be changed from {old!r} to {new!r}: the key says what the object is",
                where=read.record.key.decode("utf-8", "backslashreplace"),
                hint="delete it, and create another",
            )
    again = codec.encode(read.object, read.encoding)
    if again != read.plain and codec.decode(again).object != read.object:
        raise WriteRefused(
            "the stored bytes do not come back from what was decoded: an edit would lose something",
            where=read.record.key.decode("utf-8", "backslashreplace"),
            hint="`kstore get -o storage` shows the bytes",
        )
    value = codec.encode(_grafted(read.object, changed), read.encoding)
    return codec.seal(read.record.key, value) if read.seal or codec.transformers else value


def _at(obj: dict[str, Any], path: str) -> Any:
    found: Any = obj
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _grafted(old: Any, new: Any) -> Any:
    """The new value, with raw JSON put back, byte for byte, wherever it still says the same."""
    if isinstance(old, RawJSON):
        return old if plain(old) == plain(new) else new
    if isinstance(old, dict) and isinstance(new, dict):
        return {name: _grafted(old.get(name), value) for name, value in new.items()}
    if isinstance(old, list) and isinstance(new, list):
        return [_grafted(old[at] if at < len(old) else None, value) for at, value in enumerate(new)]
    return new
