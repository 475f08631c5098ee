"""
What a person is not shown unless they ask: the values of Secrets, and managedFields.

Works on copies: an object that was read is never changed. Knows where secrets stand; not who is looking.
"""

from __future__ import annotations

from typing import Any, Final

from kstore.catalog.sent_kinds import is_watch_event
from kstore.decode.envelope import read_envelope
from kstore.decode.json.raw_json import INVALID, NESTED, RawJSON
from kstore.errors import DecodeError
from kstore.printable import key_text

MASK: Final = "*****"
"""What stands in place of a hidden value."""
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's copy of the manifest that was applied: of a Secret, with all of its values."""
_AMONG: Final = b"/secrets/"
_SHOWN: Final = ("apiVersion", "kind", "type", "immutable")
"""What of a Secret may be seen beside its metadata (`pkg/apis/core/types.go`)."""
_OBJECT_META: Final = frozenset(
    {
        "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
        "clusterName", "initializers", "managedFields",
    }
)  # fmt: skip
"""The fields of ObjectMeta; what else stands there is nobody's metadata."""

_ALLOCATION: Final = "RangeAllocation"
"""
The one kind whose objects are stored without a name: the apiserver's allocators keep theirs at fixed keys
(`pkg/registry/core/service/allocator/storage/storage.go`). They are called by the last part of the key.
"""
_BEFORE_RESOURCE_VERSION: Final = ("name", "generateName", "namespace", "selfLink", "uid")


def shown(
    obj: dict[str, Any],
    *,
    key: bytes = b"",
    resource_version: int = 0,
    secrets: bool = False,
    managed_fields: bool = False,
) -> dict[str, Any]:
    """
    The object as it is shown: `resourceVersion` set as the API does, secrets masked, managedFields left out.

    Args:
        obj: the object as decoded; it is not changed.
        key: where it is: what is among the Secrets is one, whatever it calls itself.
        resource_version: etcd's `mod_revision`; 0 leaves the metadata as stored.
        secrets: show the values of Secrets.
        managed_fields: show `metadata.managedFields`.
    """
    if not secrets:
        obj = masked(obj, key)
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        return obj
    if key and obj.get("kind") == _ALLOCATION and not metadata.get("name"):
        metadata = {"name": key_text(key).rpartition("/")[2], **metadata}
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


def is_secret(kind: object, key: bytes | str = b"") -> bool:
    """
    Whether what is at a key is a Secret, or was meant to be one: a damaged object's kind may be lost.

    Args:
        kind: what the object calls itself.
        key: where it is, if that is known.
    """
    return kind == "Secret" or (_AMONG in key if isinstance(key, bytes) else _AMONG.decode() in key)


def masked(obj: dict[str, Any], key: bytes | str = b"", *, of: tuple[object, object] = (None, "v1")) -> dict[str, Any]:
    """
    The object itself, or, of a Secret, a copy whose values are `MASK`; lists are masked item by item.

    Args:
        obj: the object.
        key: where it is, if that is known.
        of: the kind and version that its list says it is of: in an apiserver's answer the items do not say it again.
    """
    kind, version = obj.get("kind") or of[0], obj.get("apiVersion") or of[1]
    if is_secret(kind, key) and ("/" not in str(version) or kind != "Secret"):
        return {name: masked_member((name,), value) for name, value in obj.items()}
    if isinstance(obj.get("items"), list) and str(kind).endswith("List"):
        of = str(kind).removesuffix("List"), version
        return {**obj, "items": [masked(item, of=of) if isinstance(item, dict) else item for item in obj["items"]]}
    if kind == "Table" and isinstance(obj.get("rows"), list):
        return {**obj, "rows": [_masked_row(row) if isinstance(row, dict) else row for row in obj["rows"]]}
    if kind == "PartialObjectMetadata":
        return _masked_metadata(obj)
    if kind == "AdmissionReview":
        return _masked_review(obj)
    if is_watch_event(obj):
        return {**obj, "object": _masked_raw(obj["object"])}
    return obj


def _masked_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a table as an apiserver answers it, which may have the object with it, or its metadata."""
    return {**row, "object": _masked_raw(row["object"])} if "object" in row else row


def _masked_metadata(obj: dict[str, Any]) -> dict[str, Any]:
    """The metadata of an object that they do not name the kind of: what was applied last may be a Secret."""
    metadata = obj.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(annotations, dict) or LAST_APPLIED not in annotations:
        return obj
    return {**obj, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: MASK}}}


def _masked_review(review: dict[str, Any]) -> dict[str, Any]:
    """A review of an admission webhook, which may be asked about a Secret, and may answer with a patch of one."""
    found = dict(review)
    request, response = review.get("request"), review.get("response")
    if isinstance(request, dict):
        found["request"] = {
            name: _masked_raw(value) if name in ("object", "oldObject") else value for name, value in request.items()
        }
    if isinstance(response, dict) and response.get("patch"):
        about = request.get("kind") if isinstance(request, dict) else None
        if not isinstance(about, dict) or is_secret(about.get("kind")):
            found["response"] = {**response, "patch": MASK}
    return found


def _masked_raw(value: Any) -> Any:
    """An object within another, as raw JSON, or in protobuf; what cannot be told to be no Secret is hidden."""
    if not isinstance(value, RawJSON):
        return masked(value) if isinstance(value, dict) else value
    held = value.value
    if not isinstance(held, dict):
        return value
    if INVALID in held or NESTED in held:
        try:
            return MASK if is_secret(read_envelope(value.data).kind) else value
        except DecodeError:
            return MASK
    found = masked(held)
    return value if found is held else found


def hides(path: tuple[str, ...]) -> bool:
    """
    Whether a single value of a Secret is hidden.

    What is shown is told, not what is hidden: a damaged Secret may hold its values anywhere.

    Args:
        path: the names on the way to it.
    """
    top, *below = path or ("",)
    if top != "metadata":
        return top not in _SHOWN or bool(below)
    return (
        not below
        or below[0] not in _OBJECT_META
        or LAST_APPLIED in below
        or (below[0] in ("annotations", "labels") and len(below) == 1)
    )


def masked_member(path: tuple[str, ...], value: Any) -> Any:
    """
    A member of a Secret as it is shown: its names stay, down to where everything is hidden.

    Args:
        path: the names on the way to it.
        value: what it holds.
    """
    if isinstance(value, dict) and (path in (("metadata",), ("data",), ("stringData",)) or not hides((*path, ""))):
        return {name: masked_member((*path, name), part) for name, part in value.items()}
    if isinstance(value, list) and not hides((*path, "")):
        return [masked_member((*path, str(at)), part) for at, part in enumerate(value)]
    return MASK if hides(path) or isinstance(value, (dict, list)) else value
