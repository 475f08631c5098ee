"""
What every page begins and ends with.
"""

from __future__ import annotations

from typing import Any

from tests.view.columns.times import NOW, TIME

from kstore.codec import StoredObject
from kstore.encryption.prefix import EncryptionHeader
from kstore.naming import gvk
from kstore.records import Record
from kstore.view.columns.ages import nanoseconds
from kstore.view.describe.heading import heading, managers, storage

AT = nanoseconds(NOW)


def of(**metadata: Any) -> dict[str, Any]:
    """An object with this metadata."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", **metadata}}


def test_what_holds_a_deletion_up() -> None:
    """Every finalizer that is left; nothing is said of none."""
    gone = dict(heading(of(deletionTimestamp=TIME), AT))
    assert gone["Being Deleted"] == f"since {TIME} (5m ago)"
    held = dict(heading(of(deletionTimestamp=TIME, finalizers=["a/b"]), AT))
    assert (held["Finalizers"], held["Being Deleted"]) == (["a/b"], f"since {TIME} (5m ago), held by a/b")
    assert "Being Deleted" not in dict(heading(of(finalizers=["a/b"]), AT))


def test_owners() -> None:
    """Which one controls the object is said."""
    owners = [{"kind": "Job", "name": "j", "controller": True}, {"kind": "Lease", "name": "l", "controller": False}]
    assert dict(heading(of(ownerReferences=owners), AT))["Owned By"] == ["Job/j (controller)", "Lease/l"]


def test_who_set_fields() -> None:
    """The latest comes first, with the subresource that it wrote."""
    fields = [
        {"manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-02T03:00:00Z"},
        {"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": TIME, "subresource": "status"},
    ]
    ((label, table),) = managers(of(managedFields=fields), AT)
    assert label == "Field Managers"
    assert [row[:2] for row in table.rows] == [("kubelet", "Update (status)"), ("kubectl", "Apply")]  # type: ignore[union-attr]
    assert managers(of(), AT) == []


def test_how_it_is_stored() -> None:
    """Key, version, revisions, and what it is encrypted by; a lease, as etcdctl prints it."""
    record = Record(b"/registry/events/e", b"x" * 2048, 5, 7, 2, 0x70A1)
    read = StoredObject(record, gvk("v1", "Event"), "protobuf", {}, EncryptionHeader("aescbc", "key7"))
    ((_, page),) = storage(read)
    found = dict(page)  # type: ignore[arg-type]
    assert found["Revision"] == "7 (created 5, change number 2)"
    assert found["Lease"] == "70a1"
    assert found["Encrypted By"] == "aescbc key7"
    plain = read._replace(record=record._replace(lease=0), encryption_header=None)
    ((_, page),) = storage(plain)
    assert "Lease" not in dict(page)  # type: ignore[arg-type]
    assert dict(page)["Encrypted By"] == "<none>"  # type: ignore[arg-type]
