"""
Servers of 1.37 that emulate older releases: what they store, against what their flags make of `--release 1.37`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.aged_objects import Aged, all_aged
from tests.e2e.aged_variants import Variants
from tests.e2e.conftest import SERVING_ALL
from tests.e2e.test_aged import store, stored
from tests.e2e.test_aged_fields import is_listed, update_unchanged
from tools.cluster import Client, Etcd, write_kubeconfig

from kstore.catalog.releases import Release
from kstore.catalog.resources import all_resources
from kstore.catalog.server_flags import ServerFlags
from kstore.cli.main import run
from kstore.demo import database
from kstore.differences import object_differences
from kstore.migrate.apiserver import Apiserver, storage_version_hash
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")

MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {{name: kube-apiserver, namespace: kube-system}}
spec:
  containers:
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.37.2
    command:
    - kube-apiserver
    - --etcd-servers=https://127.0.0.1:2379
    - --service-cluster-ip-range=10.96.0.0/16
{flags}
"""


def of_gates() -> Iterator[Aged]:
    """Objects whose defaults depend on feature gates, and managedFields of a version that is off by default."""
    metadata = {"namespace": "default", "creationTimestamp": "2019-03-01T00:00:00Z"}
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    yield Aged("/registry/statefulsets/default/gates", {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {**metadata, "name": "gates", "uid": "gates"},
        "spec": {
            "serviceName": "s", "selector": {"matchLabels": labels}, "template": template,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {}},
        },
    })  # fmt: skip
    yield Aged("/registry/csidrivers/gates", {
        "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "spec": {},
        "metadata": {"name": "gates", "uid": "driver", "creationTimestamp": "2019-03-01T00:00:00Z"},
    })  # fmt: skip
    entry = {
        "manager": "m", "operation": "Update", "apiVersion": "networking.k8s.io/v1beta1",
        "time": "2025-01-02T03:04:05Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:cidrs": {}}},
    }  # fmt: skip
    yield Aged("/registry/servicecidrs/more", {
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "spec": {"cidrs": ["10.97.0.0/16"]},
        "metadata": {"name": "more", "uid": "more", "creationTimestamp": "2025-01-02T03:04:05Z",
                     "finalizers": ["networking.k8s.io/service-cidr-finalizer"], "managedFields": [entry]},
    })  # fmt: skip


STARTED = (
    {},
    {"emulated_version": "1.36"},
    {"emulated_version": "1.35"},
    {"emulated_version": "1.34"},
    {"min_compatibility_version": "1.34"},
    {"emulated_version": "1.36", "min_compatibility_version": "1.34"},
    {"emulated_version": "1.36", "emulation_forward_compatible": "true"},
)


