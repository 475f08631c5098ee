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
