"""
Field selectors as the apiserver reads and matches them.
"""

from __future__ import annotations

import pytest

from kstore.errors import KstoreError
from kstore.naming import GroupKind
from kstore.selection.field_selectors import parse_field_selector, selectable_fields

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "x,y=z"}},
    "spec": {"nodeName": "n1", "hostNetwork": True, "priority": 5},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("", True),
        ("metadata.name=web", True),
        ("metadata.name==web,metadata.namespace=shop", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=n1", True),
        ("spec.hostNetwork=true", True),
        ("status.nominatedNodeName=", True),
        ("spec.priority=5", True),
        ("metadata.labels.a=x\\,y\\=z", True),
    ],
)
def test_selectors(selector, selected):
    """Terms are joined by commas, a value's own are escaped; fields that the server does not index work as well."""
    assert parse_field_selector(selector).matches(POD) is selected


@pytest.mark.parametrize("selector", ["metadata.name", "metadata.name=a=b", "a=\\x"])
def test_broken_selectors(selector):
    """A term without an operator, or with a bare one in its value, is refused."""
    with pytest.raises(KstoreError):
        parse_field_selector(selector)


def test_who_reported_an_event():
    """The same under the names of both versions of Events."""
    for version, member in (("v1", "reportingComponent"), ("events.k8s.io/v1", "reportingController")):
        event = {"apiVersion": version, "kind": "Event", "metadata": {"name": "e"}, member: "kubelet"}
        for field in ("reportingComponent", "reportingController", "source"):
            assert parse_field_selector(f"{field}=kubelet").matches(event)
            assert not parse_field_selector(f"{field}=scheduler").matches(event)


def test_what_the_server_indexes():
    """The names that a kind's own strategy offers are listed."""
    assert {"metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"} <= set(
        selectable_fields(GroupKind("", "Pod"))
    )


@pytest.mark.parametrize(
    ("obj", "selector"),
    [
        ({"apiVersion": "batch/v1", "kind": "Job", "status": {"succeeded": 3}}, "status.successful=3"),
        ({"apiVersion": "batch/v1", "kind": "Job"}, "status.successful=0"),
        ({"apiVersion": "apps/v1", "kind": "ReplicaSet", "status": {"replicas": 2}}, "status.replicas=2"),
        ({"apiVersion": "v1", "kind": "Node", "spec": {"unschedulable": True}}, "spec.unschedulable=true"),
        ({"apiVersion": "v1", "kind": "Node", "spec": {}}, "spec.unschedulable=false"),
        ({"apiVersion": "v1", "kind": "Pod", "spec": {"nodeName": "n1"}}, "spec.host=n1"),
        ({"apiVersion": "v1", "kind": "Pod", "status": {"podIPs": [{"ip": "10.0.0.1"}]}}, "status.podIP=10.0.0.1"),
        ({"apiVersion": "v1", "kind": "Secret", "type": "Opaque"}, "type=Opaque"),
        ({"apiVersion": "v1", "kind": "Event", "involvedObject": {"name": "web"}}, "involvedObject.name=web"),
        ({"apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"uid": "u"}}, "involvedObject.uid=u"),
    ],
)
def test_fields_that_have_a_name_of_their_own(obj, selector):
    """What a server indexes need not be called as the field is, and is a text for what is absent, too."""
    assert parse_field_selector(selector).matches(obj)
    assert not parse_field_selector(selector.replace("=", "!=")).matches(obj)