@pytest.mark.parametrize("flags", STARTED, ids=lambda flags: " ".join(f"{k}={v}" for k, v in flags.items()) or "plain")
def test_storage_versions(
    flags: dict[str, str], etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """Each resource that is served is stored in the version that discovery tells the hash of."""
    server = kube_apiserver(etcd_server, runtime_config="api/all=true", **flags)
    hashes = Apiserver(str(write_kubeconfig(tmp_path / "kubeconfig", server.port))).storage_version_hashes()
    words = {name.replace("_", "-"): value for name, value in flags.items()}
    release = Release.started("1.37", ServerFlags.of(words))
    compared, different = 0, {}
    for resource in all_resources():
        told = hashes.get(f"{resource.resource}.{resource.group}".rstrip("."))
        version = resource.storage_version(release)
        if told is None or version is None:
            continue
        compared += 1
        if storage_version_hash(version.group, version.version, resource.kind) != told:
            names = [
                one for one in resource.versions if storage_version_hash(version.group, one, resource.kind) == told
            ]
            different[resource.resource] = str(version), names
    assert compared > 50
    assert different == {}


@pytest.mark.parametrize(
    "flags",
    [
        {"emulated_version": "1.36"},
        {"emulated_version": "1.34", "runtime_config": "api/all=true"},
        {
            "feature_gates": "MaxUnavailableStatefulSet=false,VolumeLimitScaling=false",
            "runtime_config": "api/beta=true",
        },
        {"storage_media_type": "application/json", "min_compatibility_version": "1.35", "runtime_config": ""},
    ],
    ids=lambda flags: " ".join(f"{name}={value}" for name, value in flags.items()),
)
def test_nothing_is_left_for_a_server_that_is_started_so(
    flags: dict[str, str],
    restore: Callable[[Path], Path],
    start_etcd: Callable[[Path], Etcd],
    kube_apiserver: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """After a migration with the flags of the server's manifest the server would change no object of the store."""
    snapshot = tmp_path / "demo.db"
    snapshot.write_bytes(database())
    etcd = start_etcd(restore(snapshot))
    store(etcd, [*all_aged(), *of_gates()])
    words = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
    manifest = tmp_path / "kube-apiserver.yaml"
    manifest.write_text(MANIFEST.format(flags="\n".join(f"    - {json.dumps(word)}" for word in words)))
    arguments = ["--store", etcd.endpoint, "migrate", "--like", str(manifest), "--yes", "--drop-unknown-fields"]
    assert run([*arguments, "--journal", str(tmp_path / "journal")]) == 3  # the demo store has what nothing explains
    before = set(stored(etcd)) - {"/registry/events/default/of-events"}  # which is asked about through the other group
    server = kube_apiserver(etcd, **flags)
    kubeconfig = str(write_kubeconfig(tmp_path / "kubeconfig", server.port))
    capsys.readouterr()
    run(["--store", etcd.endpoint, "--like", str(manifest), "migrate", "--prove", kubeconfig, "-o", "json"])
    document = json.loads(capsys.readouterr().out)
    assert document["unchanged"] > 250
    changed = {one["key"]: one["changes"] for one in document["findings"] if one["outcome"] == "changed"}
    assert {key: changes for key, changes in changed.items() if key in before} == {}


SEVERAL = 5
"""Variants of each kind that are stored."""
ALL_GATES = SERVING_ALL["1.37"]["feature_gates"]
OFF = "ResourceHealthStatus=false,ResourceHealthStatusMessage=false,DRADeviceTaints=false,DRADeviceTaintRules=false"


def several() -> list[Aged]:
    """A few of the aged objects of every kind: as whole as a server takes them, and less."""
    by_kind: dict[str, list[Aged]] = {}
    for aged in Variants("1.37").all():
        by_kind.setdefault(aged.object["kind"], []).append(aged)
    return [aged for found in by_kind.values() for aged in found[:: -(-len(found) // SEVERAL)]]


def is_taken(client: Client, aged: Aged) -> bool:
    """Update an object unchanged; whether the server serves it, and takes it."""
    try:
        return update_unchanged(client, aged) == ""
    except KeyError:  # no kind of that version is served
        return False


@pytest.mark.parametrize(
    "flags",
    [
        {"emulated_version": "1.35", "runtime_config": "api/all=true"},
        {"storage_media_type": "application/json", "runtime_config": "api/all=true", "feature_gates": ALL_GATES},
        {"feature_gates": OFF, "runtime_config": "api/all=true"},
        {"emulated_version": "1.36", "min_compatibility_version": "1.35", "storage_media_type": "application/json"},
    ],
    ids=["1.35, all APIs", "JSON, all APIs and gates", "gates off", "1.36 with 1.35, JSON"],
)
def test_every_kind_is_left_by_a_server_that_is_started_so(
    flags: dict[str, str], etcd_server: Etcd, kube_apiserver: Callable[..., Any], tmp_path: Path
) -> None:
    """After a migration with its flags it writes none of them, when each is patched and put back unchanged."""
    objects = several()
    store(etcd_server, objects)
    words = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
    manifest = tmp_path / "kube-apiserver.yaml"
    manifest.write_text(MANIFEST.format(flags="\n".join(f"    - {json.dumps(word)}" for word in words)))
    arguments = ["--store", etcd_server.endpoint, "migrate", "--like", str(manifest), "--yes", "--drop-unknown-fields"]
    assert run([*arguments, "--journal", str(tmp_path / "first")]) in (0, 3)
    before = stored(etcd_server)
    assert run([*arguments, "--journal", str(tmp_path / "second")]) in (0, 3)
    assert {key for key, one in stored(etcd_server).items() if one != before[key]} == set()
    client = kube_apiserver(etcd_server, **flags).client()
    taken = [aged for aged in objects if is_taken(client, aged)]
    assert len(taken) > len(objects) / 2
    after = stored(etcd_server)
    codec = ObjectCodec(Scheme(Release("1.37")))
    moved: dict[str, list[str]] = {}
    for aged in taken:
        if aged.key in after and after[aged.key].mod_revision != before[aged.key].mod_revision:
            old, new = (codec.decode(one[aged.key].value) for one in (before, after))
            found = object_differences(old.object, new.object, new.type_name, codec.scheme.catalog)
            moved[f"{aged.object['kind']} {aged.key}"] = [
                *(
                    [f"{old.gvk}, {old.encoding} -> {new.gvk}, {new.encoding}"]
                    if (old.gvk, old.encoding) != (new.gvk, new.encoding)
                    else []
                ),
                *(one.path for one in found),
            ]
    assert {key: changes for key, changes in moved.items() if not is_listed(key, changes)} == {}
