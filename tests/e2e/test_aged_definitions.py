"""
CRDs, APIServices and custom resources whose managedFields name parts of what is owned as a whole (class 2).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.aged_objects import Aged, Object
from tests.e2e.test_aged import store, stored
from tests.e2e.test_aged_fields import update_unchanged
from tools.cluster import Client, Etcd

from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

_NAMED = {"type": "object", "properties": {"name": {"type": "string"}, "length": {"type": "integer"}}}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_SPEC = {
    "type": "object",
    "properties": {
        "colors": _TEXTS,
        "tags": {**_TEXTS, "x-kubernetes-list-type": "set"},
        "tails": {"type": "array", "items": _NAMED},
        "lines": {"type": "array", "items": {**_NAMED, "required": ["name"]}, "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": ["name"]},
        "frame": {**_NAMED, "x-kubernetes-map-type": "atomic"},
        "bars": {"type": "array", "items": {**_NAMED, "required": ["name"], "x-kubernetes-map-type": "atomic"},
                 "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        "free": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True},
    },
}  # fmt: skip
DRAGONS: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "dragons.sky.example.com"},
    "spec": {
        "group": "sky.example.com", "scope": "Namespaced",
        "names": {"plural": "dragons", "kind": "Dragon", "shortNames": ["dr"], "categories": ["all"]},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": _SPEC}}}}],
    },
}  # fmt: skip
SKY: Object = {
    "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.other.example.com"},
    "spec": {"group": "other.example.com", "version": "v1", "groupPriorityMinimum": 10, "versionPriority": 10},
}  # fmt: skip


def _entry(manager: str, version: str, fields: Object, **more: Any) -> Object:
    return {
        "manager": manager, "operation": "Update", "apiVersion": version, "time": "2020-01-02T03:04:05Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields, **more,
    }  # fmt: skip


OWNER = {"f:ownerReferences": {".": {}, 'k:{"uid":"u"}': {".": {}, "f:apiVersion": {}, "f:name": {}}}}
OF_DEFINITION = [
    _entry("spec", "apiextensions.k8s.io/v1", {"f:spec": {
        "f:group": {}, "f:names": {"f:kind": {}, "f:shortNames": {".": {}, 'v:"dr"': {}}},
        "f:versions": {".": {}, 'k:{"name":"v1"}': {".": {}, "f:name": {}}}}}),
    _entry("status", "apiextensions.k8s.io/v1", {"f:status": {
        "f:storedVersions": {"v:\"v1\"": {}}, "f:conditions": {'k:{"type":"Established"}': {".": {}, "f:type": {}}}}}),
]  # fmt: skip
OF_SERVICE = [
    _entry("spec", "apiregistration.k8s.io/v1", {"f:spec": {"f:group": {}}, "f:metadata": OWNER}),
    _entry("status", "apiregistration.k8s.io/v1", {"f:status": {
        "f:conditions": {'k:{"type":"Available"}': {".": {}, "f:type": {}}}}}, subresource="status"),
]  # fmt: skip
_ELEMENT = {".": {}, "f:length": {}, "f:name": {}}
SETS: dict[str, Object] = {
    "colors": {"f:colors": {".": {}, 'v:"red"': {}}},
    "tags": {"f:tags": {".": {}, 'v:"red"': {}}},
    "tails": {"f:tails": {'k:{"name":"a"}': _ELEMENT}},
    "lines": {"f:lines": {".": {}, 'k:{"name":"a"}': _ELEMENT}},
    "frame": {"f:frame": {"f:length": {}}},
    "bars": {"f:bars": {".": {}, 'k:{"name":"a"}': _ELEMENT}},
    "free": {"f:free": {".": {}, "f:x": {".": {}, "i:0": {}}}},
    "any": {"f:any": {".": {}, "f:x": {".": {}, "i:0": {}}}},
    "pod": {"f:pod": {".": {}, "f:metadata": {"f:finalizers": {'v:"a"': {}}, **OWNER}}},
    "unknown": {"f:unknown": {".": {}, "f:x": {}}},
}
VALUES: Object = {
    "colors": ["red"], "tags": ["red"], "tails": [{"name": "a", "length": 1}], "lines": [{"name": "a", "length": 1}],
    "frame": {"name": "a", "length": 1}, "bars": [{"name": "a", "length": 1}], "free": {"x": ["y"]},
    "any": {"x": ["y"]},
}  # fmt: skip


def dragons() -> list[Aged]:
    """One of each set alone, and one whose managers own parts of all."""
    every = {name: value for found in SETS.values() for name, value in found.items()}
    found = []
    for name, owned in {**SETS, "all": every}.items():
        entries = [
            _entry("one", "sky.example.com/v1", {"f:spec": owned}),
            _entry("two", "sky.example.com/v1", {"f:metadata": {"f:labels": {".": {}, "f:a": {}}, **OWNER}}),
        ]
        found.append(_dragon(name, entries, VALUES))
    return found


def _dragon(name: str, entries: list[Object], spec: Object) -> Aged:
    metadata = {
        "name": name, "namespace": "default", "uid": name, "generation": 1, "managedFields": entries,
        "creationTimestamp": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    obj = {"apiVersion": "sky.example.com/v1", "kind": "Dragon", "metadata": metadata, "spec": spec}
    return Aged(f"/registry/sky.example.com/dragons/default/{name}", obj, "json", updated_as="sky.example.com/v1")


WRONG: dict[str, Object] = {
    "number": {"frame": {"length": "1"}},
    "text": {"colors": [1]},
    "object": {"frame": ["a"]},
    "list": {"colors": "red"},
    "element": {"tags": [["red"]]},
    "whole-number": {"frame": {"length": 1.5}},
}
"""Values that the schema refuses; from 1.30 on a server lets those be that it finds."""


def failing(release: str) -> list[Aged]:
    """Whose managedFields a server fails to update: they speak of a version that is gone, or the object is wrong."""
    entries = [_entry(name, f"sky.example.com/{name}", {"f:spec": {"f:frame": {}}}) for name in ("v0", "v1")]
    found = [_dragon("of-no-version", entries, VALUES)]
    if release != "1.29":
        found += [_dragon(f"wrong-{name}", entries[1:], spec) for name, spec in WRONG.items()]
    return found


def settled(client: Client, manifest: Object, kind: str) -> None:
    """Wait until the server's own controllers have said of an object that it is there."""
    until = time.monotonic() + 120
    while not any(one["type"] == kind for one in (client.get(manifest).get("status") or {}).get("conditions") or ()):
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_parts_of_a_whole(release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path) -> None:
    """After a migration the server has nothing to change in them."""
    client = kube_apiserver(etcd_server, release=release).client()
    codec = ObjectCodec(Scheme(Release(release)))
    objects = [*dragons(), *failing(release)]
    for manifest, condition, entries in (
        (DRAGONS, "Established", OF_DEFINITION),
        (SKY, "Available", OF_SERVICE),
    ):
        client.create(manifest)
        settled(client, manifest, condition)
        name = manifest["metadata"]["name"]
        (key,) = (key for key in stored(etcd_server) if key.endswith(f"/{name}"))
        held = json.loads(json.dumps(codec.decode(stored(etcd_server)[key].value).object, default=str))
        held["metadata"]["managedFields"] = entries
        objects.append(Aged(key, held, "json", updated_as=manifest["apiVersion"]))
    store(etcd_server, objects)
    arguments = ["--store", etcd_server.endpoint, "migrate", "--to-release", release, "--yes"]
    assert run([*arguments, "--journal", str(tmp_path / "first")]) == 0
    before = stored(etcd_server)
    for aged in objects:
        assert update_unchanged(client, aged) == ""
    after = stored(etcd_server)
    assert {
        aged.key: (before[aged.key].value, after[aged.key].value)
        for aged in objects
        if after[aged.key].mod_revision != before[aged.key].mod_revision
    } == {}
    assert run([*arguments, "--journal", str(tmp_path / "second")]) == 0
    assert {key: one.mod_revision for key, one in stored(etcd_server).items()} == {
        key: one.mod_revision for key, one in after.items()
    }
