"""
An object changed in place: what is written for it, and what an apiserver would not have let pass.
"""

from __future__ import annotations

from typing import Any

from kstore.codec import StorageCodec, StoredObject
from kstore.decode.json.raw_json import RawJSON, plain
from kstore.errors import WriteRefused
from kstore.printable import key_text

_OTHERWISE = {
    "apiVersion": "`kstore.migration()` converts; `assume_version=` beside it where the object's own version has left "
    "its CRD"
}
"""What does what an edit may not."""
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


def restriction(kind: str, path: str) -> str:
    """What keeps a field from being changed through the API; empty for nothing."""
    if any(_within(path, one) for one in _UNUSUAL):
        return "set by the server"
    return "immutable in the API" if any(_within(path, one) for one in _IMMUTABLE.get(kind, ())) else ""


def _within(path: str, field: str) -> bool:
    return path == field or path.startswith((f"{field}.", f"{field}["))


def edited(codec: StorageCodec, read: StoredObject, changed: dict[str, Any]) -> bytes:
    """
    The stored bytes of a changed object: same version, same encoding, what was not touched byte for byte as it was;
    encrypted as the configuration encrypts what is written now.

    Args:
        codec: the store's.
        read: the object as it was read.
        changed: as it shall be.

    Raises:
        WriteRefused: it would be under another's key; or its own bytes do not come back when nothing is changed, so
            that something would be lost.
        KstoreError: it does not fit its type.
    """
    for path in _IDENTITY:
        old, new = (_at(obj, path) for obj in (read.object, changed))
        if old != new:
            raise WriteRefused(
                f"{path} cannot be changed from {old!r} to {new!r}: the key says what the object is",
                where=key_text(read.record.key),
                hint=_OTHERWISE.get(path, "delete it, and create another"),
            )
    again = codec.encode(read.object, read.encoding)
    if again != read.plain and codec.decode(again).object != read.object:
        raise WriteRefused(
            "the stored bytes do not come back from what was decoded: an edit would lose something",
            where=key_text(read.record.key),
            hint="look at the stored bytes",
        )
    return codec.encrypt(read.record.key, codec.encode(_grafted(read.object, changed), read.encoding))


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
