"""
The server that a store is migrated for: its Services' first family is asked for, found or assumed.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.migrate.conftest import FaultySource

from kstore.codec import StorageCodec
from kstore.decode.projection import NOTHING
from kstore.migrate.plan import Change
from kstore.migrate.request import Request, Selection
from kstore.migrate.server import server_of
from kstore.migrate.summary import Summary
from kstore.store import Store

HEADLESS = "/registry/services/specs/shop/headless"


def a_store(codec: StorageCodec, **objects: dict[str, Any]) -> Store:
    """A store with a headless Service as 1.19 wrote it, and what else is given."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "headless", "namespace": "shop"}}
    values = {HEADLESS: {**service, "spec": {"clusterIP": "None", "type": "ClusterIP"}}}
    if "service" in objects:
        values["/registry/services/specs/default/kubernetes"] = {**service, "spec": objects["service"]}
    if "cidr" in objects:
        cidr = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"}}
        values["/registry/servicecidrs/kubernetes"] = {**cidr, "spec": objects["cidr"]}
    return Store(FaultySource({key.encode(): codec.encode(value) for key, value in values.items()}), codec.scheme)


@pytest.mark.parametrize(
    ("objects", "family"),
    [
        ({"service": {"clusterIP": "fd00::1"}}, "IPv6"),
        ({"service": {"clusterIP": "10.96.0.1"}, "cidr": {"cidrs": ["fd00::/112"]}}, "IPv4"),
        ({"cidr": {"cidrs": ["fd00::/112", "10.96.0.0/16"]}}, "IPv6"),
        ({"service": {"clusterIP": "None"}, "cidr": {"cidrs": ["10.96.0.0/16"]}}, "IPv4"),
        ({"service": {"clusterIP": "None"}, "cidr": {"cidrs": ["fd00::/112"]}}, "IPv6"),
    ],
)
def test_the_store_tells_the_family(codec: StorageCodec, objects: dict[str, Any], family: str) -> None:
    """By the apiserver's own Service, else by its own ServiceCIDR."""
    found = server_of(a_store(codec, **objects))
    assert (found.running.service_family, found.family_assumed) == (family, False)


def planned(codec: StorageCodec, **request: Any) -> tuple[Change, Summary]:
    """What becomes of the Service in a store that tells no family, and the counts."""
    store = a_store(codec)
    selection = Selection(
        store, Request(release="1.37", to_release="1.37", **request), lambda _: True, projection=NOTHING
    )
    (change,) = selection.planner().plan(store.source.scan())
    assert isinstance(change, Change)
    summary = Summary()
    summary.add(change)
    return change, summary


def test_what_is_assumed_is_said(codec: StorageCodec) -> None:
    """Where nothing tells, IPv4 is assumed, and the plan says so."""
    change, summary = planned(codec)
    assert codec.decode(change.value).object["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    assert summary.as_json()["assumed"] == {"service-family=IPv4": 1}


def test_what_is_asked_for_is_not_assumed(codec: StorageCodec) -> None:
    """`--service-family` settles it."""
    change, summary = planned(codec, service_family="IPv6")
    assert codec.decode(change.value).object["spec"]["ipFamilies"] == ["IPv6", "IPv4"]
    assert summary.as_json()["assumed"] == {}
