"""
What check calls readable a real server serves, what it calls undecodable fails; and the ways out lead out.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from tools.cluster import ApiError, Client, Etcd

from kstore.cli.main import run
from kstore.customresource import unstructured as custom
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

GROUP = "lab.example.com"
SCHEMA = {
    "openAPIV3Schema": {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {
                    "e": {
                        "type": "object",
                        "x-kubernetes-embedded-resource": True,
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        },
    }
}
READABLE = {
    "twice": '{"a":1,"a":{"b":2},"a":{"c":3}}',
    "twicedeep": '{"l":[{"a":{"x":1},"a":{"y":2}}]}',
    "bytes": '{"a":"x\xff"}',
    "bytesname": '{"\xe4\xb8":"\xf0\x9f"}',
    "deep": '{"a":' * 900 + "1" + "}" * 900,
    "deeparrays": '{"a":' + "[" * 5_000 + "]" * 5_000 + "}",
    "numbers": '{"a":-0,"b":1e2,"c":12345678901234567890,"d":1.50}',
    "embedded": '{"e":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{"a":1},"other":2}}}',
}
UNREADABLE = {
    "big": '{"a":1e309}',
    "bignegative": '{"l":[-1e999]}',
    "bigtwice": '{"a":1e309,"a":1}',
    "bigtwicedeep": '{"l":[{"a":[-1e999],"a":{}}]}',
    "bigtwicedeeper": '{"l":' + "[" * 900 + '{"a":1e400,"a":1}' + "]" * 900 + "}",
    "embed": '{"e":{"metadata":"text"}}',
    "embedlist": '{"e":{"metadata":[]}}',
    "tooDeep".lower(): '{"a":' * 10_001 + "1" + "}" * 10_001,
}
METADATA = {"metatext": '"text"', "metalist": "[1]"}


def key(plural: str) -> bytes:
    """Where the one object of a resource is."""
    return f"/registry/{GROUP}/{plural}/default/a".encode()


def value(plural: str, version: str = "v1") -> bytes:
    """The object of a case."""
    spec = READABLE.get(plural) or UNREADABLE.get(plural) or "{}"
    metadata = METADATA.get(plural, '{"name":"a","namespace":"default","uid":"u"}')
    head = f'"apiVersion":"{GROUP}/{version}","kind":"{plural.title()}"'
    return f'{{{head},"metadata":{metadata},"spec":{spec}}}'.encode("latin-1")


def put(etcd: Etcd, values: dict[bytes, bytes]) -> None:
    """Write keys past every server."""
    with LiveSource([etcd.endpoint]) as source:
        for one, content in values.items():
            assert source.commit([Put(one, content, 0)]).succeeded


def got(etcd: Etcd, one: bytes) -> bytes:
    """What is at a key."""
    with LiveSource([etcd.endpoint]) as source:
        found = source.get(one)
        assert found is not None
        return found.value


def definition(plural: str, version: str = "v1") -> tuple[bytes, bytes]:
    """The key and the value of an established CRD."""
    kind = plural.title()
    names = {"plural": plural, "singular": plural, "kind": kind, "listKind": f"{kind}List"}
    crd: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "uid": plural},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": names,
            "conversion": {"strategy": "None"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": SCHEMA}],
        },
        "status": {
            "acceptedNames": names,
            "storedVersions": [version],
            "conditions": [{"type": one, "status": "True"} for one in ("NamesAccepted", "Established")],
        },
    }
    path = f"/registry/apiextensions.k8s.io/customresourcedefinitions/{plural}.{GROUP}"
    return path.encode(), json.dumps(crd).encode()


def status(client: Client, path: str) -> int:
    """The status that a server answers a read with."""
    try:
        client.request("GET", path)
    except ApiError as error:
        return error.status
    except RecursionError:
        pass  # the object came, nested deeper than Python's own reader follows
    return 200


def touch(client: Client, path: str) -> None:
    """A patch that changes nothing: the server writes only if it would store other bytes."""
    with contextlib.suppress(RecursionError):
        client.request("PATCH", path, {}, media="application/merge-patch+json")


def findings(etcd: Etcd, release: str, capsys: pytest.CaptureFixture[str]) -> dict[str, set[str]]:
    """The keys that check names, by the finding's id."""
    capsys.readouterr()
    assert run(["--store", etcd.endpoint, "check", "--target-release", release, "-o", "json"]) in (0, 5)
    found: dict[str, set[str]] = {}
    for one in json.loads(capsys.readouterr().out)["findings"]:
        found.setdefault(one["id"], set()).update(place["key"] for place in one["keys"])
    return found


def migrate(etcd: Etcd, tmp_path: Path, *arguments: str) -> int:
    """Migrate a running etcd."""
    journal = tmp_path / f"{len(list(tmp_path.iterdir()))}.journal"
    return run(["--store", etcd.endpoint, "migrate", "--yes", "--journal", str(journal), *arguments])


