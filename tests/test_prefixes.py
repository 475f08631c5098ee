"""
Which clusters a store holds, told by what is there; others' keys are neither taken for one nor read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kstore.catalog.releases import newest
from kstore.cli.hints import hint_of
from kstore.errors import UsageError
from kstore.records import Record
from kstore.scheme.scheme import Scheme
from kstore.source.export_directory import DirectorySource, DirectoryWriter
from kstore.source.interface import StoreStatus
from kstore.source.location.demo import unpacked
from kstore.source.snapshot.source import SnapshotSource
from kstore.store import Store

NAMESPACE = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "d"}}
POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "d"}}


def store(folder: Path, values: dict[str, Any], prefix: str | None = None) -> Store:
    """A store with these keys."""
    with DirectoryWriter(folder, StoreStatus("backup", "directory", 9), {}) as writer:
        for key, value in sorted(values.items()):
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            writer.add(Record(key.encode(), data, 1, 1, 1))
    return Store(DirectorySource(folder), Scheme(newest()), prefix=prefix)


FOREIGN = {
    "/calico/resources/v3/projectcalico.org/ippools/p": {"kind": "IPPool", "apiVersion": "projectcalico.org/v3"},
    "/coreos.com/network/config": b"{}",
    "/app/pods/p": b'{"color":"red"}',
    "cilium/state/nodes/v1/n": NAMESPACE,
}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("/registry",)),
        (FOREIGN | {"/registry/pods/d/p": POD}, ("/registry",)),
        ({"/registry/pods/d/broken": b"broken"}, ("/registry",)),
        ({"/kubernetes.io/pods/d/p": POD, "/openshift.io/routes/d/r": b"{}"}, ("/kubernetes.io", "/openshift.io")),
        (
            {"/registry/zoo.io/zoo.io/cages/d/c": {"kind": "Cage", "apiVersion": "zoo.io/v1"}},
            ("/registry/zoo.io",),
        ),
    ],
    ids=["empty", "beside others' keys", "damaged", "OpenShift", "an extension server's"],
)  # fmt: skip
def test_the_one_that_is_there(tmp_path: Path, values: dict[str, Any], expected: tuple[str, ...]) -> None:
    """One cluster where servers keep it by default needs no word."""
    assert store(tmp_path / "s", values).prefixes == expected


@pytest.mark.parametrize(
    ("values", "prefix", "named"),
    [
        ({"/a/namespaces/d": NAMESPACE, "/b/pods/d/p": POD}, None, "/a, /b"),
        ({"/a/namespaces/d": NAMESPACE, "/registry/pods/d/p": POD}, None, "/a, /registry"),
        ({"/deep/er/namespaces/d": NAMESPACE}, None, "/deep/er"),
        ({"/a/secrets/d/s": b"k8s:enc:aescbc:v1:k:xxxx"}, None, "/a"),
        ({"/zoo/zoo.example.com/cages/c": {"kind": "Cage", "apiVersion": "zoo.example.com/v1"}}, None, "/zoo"),
        ({"/namespaces/d": NAMESPACE, "/pods/d/p": POD}, None, "below /"),
        ({f"/a/x{number:03}/y": b"1" for number in range(50)} | {"/a/zz/1": b"", "/a/pods/d/p": POD}, None, "/a"),
        ({"/registry/pods/d/p": POD}, "/foo", "/registry"),
        (FOREIGN, None, "/calico (1)"),
    ],
    ids=[
        "tenants", "a tenant beside", "elsewhere", "encrypted", "an extension server's", "without any",
        "behind much else", "not where it was said", "none",
    ],
)  # fmt: skip
def test_which_is_meant_is_asked(tmp_path: Path, values: dict[str, Any], prefix: str | None, named: str) -> None:
    """Several, or one elsewhere: the prefixes that are there are named, and none is guessed."""
    with pytest.raises(UsageError) as refused:
        assert store(tmp_path / "s", values, prefix).prefix
    assert named in refused.value.message
    assert "--etcd-prefix" in hint_of(refused.value)


def test_one_at_a_time(tmp_path: Path) -> None:
    """What is read of one tenant is its own, and the rest is counted by its first element."""
    values = FOREIGN | {"/a/namespaces/d": NAMESPACE, "/b/namespaces/d": NAMESPACE, "/b/pods/d/p": POD, "/b": b"1"}
    mine = store(tmp_path / "s", values, "/b/")
    assert [record.key for record in mine.records()] == [b"/b/namespaces/d", b"/b/pods/d/p"]
    assert mine.elsewhere() == {"/a": 1, "/b": 1, "/calico": 1, "/coreos.com": 1, "/app": 1, "cilium": 1}
    assert (mine.owns(b"/b/x"), mine.owns(b"/bb/x"), mine.owns(b"/b")) == (True, False, False)


def test_many_loose_keys_are_counted_whole(tmp_path: Path) -> None:
    """Beyond what is told apart, the rest is one number: nothing is left out."""
    values = {f"loose{number:04}": b"1" for number in range(600)} | {"/registry/pods/d/p": POD}
    assert store(tmp_path / "s", values).elsewhere().total() == 600


# ---- keys that say themselves what they are


def test_a_key_where_a_server_keeps_it_by_default(tmp_path: Path) -> None:
    """It needs nobody to say which cluster is meant; other keys do."""
    found = store(tmp_path / "s", {"/a/namespaces/d": NAMESPACE, "/registry/pods/d/p": POD})
    place = found.place(b"/registry/pods/d/p")
    assert place is not None
    assert (place.resource.resource, place.namespace, place.name) == ("pods", "d", "p")
    for other in (b"/a/namespaces/d", b"/registry/zoo.io/cages/d/c", b"/registry/pods/d", b"/registry/pods/d/p/more"):
        with pytest.raises(UsageError, match="several clusters"):
            found.place(other)


def test_a_key_of_another_cluster(tmp_path: Path) -> None:
    """A prefix that was given is the one that counts."""
    found = store(tmp_path / "s", {"/a/namespaces/d": NAMESPACE, "/registry/pods/d/p": POD}, "/a")
    assert found.place(b"/registry/pods/d/p") is None
    assert found.place(b"/a/namespaces/d") is not None


def test_one_object_of_a_file() -> None:
    """Neither its place nor its value needs a list of all keys, which takes longest in a large file."""
    with SnapshotSource(unpacked()) as source:
        found = Store(source, Scheme(newest()))
        key = b"/registry/deployments/shop/cart"
        place, record = found.place(key), source.get(key)
        assert place is not None
        assert place.name == "cart"
        assert record is not None
        assert not source.mvcc.has_view(source.mvcc.current_revision)
