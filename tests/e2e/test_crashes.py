"""
What `check` says that an apiserver does not survive, and which Services it says share what only one may have: judged by
real servers.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.inspect.findings.matrix import MATRIX, Store
from tests.patience import until
from tools.cluster import Client, Etcd, KubeApiserver

from kstore.catalog.releases import Release
from kstore.object_codec import ObjectCodec
from kstore.records import Delete, Put
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

CRASHES = [case for case in MATRIX if case.finding == "crashes-server"]
ENDS = {"a priority level of no type", "a CRD without kind"}
"""The cases after which no server starts; the others lose requests."""
SERVING = {
    "1.37": {"runtime_config": "api/all=true"},
    "1.33": {"runtime_config": "api/all=true"},
    "1.29": {"runtime_config": "api/all=true", "feature_gates": "ValidatingAdmissionPolicy=true"},
}


@contextmanager
def put(etcd: Etcd, store: Store, release: str) -> Iterator[None]:
    """The objects of a store, as the release keeps them, there for a while."""
    codec = ObjectCodec(Scheme(Release(release)))
    with LiveSource([etcd.endpoint]) as source:
        for key, obj in store.values.items():
            assert isinstance(obj, dict)
            found = obj
            if obj["apiVersion"].startswith("flowcontrol") and release == "1.29":
                found = {**obj, "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3"}
            if obj["kind"] == "CustomResourceDefinition":
                found = established(obj)
            assert source.commit([Put(key.encode(), codec.encode(found), 0)]).succeeded
        yield
        for key in store.values:
            record = source.get(key.encode())
            if record is not None:
                assert source.commit([Delete(key.encode(), record.mod_revision)]).succeeded


def established(crd: dict[str, Any]) -> dict[str, Any]:
    """A CRD of which a server has said that its names are its own."""
    conditions = [
        {"type": name, "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z", "reason": "r", "message": "m"}
        for name in ("NamesAccepted", "Established")
    ]
    return {**crd, "status": {**crd["status"], "conditions": conditions}}


CONFIG_MAP = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"lost"}}'


def ends(start: Callable[[], KubeApiserver]) -> bool:
    """Whether a server ends soon after it began, or before it is ready."""
    try:
        server = start()
    except RuntimeError:
        return True
    process = server.process
    assert process is not None
    until(lambda: process.poll() is not None)
    return True


def loses_requests(server: KubeApiserver) -> bool:
    """Whether the server drops what somebody without a name asks for, what is asked of lamps, or a write."""
    named = server.client()._headers
    asked: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("GET", "/api/v1/pods", {}),
        ("GET", "/apis/lab.example.com/v1/namespaces/default/lamps", named),
        ("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", {**named, "Content-Type": "application/json"}),
    )
    for method, path, headers in asked:
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=ssl._create_unverified_context())
        try:
            connection.request(method, path, CONFIG_MAP if method == "POST" else None, headers)
            connection.getresponse().read()
        except (http.client.HTTPException, OSError):
            return True
        finally:
            connection.close()
    return False


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_a_server_crashes_as_is_said(release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any]) -> None:
    """Where the finding is true it does not start, or drops requests; where it is nearly true it serves."""

    def start() -> KubeApiserver:
        server: KubeApiserver = kube_apiserver(etcd_server, release=release, **SERVING[release])
        return server

    server = start()
    for case in CRASHES:
        for name, near in case.near_misses.items():
            if near.release in ("", release):
                with put(etcd_server, near, release):
                    until(lambda: server.ready())
                    assert not loses_requests(server), f"{case.name}: {name}"
    dropping = [case for case in CRASHES if case.name not in ENDS and case.true.release in ("", release)]
    for case in dropping:
        with put(etcd_server, case.true, release):
            until(lambda: loses_requests(server))
        until(lambda: not loses_requests(server))
    server.stop()
    for case in CRASHES:
        if case.name in ENDS and case.true.release in ("", release):
            with put(etcd_server, case.true, release):
                assert ends(start), case.name
    start()


ADDRESS: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1", "kind": "IPAddress",
    "metadata": {
        "name": "10.96.9.9", "uid": "address", "creationTimestamp": "2020-01-01T00:00:00Z",
        "labels": {"ipaddress.kubernetes.io/ip-family": "IPv4",
                   "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"},
    },
    "spec": {"parentRef": {"group": "", "resource": "services", "namespace": "default", "name": "bad"}},
}  # fmt: skip
"""Whose the address is; where none says so a server may make one for each, and ends at the second."""


def reasons(client: Client) -> set[str]:
    """The reasons of the events that are there."""
    return {one["reason"] for one in client.request("GET", "/api/v1/namespaces/default/events")["items"]}


LOOKS = 600.0
"""Seconds in which a server has looked for certain: it does every three minutes."""


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_a_server_says_the_same_of_services(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any]
) -> None:
    """Its own repair of addresses and ports finds them given to several."""
    cases = {case.name: case for case in MATRIX if case.finding == "shared-address"}
    values = dict(cases["an address"].true.values)
    if release != "1.29":
        values["/registry/ipaddresses/10.96.9.9"] = ADDRESS
    with put(etcd_server, Store(values), release):
        server = kube_apiserver(etcd_server, release=release)
        until(lambda: "ClusterIPAlreadyAllocated" in reasons(server.client()), LOOKS)
        assert "PortAlreadyAllocated" not in reasons(server.client())
        server.stop()
    with put(etcd_server, cases["a port of the nodes, for another protocol"].true, release):
        server = kube_apiserver(etcd_server, release=release)
        until(lambda: "PortAlreadyAllocated" in reasons(server.client()), LOOKS)