def test_custom_objects(etcd_server: Etcd, kube_apiserver: Any, tmp_path: Path, capsys: Any) -> None:
    """
    A list of each resource: 200 where check says nothing or a note, 500 where it says that an object is undecodable.

    What migrate makes of the readable ones, the server finds nothing to change in.
    """
    plurals = [*READABLE, *UNREADABLE, *METADATA]
    put(etcd_server, dict(definition(one) for one in plurals) | {key(one): value(one) for one in plurals})
    client = kube_apiserver(etcd_server, watch_cache="false").client()
    answers = {one: status(client, f"/apis/{GROUP}/v1/namespaces/default/{one}") for one in plurals}
    found = findings(etcd_server, "1.37", capsys)
    assert {one for one in plurals if answers[one] == 200} == set(READABLE)
    assert found["undecodable"] == {key(one).decode() for one in plurals if answers[one] == 500}
    assert found["unusual-json"] == {key(one).decode() for one in READABLE if one not in ("numbers", "embedded")}
    assert migrate(etcd_server, tmp_path, "--to", f"{GROUP}/v1") == 3
    for one in READABLE:
        migrated = got(etcd_server, key(one))
        path = f"/apis/{GROUP}/v1/namespaces/default/{one}/a"
        touch(client, path)
        assert got(etcd_server, key(one)) == migrated
    for one in (*UNREADABLE, *METADATA):
        assert got(etcd_server, key(one)) == value(one)


def test_a_version_that_has_left_its_crd(etcd_server: Etcd, kube_apiserver: Any, tmp_path: Path, capsys: Any) -> None:
    """No server reads it; after the advised migration it does, and finds nothing to change."""
    put(etcd_server, dict([definition("gones", "v2")]) | {key("gones"): value("gones", "v1")})
    client = kube_apiserver(etcd_server, watch_cache="false").client()
    path = f"/apis/{GROUP}/v2/namespaces/default/gones"
    assert status(client, path) == 500
    assert findings(etcd_server, "1.37", capsys)["unknown-to-target"] == {key("gones").decode()}
    assert migrate(etcd_server, tmp_path, "--to", f"{GROUP}/v2") == 3
    assert migrate(etcd_server, tmp_path, "--to", f"{GROUP}/v2", "--assume-version", f"{GROUP}/v2") == 0
    assert status(client, path) == 200
    migrated = got(etcd_server, key("gones"))
    touch(client, f"{path}/a")
    assert got(etcd_server, key("gones")) == migrated
    assert "unknown-to-target" not in findings(etcd_server, "1.37", capsys)


def test_cbor_before_1_32(etcd_server: Etcd, kube_apiserver: Any, tmp_path: Path, capsys: Any) -> None:
    """1.29 cannot read CBOR; a migration to it writes JSON, in which it finds nothing to change."""
    plurals = ("auks", "terns")
    stored = {
        key(one): custom.write(custom.normalize(json.loads(value(one)) | {"spec": {"n": 16.0, "s": one}}), "cbor")
        for one in plurals
    }
    put(etcd_server, dict(definition(one) for one in plurals) | stored)
    client = kube_apiserver(etcd_server, release="1.29", watch_cache="false").client()
    for one in plurals:
        assert status(client, f"/apis/{GROUP}/v1/namespaces/default/{one}") == 500
    assert findings(etcd_server, "1.29", capsys)["unknown-to-target"] == {key(one).decode() for one in plurals}
    assert migrate(etcd_server, tmp_path, *(f"{one}.{GROUP}" for one in plurals), "--to-release", "1.29") == 0
    for one in plurals:
        migrated = got(etcd_server, key(one))
        path = f"/apis/{GROUP}/v1/namespaces/default/{one}/a"
        touch(client, path)
        assert got(etcd_server, key(one)) == migrated


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_kinds_at_built_in_keys(etcd_server: Etcd, kube_apiserver: Any, capsys: Any, release: str) -> None:
    """The list of each resource fails, and check names the object that makes it."""
    client = kube_apiserver(etcd_server, release=release, watch_cache="false").client()
    wrong = {
        "/apis/apps/v1/deployments": ("deployments", "apps/v2", "Deployment"),
        "/apis/batch/v1/cronjobs": ("cronjobs", "batch/v2alpha1", "ScheduledJob"),
        "/apis/networking.k8s.io/v1/networkpolicies": ("networkpolicies", "v1", "Wrong"),
        "/apis/apps/v1/statefulsets": ("statefulsets", "apps/v1", "Deployment"),
    }
    right = {"/apis/apps/v1/daemonsets": ("daemonsets", "apps/v1", "DaemonSet")}
    for resource, api_version, kind in (*wrong.values(), *right.values()):
        metadata = {"name": "a", "namespace": "default", "uid": "u"}
        obj = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
        put(etcd_server, {f"/registry/{resource}/default/a".encode(): json.dumps(obj).encode()})
    assert {path for path in (*wrong, *right) if status(client, path) == 500} == set(wrong)
    named = findings(etcd_server, release, capsys)["unknown-to-target"]
    assert named == {f"/registry/{resource}/default/a" for resource, _, _ in wrong.values()}
