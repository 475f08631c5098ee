"""
The tables that real kube-apiservers answer of objects of every kind that it stores, filled at random, are those that
`kstore ls -o table-json` prints: every column, every cell.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import RemoteDisconnected
from typing import Any

import pytest
from tools.cluster import ApiError, Client, Etcd, KubeApiserver

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.catalog.resources import ResourceInfo, resources_of
from kstore.catalog.types import INTEGERS, TypeRef
from kstore.cli.main import run
from kstore.naming import GroupVersionKind
from kstore.records import Delete, Put
from kstore.source.etcd.live import LiveSource

KINDS = {"1.37": 60, "1.29": 50}
"""At least so many kinds are compared, of each release."""
OBJECTS = 40
"""So many of each kind."""
GROUPS_APART = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Whose objects would change what the server serves."""
OF_THE_CLOCK = {"DeviceTaintRule": ("spec", "taint", "timeAdded")}
"""What no object is without: its default is the time at which the cache of the server read it, which nobody tells."""
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

# what printers ask for; any other string means no more to them than `a` does
WORDS = """
a web-1 10.0.0.1 fd00::1 True False Unknown Running Succeeded Failed Pending Ready Complete Approved Denied Available
Bound Released Lost Terminating Active Suspended nginx:1.27 ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod
Delete Retain Recycle Filesystem Block ClusterIP NodePort LoadBalancer ExternalName None TCP UDP SCTP cpu memory pods
requests.cpu limits.memory AverageValue Utilization Value Pods Object External Resource ContainerResource Always
CrashLoopBackOff OOMKilled Completed OnFailure Never PodInitializing Evicted NodeLost Initialized PodScheduled
SchedulingGated IPv4 IPv6 In NotIn Exists DoesNotExist Namespaced Cluster ExternalIP InternalIP Hostname Limited Exempt
""".split()  # noqa: SIM905 - words read better than a list of quotes
ODD = ("ünï-日本", "with space", "tab\there", "line\nbreak", "\x1b[31m", "<none>", "x" * 90, "a,b", "%s", 'quo"te')
NAMES = """
app cpu memory requests.cpu limits.memory pods example.com/gpu node-role.kubernetes.io/worker kubernetes.io/role
node-role.kubernetes.io/ storageclass.kubernetes.io/is-default-class kubernetes.io/description
volume.beta.kubernetes.io/storage-class ingressclass.kubernetes.io/is-default-class
""".split()  # noqa: SIM905
SPECIAL: dict[str, tuple[Any, ...]] = {
    "Quantity": ("0", "1", "100m", "1.5", "2Gi", "512Mi", "3k", "1e3", "100n", "5E", "1.25Gi", "-1", "12345678"),
    "Duration": ("1h0m0s", "30s", "1.5s", "72h3m0.5s", "0s"),
    "IntOrString": (0, 1, 8080, "50%", "http", "100%"),
    "RawExtension": ({"apiVersion": "v1", "kind": "ConfigMap"},),
    "FieldsV1": ({"f:a": {}},),
    "JSON": (1, "a", {"a": 1}),
    "any": (1, "a"),
}


