"""
What a person is not shown unless they ask: the values of Secrets, and managedFields.

Works on copies: an object that was read is never changed. Knows where secrets stand; not who is looking.
"""

from __future__ import annotations

from typing import Any, Final

MASK: Final = "*****"
"""What stands in place of a hidden value."""
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's copy of the manifest that was applied: of a Secret, with all of its values."""


_BEFORE_RESOURCE_VERSION: Final = ("name", "generateName", "namespace", "selfLink", "uid")


def shown(
    obj: dict[str, Any], *, resource_version: int = 0, secrets: bool = False, managed_fields: bool = False
) -> dict[str, Any]:
    """
    The object as it is shown: `resourceVersion` set as the API does, secrets masked, managedFields left out.

    Args:
        obj: the object as decoded; it is not changed.
        resource_version: etcd's `mod_revision`; 0 leaves the metadata as stored.
        secrets: show the values of Secrets.
        managed_fields: show `metadata.managedFields`.
    """
    if not secrets:
        obj = masked(obj)
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        return obj
    if resource_version:
        metadata = _with_resource_version(metadata, str(resource_version))
    if not managed_fields and "managedFields" in metadata:
        metadata = {key: value for key, value in metadata.items() if key != "managedFields"}
    return obj if metadata is obj["metadata"] else {**obj, "metadata": metadata}


def _with_resource_version(metadata: dict[str, Any], version: str) -> dict[str, Any]:
    """The metadata with its `resourceVersion`, which stands after `uid` in ObjectMeta (meta/v1/types.go)."""
    copy: dict[str, Any] = {name: metadata[name] for name in _BEFORE_RESOURCE_VERSION if name in metadata}
    copy["resourceVersion"] = version
    for name, value in metadata.items():
        if name not in copy:
            copy[name] = value
    return copy


def masked(obj: dict[str, Any]) -> dict[str, Any]:
    """The object itself, or, of a Secret, a copy whose values are `MASK`; lists are masked item by item."""
    kind = obj.get("kind")
    if kind == "Secret" and obj.get("apiVersion", "v1") == "v1":
        return _masked_secret(obj)
    if isinstance(obj.get("items"), list) and str(kind).endswith("List"):
        return {**obj, "items": [masked(item) if isinstance(item, dict) else item for item in obj["items"]]}
    return obj


def _masked_secret(secret: dict[str, Any]) -> dict[str, Any]:
    copy = dict(secret)
    for field in ("data", "stringData"):
        if isinstance(copy.get(field), dict):
            copy[field] = dict.fromkeys(copy[field], MASK)
        elif field in copy:
            copy[field] = MASK
    if "$unknownFields" in copy:
        copy["$unknownFields"] = MASK
    metadata = copy.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(metadata, dict) and isinstance(annotations, dict) and LAST_APPLIED in annotations:
        copy["metadata"] = {**metadata, "annotations": {**annotations, LAST_APPLIED: MASK}}
    return copy
