"""
What a real server is said to be about to write, against what it then writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_json_reference import faults
from tests.e2e.aged_objects import Aged, all_aged
from tests.e2e.test_aged import LEASED_ANEW, migrate, store, stored
from tests.library.test_page import SERVER
from tests.library.test_page import run as run_program
from tools.cluster import ApiError, Client, Etcd, write_kubeconfig

import kstore
from kstore.catalog.releases import Release
from kstore.cli.main import run
from kstore.codec import StorageCodec, StoredObject
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.source.etcd.live import LiveSource

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

SPEC = {"type": "object", "properties": {"tail": {"type": "string", "default": "long"}, "weight": {"type": "number"}}}
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "kites.sky.example.com"},
    "spec": {
        "group": "sky.example.com", "scope": "Namespaced", "names": {"plural": "kites", "kind": "Kite"},
        "versions": [
            {
                "name": name, "served": True, "storage": name == "v2",
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
            for name in ("v1", "v2")
        ],
    },
}  # fmt: skip


def kites() -> list[Aged]:
    """Custom resources: in the older version, with a field that the schema lacks, and as they should be."""

    def kite(name: str, version: str, spec: dict[str, Any]) -> Aged:
        metadata = {"name": name, "namespace": "default", "uid": name, "creationTimestamp": "2020-01-01T00:00:00Z"}
        obj = {"apiVersion": f"sky.example.com/{version}", "kind": "Kite", "metadata": {**metadata, "generation": 1}}
        return Aged(f"/registry/sky.example.com/kites/default/{name}", {**obj, "spec": spec}, "json")

    return [
        kite("old", "v1", {"tail": "short"}),
        kite("pruned", "v2", {"tail": "short", "beak": 1}),
        kite("good", "v2", {"tail": "short", "weight": 2}),
    ]


def patched(client: Client, etcd: Etcd, keys: list[str], release: str) -> set[str]:
    """The keys that the server writes, or removes, when it is really patched; what it refuses is left out."""
    codec = StorageCodec(Scheme(Release(release)))
    before = stored(etcd)
    for key in keys:
        read = codec.read(before[key])
        assert isinstance(read, StoredObject)
        obj = dict(read.object)
        for version in (read.gvk.api_version, *(str(one.group_version) for one in codec.scheme.targets(read.gvk))):
            try:
                path = client.path_of({**obj, "apiVersion": version})
                break
            except (KeyError, ApiError):
                continue
        else:
            continue
        identity = {"resourceVersion": str(before[key].mod_revision), "uid": obj["metadata"].get("uid")}
        try:
            client.request("PATCH", path, {"metadata": identity}, media="application/merge-patch+json")
        except ApiError:
            continue
    after = stored(etcd)
    return {
        key for key in keys
        if key not in after or (after[key].value != before[key].value if key.startswith(LEASED_ANEW)
                                else after[key].mod_revision != before[key].mod_revision)
    }  # fmt: skip


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_what_is_told_is_what_the_server_then_does(
    release: str, etcd_server: Etcd, kube_apiserver: Callable[..., Any], capsys: Any, tmp_path: Path
) -> None:
    """The keys that would be written are the keys that a real patch writes; to ask for them writes nothing."""
    client = kube_apiserver(etcd_server, release=release).client()
    client.create(CRD)
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", client._address[1]))
    going = Aged("/registry/configmaps/default/going", {
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "going", "namespace": "default", "uid": "g", "deletionTimestamp": "2020-01-01T00:00:00Z",
                     "deletionGracePeriodSeconds": 0, "creationTimestamp": "2019-01-01T00:00:00Z"},
    })  # fmt: skip
    objects = [*all_aged(), *kites(), going]
    store(etcd_server, objects)
    before = stored(etcd_server)
    arguments = ["--store", etcd_server.endpoint, "migrate", "-n", "default", "--prove", kubeconfig, "-o", "json"]
    assert run(arguments) == 5
    document = json.loads(capsys.readouterr().out)
    keys = {aged.key for aged in objects}
    after = stored(etcd_server)
    assert {key: after[key].mod_revision for key in keys} == {key: before[key].mod_revision for key in keys}
    assert faults("migrate-prove", document) == []
    assert document["objects"] == document["unchanged"] + document["changed"] + document["refused"]
    found = {one["key"]: one for one in document["findings"] if one["key"] in keys}
    told = {key for key, one in found.items() if one["outcome"] == "changed"}
    asked = [aged.key for aged in objects if aged.key.count("/") > 3 and "/default/" in aged.key]
    refused = {key for key, one in found.items() if one["outcome"] == "refused"}
    assert patched(client, etcd_server, [key for key in asked if key not in refused], release) == told
    assert found["/registry/services/specs/default/plain"]["changes"] == [
        "spec.clusterIPs", "spec.ipFamilies", "spec.ipFamilyPolicy", "spec.internalTrafficPolicy",
    ]  # fmt: skip
    assert found["/registry/sky.example.com/kites/default/old"]["changes"] == [
        "apiVersion: sky.example.com/v1 -> sky.example.com/v2"
    ]
    assert found["/registry/sky.example.com/kites/default/pruned"]["changes"] == ["spec.beak"]


def test_a_migration_is_proved(
    etcd_server: Etcd, kube_apiserver: Callable[..., Any], capsys: Any, tmp_path: Path
) -> None:
    """
    After a migration `verify --server` finds that nothing is left; with an aged object put back, that one, as
    `Journal.prove_with_server` does.
    """
    objects = all_aged()
    store(etcd_server, objects)
    assert migrate(etcd_server, "1.37", tmp_path / "journal") == 0
    server = kube_apiserver(etcd_server)
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", server.port))
    capsys.readouterr()
    verify = ["--store", etcd_server.endpoint, "migrate", "verify", str(tmp_path / "journal"), "--server", kubeconfig]
    before = stored(etcd_server)
    assert run(verify) == 0
    shown = capsys.readouterr().out
    assert "all are as planned" in shown
    assert "0 would be written" in shown
    after = stored(etcd_server)
    assert [key for key in before if after[key].mod_revision != before[key].mod_revision] == []
    # an owner named twice, put back by somebody who restored a backup
    aged = next(one for one in objects if one.key.endswith("/owners"))
    with LiveSource([etcd_server.endpoint]) as source:
        from kstore.records import Put

        value = ObjectCodec(Scheme(Release("1.37"))).encode(aged.object, aged.media_type)
        assert source.commit([Put(aged.key.encode(), value, after[aged.key].mod_revision)]).succeeded
    assert run([*verify, "-o", "json"]) == 5
    document = json.loads(capsys.readouterr().out)
    assert faults("migrate-verify", document) == []
    (finding,) = document["server"]["findings"]
    assert finding["key"] == aged.key
    assert finding["changes"][0].startswith("metadata.ownerReferences")
    with kstore.open(etcd_server.endpoint, release="1.30") as opened:
        for given in (None, opened):
            proof = kstore.Journal.open(tmp_path / "journal", given).prove_with_server(kubeconfig)
            assert [(one.key, list(one.changes)) for one in proof.findings] == [(aged.key, finding["changes"])]
            assert proof.objects == document["server"]["objects"]


def test_the_library_asks_the_same(
    etcd_server: Etcd, kube_apiserver: Callable[..., Any], capsys: Any, tmp_path: Path
) -> None:
    """`Store.prove_with_server` finds what `migrate --prove` lists; the page's example runs."""
    store(etcd_server, [*all_aged()])
    server = kube_apiserver(etcd_server)
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", server.port))
    before = stored(etcd_server)
    run(["--store", etcd_server.endpoint, "migrate", "services", "--prove", kubeconfig, "-o", "json"])
    document = json.loads(capsys.readouterr().out)
    with kstore.open(etcd_server.endpoint, release="1.30") as opened:
        proof = opened.prove_with_server(kubeconfig, "services")
        assert isinstance(proof, kstore.ServerProof)
        assert not proof.proved
        told = [{"key": one.key, "outcome": one.outcome, "changes": list(one.changes), "message": one.message}
                for one in proof.findings]  # fmt: skip
        assert told == document["findings"]
        assert (proof.objects, proof.unchanged, proof.changed) == tuple(
            document[name] for name in ("objects", "unchanged", "changed")
        )
        assert opened.prove_with_server(kubeconfig, "namespaces").proved
    after = stored(etcd_server)
    assert {key for key in before if key.startswith("/registry/services/") and before[key] != after[key]} == set()
    (code,) = SERVER
    code = code.replace("ENDPOINT", repr(etcd_server.endpoint)).replace("KUBECONFIG", repr(kubeconfig))
    assert run_program(code, tmp_path).split()[0] in ("True", "False")


def test_a_file_is_no_servers() -> None:
    """Nobody serves it."""
    with kstore.open("demo") as opened, pytest.raises(kstore.KstoreError):
        opened.prove_with_server("no-kubeconfig")
