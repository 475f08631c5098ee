"""
What every page begins and ends with: metadata, who changed the object last, and how it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kstore.codec import StoredObject
from kstore.printable import key_text
from kstore.view.columns.ages import since
from kstore.view.columns.reading import items, part, text
from kstore.view.describe.fields import scalar
from kstore.view.describe.page import Page, Table
from kstore.view.tree_text import human_size


def pairs(found: Any) -> list[str]:
    """`key=value`, a line each, in order of the keys."""
    if not isinstance(found, Mapping):
        return [] if not found else [scalar(found)]
    return [f"{key}={scalar(found[key])}" for key in sorted(found)]


def moment(timestamp: str, now: int) -> str:
    """A time with its age: `2026-11-24T04:19:35Z (5h ago)`."""
    return f"{timestamp} ({since(timestamp, now)} ago)" if timestamp else "<unknown>"


def heading(obj: Mapping[str, Any], now: int) -> Page:
    """Name, kind, labels, annotations, owners, and what holds a deletion up."""
    metadata = part(obj, "metadata")
    page: Page = [("Name", text(metadata, "name"))]
    if namespace := text(metadata, "namespace"):
        page.append(("Namespace", namespace))
    page += [
        ("Kind", f"{obj.get('apiVersion', '')} {obj.get('kind', '')}"),
        ("Created", moment(text(metadata, "creationTimestamp"), now)),
    ]
    for label, name in (("UID", "uid"), ("Generation", "generation")):
        if metadata.get(name):
            page.append((label, scalar(metadata[name])))
    page += [("Labels", pairs(metadata.get("labels"))), ("Annotations", pairs(metadata.get("annotations")))]
    if owners := items(metadata, "ownerReferences"):
        page.append(("Owned By", [_owner(owner) for owner in owners]))
    if finalizers := items(metadata, "finalizers"):
        page.append(("Finalizers", [scalar(one) for one in finalizers]))
    if deleted := text(metadata, "deletionTimestamp"):
        page.append(("Being Deleted", f"since {moment(deleted, now)}{_held_by(metadata)}"))
    return page


def _owner(owner: Mapping[str, Any]) -> str:
    controller = " (controller)" if owner.get("controller") else ""
    return f"{text(owner, 'kind')}/{text(owner, 'name')}{controller}"


def _held_by(metadata: Mapping[str, Any]) -> str:
    finalizers = items(metadata, "finalizers")
    return f", held by {', '.join(map(scalar, finalizers))}" if finalizers else ""


def managers(obj: Mapping[str, Any], now: int) -> Page:
    """Who set fields of the object, the latest first."""
    entries = sorted(items(obj, "metadata", "managedFields"), key=lambda entry: text(entry, "time"), reverse=True)
    rows = [
        (
            text(entry, "manager"),
            text(entry, "operation") + (f" ({text(entry, 'subresource')})" if text(entry, "subresource") else ""),
            text(entry, "apiVersion"),
            moment(text(entry, "time"), now),
        )
        for entry in entries
    ]
    return [("Field Managers", Table(("Manager", "Operation", "Version", "Time"), rows))] if rows else []


def storage(read: StoredObject) -> Page:
    """Where and how the object is stored in etcd."""
    record = read.record
    page: Page = [
        ("Key", key_text(record.key)),
        ("Version", f"{read.gvk.api_version}, {read.encoding}, {human_size(len(record.value))}"),
        ("Encrypted By", str(read.encryption_header) if read.encryption_header else "<none>"),
        ("Revision", f"{record.mod_revision} (created {record.create_revision}, change number {record.version})"),
    ]
    if record.lease:
        page.append(("Lease", f"{record.lease:x}"))
    return [("Stored As", page)]
