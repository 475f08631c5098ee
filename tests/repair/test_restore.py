"""
Putting single records back.
"""

from __future__ import annotations

from tests.inspect.conftest import MemorySource, config_map

from kstore.records import Put, Record
from kstore.repair.restore import last_before_deletion, manifest, plan_restore

A, B = "/registry/configmaps/default/a", "/registry/configmaps/default/b"


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
    assert [plan.change.mutation() for plan in plans] == [Put(A.encode(), b"x", 2, 5), Put(B.encode(), b"x", 0, 0)]
    assert [plan.change.lease for plan in plan_restore(source, records, {9: 60})] == [5, 9]


def test_a_manifest_is_for_kubectl() -> None:
    """Names, labels and the spec stay; uid, resourceVersion, owners and status go."""
    obj = {"kind": "Pod", "apiVersion": "v1", "status": {}, "spec": {"a": 1},
           "metadata": {"name": "p", "uid": "u", "ownerReferences": [], "labels": {"a": "b"}}}  # fmt: skip
    assert manifest(obj) == {"kind": "Pod", "apiVersion": "v1", "spec": {"a": 1},
                             "metadata": {"name": "p", "labels": {"a": "b"}}}  # fmt: skip


def test_what_is_stored_there_already(source: MemorySource) -> None:
    """Only the very bytes are the same; what is gone, or another, is to be written."""
    revision = source.put(A, b"x")
    records = [Record(key.encode(), value, 1, 1, 1) for key in (A, B) for value in (b"x", b"y")]
    plans = list(plan_restore(source, records, {}))
    assert [plan.same for plan in plans] == [True, False, False, False]
    assert [plan.change.mutation() for plan in plans[1:3]] == [
        Put(A.encode(), b"y", revision),
        Put(B.encode(), b"x", 0),
    ]


def test_a_manifest_has_nothing_that_only_a_server_sets() -> None:
    """Each of these would have `kubectl create` refused, or ignored; annotations and finalizers are the user's."""
    servers = {"uid": "u", "resourceVersion": "5", "generation": 2, "creationTimestamp": "2024-01-01T00:00:00Z",
               "deletionTimestamp": "2024-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30, "selfLink": "/api",
               "managedFields": [], "ownerReferences": []}  # fmt: skip
    own = {"name": "p", "namespace": "shop", "annotations": {"a": "b"}, "finalizers": ["example.com/f"]}
    assert manifest({"kind": "Pod", "metadata": {**own, **servers}}) == {"kind": "Pod", "metadata": own}