class Filler:
    """Fills types of the catalog at random."""

    def __init__(self, seed: str, release: Release) -> None:
        self._random = random.Random(seed)
        self._catalog = Catalog(release)

    def object_of(self, gvk: GroupVersionKind, namespace: str, name: str) -> dict[str, Any]:
        """An object of a kind."""
        found = self._struct(self._catalog.kind(gvk).type, 0)
        metadata = {**self._metadata(), "name": name} | ({"namespace": namespace} if namespace else {})
        *path, last = OF_THE_CLOCK.get(gvk.kind, ("",))
        below = found
        for step in path:
            below = below.setdefault(step, {})
        if last:
            below.setdefault(last, self._time("%SZ"))
        return {**found, "apiVersion": gvk.api_version, "kind": gvk.kind, "metadata": metadata}

    def _metadata(self) -> dict[str, Any]:
        names = self._random.sample(NAMES, 3)
        return {
            "name": "inner",
            "uid": f"uid-{self._random.random()}",
            **({"creationTimestamp": self._time("%SZ")} if self._often() else {}),
            **({"deletionTimestamp": self._time("%SZ"), "generation": 2} if not self._often() else {}),
            **({"labels": dict.fromkeys(names, "true")} if self._often() else {}),
            **({"annotations": dict.fromkeys(names, "true")} if self._often() else {}),
        }

    def _often(self) -> bool:
        return self._random.random() < 0.75

    def _struct(self, name: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if name == "meta.v1.ObjectMeta":
            return self._metadata()
        for field in self._catalog.struct(name).fields if depth < 9 else ():
            if field.inline:
                found |= self._struct(field.type.name, depth) if field.type.name != "meta.v1.TypeMeta" else {}
            elif field.json and field.type.form != "union" and self._often():
                value = self._value(field.type, depth)
                if value or not field.omitempty:  # no server writes what it leaves out
                    found[field.json] = value
        return found

    def _value(self, ref: TypeRef, depth: int) -> Any:
        choose = self._random.choice
        if ref.form == "struct":
            return self._struct(ref.name, depth + 1)
        if ref.element is not None:
            few = range(choose((0, 1, 1, 2, 4) if depth < 4 else (0, 1, 2)))
            values = [self._value(ref.element, depth + 1) for _ in few]
            return {choose(NAMES): value for value in values} if ref.form == "map" else values
        if ref.name in INTEGERS:
            return choose((0, 1, 2, 3, 80, 443, 30000, -1)) if ref.name != "uint8" else 7
        if ref.name in ("Time", "MicroTime"):
            return self._time("%SZ" if ref.name == "Time" else "%S.%fZ")
        if ref.name in SPECIAL:
            return choose(SPECIAL[ref.name])
        return {
            "string": lambda: choose(WORDS) if self._often() else choose(ODD),
            "bool": self._often,
            "float64": lambda: choose((0.5, 2, -3)),
            "bytes": lambda: "YQ==",
        }[ref.name]()

    def _time(self, seconds: str) -> str:
        span = self._random.choice((100, 600, 86_400, 864_000, 300_000_000, -10_000))
        ago = timedelta(seconds=self._random.random() * span)
        return f"{datetime.now(UTC) - ago:%Y-%m-%dT%H:%M:{seconds}}"


def served(client: Client, release: Release) -> Iterator[tuple[ResourceInfo, GroupVersionKind, str]]:
    """Each resource that the server stores and serves, the version it stores, and the path of its list."""
    for resource in resources_of(release):
        stored = resource.storage_version(release)
        if stored is None or resource.group in GROUPS_APART:
            continue
        for version in resource.versions:
            base = f"/apis/{resource.group}/{version}" if resource.group else f"/api/{version}"
            try:
                names = {one["name"] for one in client.request("GET", base)["resources"]}
            except ApiError:
                continue
            if resource.resource in names:
                yield resource, GroupVersionKind(stored.group, stored.version, resource.kind), base
                break


def rows(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of a table by name, in their order; of the test's own objects, since the server renews its leases."""
    named = ((row["object"]["metadata"]["name"], row) for row in table["rows"])
    return {name: row for name, row in named if name.startswith("odd-")}


def remove_what_panics(client: Client, source: LiveSource, base: str, resource: ResourceInfo) -> int:
    """
    Delete the objects that a server cannot print, since its printer panics, and say how many there were.

    1.29 does so of a ReplicationController without a template and of a metric without its value (`printers.go`).
    """
    folder = f"/namespaces/odd/{resource.resource}" if resource.namespaced else f"/{resource.resource}"
    if answers(client, f"{base}/{resource.resource}"):
        return 0
    removed = 0
    for record in source.scan(f"/registry/{resource.key_prefix}/".encode()):
        name = record.key.decode().rpartition("/")[2]
        if name.startswith("odd-") and not answers(client, f"{base}{folder}/{name}"):
            source.commit([Delete(record.key, record.mod_revision)])
            removed += 1
    return removed


def answers(client: Client, path: str) -> bool:
    """Whether a server has a table for a path, rather than closing the connection."""
    try:
        client.raw("GET", path, media="application/json", accept=TABLE)
    except RemoteDisconnected:
        return False
    return True


@pytest.mark.parametrize("release", list(KINDS))
def test_every_kind(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., KubeApiserver], capsys: pytest.CaptureFixture[str]
) -> None:
    """Objects are put past the server's validation, which would not let most of them through."""
    flags = {"runtime_config": "api/all=true", "feature_gates": "AllAlpha=true,AllBeta=true"}
    client = kube_apiserver(etcd_server, release=release, **flags, enable_priority_and_fairness="false").client()

    def ours(prefix: str, now: datetime) -> dict[str, Any]:
        asked = ["ls", prefix, "-o", "table-json", "--now", now.isoformat()]
        assert run(["--store", etcd_server.endpoint, "--release", release, *asked]) == 0
        table: dict[str, Any] = json.loads(capsys.readouterr().out)
        return table

    wrong: list[Any] = []
    compared = 0
    with LiveSource([etcd_server.endpoint]) as source:
        for resource, gvk, base in served(client, Release(release)):
            prefix = f"/registry/{resource.key_prefix}"
            filler = Filler(str(gvk), Release(release))
            for number in range(OBJECTS):
                namespace, name = "odd" if resource.namespaced else "", f"odd-{number}"
                obj = filler.object_of(gvk, namespace, name)
                key = "/".join(filter(None, (prefix, namespace, name)))
                source.commit([Put(key.encode(), json.dumps(obj).encode(), 0)])
            if remove_what_panics(client, source, base, resource) > OBJECTS // 2:
                wrong.append((prefix, "hardly any object can be printed"))
            before = datetime.now(UTC)
            answer = client.raw("GET", f"{base}/{resource.resource}", media="application/json", accept=TABLE)
            after = datetime.now(UTC)
            # ages grow while the server answers: it looked at its clock in one of these seconds
            moments = [
                before + timedelta(seconds=passed) for passed in range(int((after - before).total_seconds()) + 1)
            ]
            expected, mine = json.loads(answer), [ours(prefix, moment) for moment in (*moments, after)]
            assert mine[0]["columnDefinitions"] == expected["columnDefinitions"], prefix
            possible = [rows(table) for table in mine]
            earlier = possible[0]
            assert list(earlier) == list(rows(expected)), prefix
            for one, row in rows(expected).items():
                compared += 1
                for at, cell in enumerate(row["cells"]):
                    if all(cell != table[one]["cells"][at] for table in possible):
                        wrong.append((prefix, one, at, cell, earlier[one]["cells"][at]))
                rest = [{**found, "cells": []} for found in (row, earlier[one])]
                if rest[0] != rest[1]:
                    wrong.append((prefix, one, *rest))
    assert wrong == []
    assert compared > KINDS[release] * OBJECTS
