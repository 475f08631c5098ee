"""
The cells of storage, of storage versions and their migrations.

Ports the printers of `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kstore.view.columns.ages import instant, since
from kstore.view.columns.reading import (
    NONE,
    UNSET,
    Object,
    annotation,
    created,
    items,
    list_with_more,
    name_of,
    optional,
    part,
    text,
)

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_BETA_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class"


def storage_class_cells(obj: Object, now: int) -> list[Any]:
    """`printStorageClass`, of one alone: which is the default shows only in a list."""
    return [
        name_of(obj),
        text(obj, "provisioner"),
        optional(obj, "Delete", "reclaimPolicy"),
        optional(obj, "Immediate", "volumeBindingMode"),
        optional(obj, False, "allowVolumeExpansion"),
        since(created(obj), now),
    ]


def is_marked_default(obj: Object) -> bool:
    """Whether a class says of itself that it is the default (`storageutil.IsDefaultAnnotation`)."""
    return "true" in (annotation(obj, _DEFAULT_CLASS), annotation(obj, _BETA_DEFAULT_CLASS))


def default_storage_class(classes: Iterable[Object]) -> str:
    """The name of the class in effect: the youngest that is marked, of equals the first by name."""
    marked = list(filter(is_marked_default, classes))
    marked.sort(key=name_of)
    oldest = -(1 << 80)
    return name_of(max(marked, key=lambda obj: instant(created(obj)) or oldest)) if marked else ""


def volume_attributes_class_cells(obj: Object, now: int) -> list[Any]:
    """`printVolumeAttributesClass`."""
    return [name_of(obj), text(obj, "driverName"), since(created(obj), now)]


def volume_attachment_cells(obj: Object, now: int) -> list[Any]:
    """`printVolumeAttachment`."""
    spec = part(obj, "spec")
    return [
        name_of(obj),
        text(spec, "attacher"),
        text(spec, "source", "persistentVolumeName"),
        text(spec, "nodeName"),
        optional(obj, False, "status", "attached"),
        since(created(obj), now),
    ]


def csi_node_cells(obj: Object, now: int) -> list[Any]:
    """`printCSINode`."""
    return [name_of(obj), len(items(obj, "spec", "drivers")), since(created(obj), now)]


def csi_driver_cells(obj: Object, now: int) -> list[Any]:
    """`printCSIDriver`."""
    spec = part(obj, "spec")
    requests = spec.get("tokenRequests")
    return [
        name_of(obj),
        optional(spec, True, "attachRequired"),
        optional(spec, False, "podInfoOnMount"),
        optional(spec, False, "storageCapacity"),
        UNSET if requests is None else ",".join(text(request, "audience") for request in requests),
        optional(spec, False, "requiresRepublish"),
        ",".join(items(spec, "volumeLifecycleModes")) or NONE,
        since(created(obj), now),
    ]


def storage_version_cells(obj: Object, now: int) -> list[Any]:
    """`printStorageVersion`."""
    status = part(obj, "status")
    versions = [f"{text(v, 'apiServerID')}={text(v, 'encodingVersion')}" for v in items(status, "storageVersions")]
    return [
        name_of(obj),
        optional(status, UNSET, "commonEncodingVersion"),
        list_with_more(versions, 3),
        since(created(obj), now),
    ]


def storage_version_migration_cells(obj: Object, now: int) -> list[Any]:
    """`printStorageVersionMigration`: the last of its conditions that holds."""
    resource = part(obj, "spec", "resource")
    group, name = text(resource, "group"), text(resource, "resource")
    state = "Unknown"
    for condition in items(obj, "status", "conditions"):
        if condition.get("status") == "True" and condition.get("type") in ("Running", "Failed", "Succeeded"):
            state = condition["type"]
    return [name_of(obj), f"{name}.{group}" if group else name, state]
