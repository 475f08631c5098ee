"""
Every kind at every age, migrated: a real server's update that asks for nothing changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.aged_objects import Aged, Object
from tests.e2e.aged_variants import Variants, whole_objects
from tests.e2e.conftest import SERVING_ALL
from tests.e2e.test_aged import migrate, store, stored
from tools.cluster import ApiError, Client, Etcd

from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.decode.json.raw_json import RawJSON
from kstore.differences import object_differences
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

SPEC = {
    "type": "object",
    "properties": {
        "tail": {"type": "string", "nullable": True},
        "weight": {"type": "number"},
        "count": {"type": "integer"},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}
NEWER = {**SPEC, "properties": {**SPEC["properties"], "color": {"type": "string", "default": "red"}}}  # type: ignore[dict-item]
KITES: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "kites.sky.example.com"},
    "spec": {
        "group": "sky.example.com",
        "scope": "Namespaced",
        "names": {"plural": "kites", "kind": "Kite"},
        "versions": [
            {
                "name": name,
                "served": True,
                "storage": name == "v2",
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
            }
            for name, spec in (("v1", SPEC), ("v2", NEWER))
        ],
    },
}
LISTED = {
    "Pod": ("metadata.generation", "spec.tolerations"),
    "Event": ("metadata.managedFields",),
    "APIService": ("status", "metadata.managedFields"),
    "CustomResourceDefinition": ("status", "metadata.managedFields"),
    "FlowSchema": ("status", "metadata.managedFields"),
    "PriorityLevelConfiguration": ("status", "metadata.managedFields"),
    "ServiceCIDR": ("status", "metadata.managedFields", "metadata.finalizers"),
}
"""
What a server changes in objects and no migration can: in Pods by admission (`kstore check` says it, `untolerating`), in
Events of the two groups that they may be updated through, in others by controllers that run within the server.
"""


def is_listed(key: str, changes: list[str]) -> bool:
    """Whether all changes of an object are known to be the server's."""
    return bool(changes) and all(change.startswith(LISTED.get(key.partition(" ")[0], ("?",))) for change in changes)


def update_unchanged(client: Client, aged: Aged) -> str:
    """An empty merge patch, and the object put back as it is read; the status with which the server refuses it, which
    writes nothing."""
    try:
        path = client.path_of({**aged.object, "apiVersion": aged.updated_as})
        found = client.request("GET", path)
        identity = {name: found["metadata"][name] for name in ("uid", "resourceVersion")}
        client.request("PATCH", path, {"metadata": identity}, media="application/merge-patch+json")
        client.request("PUT", path, client.request("GET", path))
    except ApiError as error:
        return str(error.status)
    return ""


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_nothing_is_left_for_the_server(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """No object that the server takes is written again, whatever it lacked."""
    objects = list(Variants(release).all())
    store(etcd_server, objects, release)
    assert migrate(etcd_server, release, tmp_path / "first") in (0, 3)
    before = stored(etcd_server)
    assert migrate(etcd_server, release, tmp_path / "second") in (0, 3)
    assert {key: one.mod_revision for key, one in stored(etcd_server).items()} == {
        key: one.mod_revision for key, one in before.items()
    }
    client = kube_apiserver(etcd_server, release=release, **SERVING_ALL[release]).client()
    refused = {aged.key: reason for aged in objects if (reason := update_unchanged(client, aged))}
    after = stored(etcd_server)
    codec = ObjectCodec(Scheme(Release(release)))
    moved: dict[str, list[str]] = {}
    taken: Counter[str] = Counter()
    for aged in objects:
        if aged.key in refused:
            continue
        taken[aged.object["kind"]] += 1
        if aged.key not in after:
            moved[f"{aged.object['kind']} {aged.key}"] = ["removed"]
        elif after[aged.key].mod_revision != before[aged.key].mod_revision:
            old, new = (codec.decode(one[aged.key].value) for one in (before, after))
            found = object_differences(old.object, new.object, new.type_name, codec.scheme.catalog)
            moved[f"{aged.object['kind']} {aged.key}"] = [one.path for one in found]
    expired = {key for key, reason in refused.items() if reason == "404"}
    assert all(key.startswith("/registry/leasecandidates/") for key in expired)  # a controller of the server's own
    assert set(refused.values()) <= {"400", "404", "422"}
    assert {one["kind"] for one in whole_objects(release)} == set(taken)
    assert {key: changes for key, changes in moved.items() if not is_listed(key, changes)} == {}


def custom_objects() -> list[Aged]:
    """Custom resources with numbers as other programs write them, without what defaults add, with what is dropped."""
    specs: dict[str, Object] = {
        "negative-zero": {"weight": RawJSON(b"-0.0")},
        "negative-zero-whole": {"weight": RawJSON(b"-0")},
        "whole": {"weight": RawJSON(b"1.0")},
        "large": {"weight": RawJSON(b"1e21"), "count": RawJSON(b"9007199254740993")},
        "fraction": {"weight": RawJSON(b"0.1"), "tail": "short"},
        "empty": {},
        "null": {"tail": None},
        "nested": {"any": {"a": RawJSON(b"-0.0"), "b": [RawJSON(b"2.0"), None]}},
        "pruned": {"tail": "x", "beak": RawJSON(b"1.0")},
    }
    found = []
    for version in ("v1", "v2"):
        for name, spec in specs.items():
            metadata: Object = {
                "name": f"{name}-{version}", "namespace": "default", "uid": f"{name}-{version}",
                "creationTimestamp": "2020-01-01T00:00:00Z", "selfLink": "/x", "resourceVersion": "7",
            }  # fmt: skip
            if name != "empty":
                metadata["generation"] = 3
            obj = {"apiVersion": f"sky.example.com/{version}", "kind": "Kite", "metadata": metadata, "spec": spec}
            found.append(Aged(f"/registry/sky.example.com/kites/default/{name}-{version}", obj, "json"))
    return found


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_nothing_is_left_of_custom_resources(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """Whatever their numbers and versions: the server writes none again, and a second migration neither."""
    client = kube_apiserver(etcd_server, release=release).client()
    client.create(KITES)
    objects = custom_objects()
    store(etcd_server, objects)
    assert run([*arguments(etcd_server, tmp_path / "first"), "kites", "--to", "sky.example.com/v2"]) == 0
    before = stored(etcd_server)
    assert run([*arguments(etcd_server, tmp_path / "second"), "kites", "--to", "sky.example.com/v2"]) == 0
    for aged in objects:
        assert update_unchanged(client, replace(aged, updated_as="sky.example.com/v2")) == ""
    after = stored(etcd_server)
    assert {
        aged.key: (before[aged.key].value, after[aged.key].value)
        for aged in objects
        if after[aged.key].mod_revision != before[aged.key].mod_revision
    } == {}


def arguments(etcd: Etcd, journal: Path) -> list[str]:
    """A migration of an etcd without questions."""
    return ["--store", etcd.endpoint, "migrate", "--yes", "--drop-unknown-fields", "--journal", str(journal)]
