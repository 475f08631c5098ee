"""
Putting back and changing single objects: one conflict stops no other, nothing untouched is lost.
"""

from __future__ import annotations

import pytest

from kstore.codec import StoredObject
from kstore.errors import NotWritable, WriteRefused
from kstore.inspect.mending import (
    commit_each,
    edited,
    last_before_deletion,
    manifest,
    oddity,
    plan_restore,
    writable,
)
from kstore.records import Delete, Put, Record
from kstore.source.location.demo import open_demo

from .conftest import MemorySource, OpenStore, config_map

A, B = "/registry/configmaps/default/a", "/registry/configmaps/default/b"


def test_a_conflict_stops_no_other(source: MemorySource) -> None:
    """Of a batch, what is still as it was read is done; the others are left alone, and said."""
    first, second = source.put(A, config_map("a")), source.put(B, config_map("b"))
    mutations = [Delete(A.encode(), first), Delete(B.encode(), second - 1)]
    assert [(one.key, one.done) for one in commit_each(source, mutations)] == [(A.encode(), True), (B.encode(), False)]
    assert list(source.live()) == [B.encode()]


def test_what_was_deleted(source: MemorySource) -> None:
    """The last record before the deletion; not of what lives again."""
    for key in (A, B):
        source.put(key, config_map(key[-1], data={"k": "1"}))
        source.put(key, config_map(key[-1], data={"k": "2"}))
        source.delete(key)
    source.put(B, config_map("b"))
    (found,) = last_before_deletion(source.history_scan())
    assert (found.key, found.version) == (A.encode(), 2)


def test_a_lease_is_the_keys_own(source: MemorySource) -> None:
    """A key keeps the lease that it has now; one that is gone is not taken up again."""
    source.put(A, config_map("a"), lease=5)
    records = [Record(key.encode(), b"x", 1, 1, 1, 9) for key in (A, B)]
    plans = list(plan_restore(source, records, {5: 60}))
    assert [plan.put for plan in plans] == [Put(A.encode(), b"x", 2, 5), Put(B.encode(), b"x", 0, 0)]
    assert [plan.put.lease for plan in plan_restore(source, records, {9: 60})] == [5, 9]


def test_a_manifest_is_for_kubectl() -> None:
    """Names, labels and the spec stay; uid, resourceVersion, owners and status go."""
    obj = {"kind": "Pod", "apiVersion": "v1", "status": {}, "spec": {"a": 1},
           "metadata": {"name": "p", "uid": "u", "ownerReferences": [], "labels": {"a": "b"}}}  # fmt: skip
    assert manifest(obj) == {"kind": "Pod", "apiVersion": "v1", "spec": {"a": 1},
                             "metadata": {"name": "p", "labels": {"a": "b"}}}  # fmt: skip


def test_odd_changes() -> None:
    """What the API would not let anybody change is said; other changes are not."""
    assert oddity("Deployment", "spec.selector.matchLabels.app") == "immutable in the API"
    assert oddity("Pod", "metadata.ownerReferences[uid=x].name") == "set by the server"
    assert oddity("Deployment", "spec.selectors") == oddity("Pod", "spec.activeDeadlineSeconds") == ""


def test_an_edit_stays_under_its_key(source: MemorySource, open_store: OpenStore) -> None:
    """An object that calls itself something else would be served under one name and written under another."""
    source.put(A, config_map("a", data={"k": "v"}))
    store = open_store()
    read = store.get(A.encode())
    assert isinstance(read, StoredObject)
    with pytest.raises(WriteRefused, match=r"metadata\.name"):
        edited(store.codec, read, config_map("b"))
    again = store.codec.decode(edited(store.codec, read, config_map("a", data={"k": "w"})))
    assert again.object["data"] == {"k": "w"}
    assert again.encoding == "json"


def test_files_are_only_read() -> None:
    """A snapshot is no store to write to."""
    with open_demo() as demo, pytest.raises(NotWritable):
        writable(demo)
